"""What the app ``sandbox`` knows without being told: where the sandbox listens, and the clients registered there.

``tokenkit --app sandbox login google`` and ``TokenKit(app="sandbox")`` work while ``tokenkit sandbox`` runs, with
nothing to paste. ``SANDBOX_BASE_URL`` names a sandbox elsewhere; what ``config.toml`` of that app says comes first.
"""

from collections.abc import Mapping

from tokenkit.api_key import ApiKey
from tokenkit.oauth2 import OAuth2
from tokenkit.provider import ClientRegistration, Provider
from tokenkit.sandbox.registry import FLAVOURS, GOOGLE_CLIENT, POCKET_CLIENT, SPOTIFY_CLIENT
from tokenkit.token import Secret

APP = "sandbox"

PORT = 8137
"""Where ``tokenkit sandbox`` listens when nobody says another port."""

BASE_URL = "SANDBOX_BASE_URL"
"""The variable that names a sandbox at another address, such as ``http://127.0.0.1:9000``."""

CLIENTS: Mapping[str, ClientRegistration] = {
    client_of: ClientRegistration(client.client_id, Secret(client.client_secret) if client.client_secret else None)
    for client_of, client in (("google", GOOGLE_CLIENT), ("spotify", SPOTIFY_CLIENT), ("pocket", POCKET_CLIENT))
}
"""The registrations that the sandbox knows from the start, by flavour."""


def sandbox_options(provider: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the options of a provider's plugin that move it to the sandbox; none for one that is not played there."""
    return {"base_url": _base_url(provider, environ)} if provider in FLAVOURS else {}


def at_sandbox(provider: Provider, environ: Mapping[str, str]) -> Provider:
    """Return the provider where ``tokenkit sandbox --provider`` plays it; as it is where it speaks to it already."""
    from tokenkit.sandbox.moving import moved, on_a_server

    if isinstance(provider, ApiKey):
        return moved(on_a_server(provider), _base_url(provider.name, environ))
    if provider.name in FLAVOURS or not isinstance(provider, OAuth2):
        return provider
    if (provider.token_endpoint or provider.issuer).startswith(f"{_sandbox(environ)}/"):
        return provider
    return moved(on_a_server(provider), _base_url(provider.name, environ))


def client_of(provider: str) -> ClientRegistration:
    """Return the registration of a provider that is played from its declaration, or tried at the plain flavour."""
    return ClientRegistration(f"sandbox-{provider}", Secret(f"sandbox-{provider}-secret"))


def _base_url(provider: str, environ: Mapping[str, str]) -> str:
    return f"{_sandbox(environ)}/{provider}"


def _sandbox(environ: Mapping[str, str]) -> str:
    return (environ.get(BASE_URL) or f"http://127.0.0.1:{PORT}").rstrip("/")
