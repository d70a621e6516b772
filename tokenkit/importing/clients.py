"""The client registration for a grant that is taken over: ours, or else the one in its file (R17, R31)."""

import os
from typing import TYPE_CHECKING

from tokenkit.config.clients import SHARED, client_name, server_options
from tokenkit.errors import ClientMissing, ProviderChanged
from tokenkit.importing.files import SourceFile
from tokenkit.importing.found import Found
from tokenkit.provider import ClientRegistration, Provider
from tokenkit.shell import quoted

if TYPE_CHECKING:
    from tokenkit.kit import TokenKit


def client_of(kit: "TokenKit", provider: Provider, file: SourceFile, found: Found) -> tuple[ClientRegistration, str]:
    """Return the client that the grant was issued to, and where it was registered just now, if it was.

    A refresh token is sent with no other client than its own (R17): `ProviderChanged` where another one is registered
    here, or where the grant is of the tool's own client. `ClientMissing` where neither side knows one.
    """
    if found.own_client:
        raise ProviderChanged(
            f"the sign-in in {file.title} was issued to {found.tool}'s own client, and works with that one alone",
            hint=f"tokenkit login {provider.name}{server_options(provider)}",
        )
    try:
        known = kit.client(provider)
    except ClientMissing:
        return _register(kit, provider, file, found)
    if found.client and found.client.client_id != known.client_id:
        raise _another(kit, provider, file)
    return known, ""


def forget_client(kit: "TokenKit", provider: Provider) -> None:
    """Take back a registration of `client_of`, whose grant did not work."""
    kit.configured.remove_client(client_name(provider))


def _register(kit: "TokenKit", provider: Provider, file: SourceFile, found: Found) -> tuple[ClientRegistration, str]:
    theirs, ours = found.client, kit.known_client(provider)
    if theirs is None or (provider.needs_secret and not theirs.client_secret):
        kit.client(provider)  # raises, with the ways to give one
    assert theirs is not None
    if ours and ours.client_id != theirs.client_id:
        raise _another(kit, provider, file)
    path = kit.configured.save_client(client_name(provider), theirs)
    return kit.client(provider), path


def _another(kit: "TokenKit", provider: Provider, file: SourceFile) -> ProviderChanged:
    ours = kit.known_client(provider)
    own = os.path.join(kit.folders.config, "clients")
    stored = ours is not None and (ours.source == SHARED or ours.source.startswith(own))
    options = server_options(provider)
    if stored and not kit.records.accounts(provider.name):
        remove = f"tokenkit client remove {provider.name}{options}"
        hint = f"{remove} && tokenkit import {quoted(file.path)}{options} (which registers the client of the file)"
    else:
        hint = f"sign in with the client that is registered here: tokenkit login {provider.name}{options}"
    return ProviderChanged(
        f"the sign-in in {file.title} was issued to another client id than the one registered here", hint=hint
    )
