"""The sandbox: an authority to develop and test against, which plays Google, Spotify and Pocket on this machine.

Beside them a plain OAuth 2 server for providers of one's own, at ``/plain``, and any that is declared.

    authority = Authority(access_lifetime=60)
    with serve(authority) as sandbox:
        kit = TokenKit(providers=providers(sandbox.base_url), clients=CLIENTS)

Without a socket, `Authority.handle` is a `Context.send`, and `Authority.approve` plays the person.
"""

import os
from collections.abc import Generator
from contextlib import contextmanager
from typing import NamedTuple

from tokenkit.api_key import ApiKey
from tokenkit.errors import UsageError
from tokenkit.net.loopback import LoopbackServer
from tokenkit.oauth2 import OAuth2
from tokenkit.plugins import load_provider
from tokenkit.provider import Provider
from tokenkit.provider_file import read_provider_file
from tokenkit.sandbox.authority import Authority
from tokenkit.sandbox.known import CLIENTS, client_of
from tokenkit.sandbox.moving import moved, on_a_server
from tokenkit.sandbox.registry import (
    FLAVOURS,
    GOOGLE_CLIENT,
    PLAIN,
    POCKET_CLIENT,
    POCKET_READER,
    SPOTIFY_CLIENT,
    Client,
)

__all__ = [
    "CLIENTS",
    "FLAVOURS",
    "GOOGLE_CLIENT",
    "PLAIN",
    "POCKET_CLIENT",
    "POCKET_READER",
    "SPOTIFY_CLIENT",
    "Authority",
    "Client",
    "Served",
    "client_of",
    "declared_provider",
    "moved",
    "on_a_server",
    "providers",
    "serve",
]


class Served(NamedTuple):
    """A sandbox that listens: `base_url` is ``http://127.0.0.1:port``."""

    base_url: str
    authority: Authority


@contextmanager
def serve(authority: Authority, *, port: int = 0) -> Generator[Served]:
    """Serve the authority on loopback; raises `ConfigurationError` when a fixed port is taken."""
    with LoopbackServer(authority.handle, port=port) as server:
        yield Served(server.url, authority)


def declared_provider(of: str, config_folder: str, base_url: str) -> OAuth2 | ApiKey:
    """Return the provider of that name, or of that TOML file, with its addresses at a sandbox at `base_url`.

    Raises `ConfigurationError` for a file that is wrong, `UnknownProvider`, and `UsageError` for a provider that is no
    declaration.
    """
    if of.endswith(".toml"):
        name = os.path.splitext(os.path.basename(of))[0]
        found: Provider = read_provider_file(of, name, {})
    else:
        found = load_provider(of, config_folder=config_folder)
    place = f"{base_url.rstrip('/')}/{found.name}"
    if isinstance(found, ApiKey):
        return moved(on_a_server(found), place)
    if not isinstance(found, OAuth2):
        raise UsageError(f"{found.title} is not described by data, so it cannot be played from that")
    if found.undiscovered:
        raise UsageError(
            f"{found.title} names an issuer alone, so that nothing is known to play it from",
            hint=f"tokenkit providers add {found.issuer} writes its endpoints down",
        )
    return moved(on_a_server(found), place)


def providers(base_url: str) -> dict[str, Provider]:
    """Return the installed providers, with their addresses at a sandbox at `base_url`."""
    nowhere = os.devnull  # no folder with provider files: only the installed providers are meant
    return {
        name: load_provider(name, config_folder=nowhere, options={"base_url": f"{base_url}/{name}"})
        for name in FLAVOURS
    }
