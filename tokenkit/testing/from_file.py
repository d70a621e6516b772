"""A provider file of one's own, as the contract can try it."""

import os

from tokenkit.api_key import ApiKey
from tokenkit.oauth2 import OAuth2
from tokenkit.provider_file import read_provider_file
from tokenkit.sandbox import moved, on_a_server
from tokenkit.testing.contract import BASE_URL


def provider_from_file(path: str) -> OAuth2 | ApiKey:
    """Return the provider that a TOML file describes, with addresses that the sandbox answers at.

    Those of the plain flavour stay as they are; with any others it is played from its declaration. Raises
    `ConfigurationError` for a file that is wrong.
    """
    name = os.path.splitext(os.path.basename(path))[0]
    provider = read_provider_file(path, name, {})
    place = f"{BASE_URL}/{name}"
    if isinstance(provider, ApiKey):
        return moved(on_a_server(provider), place)
    return provider if "/plain/" in provider.token_endpoint else moved(on_a_server(provider), place)
