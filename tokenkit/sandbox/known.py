"""What the app ``sandbox`` knows without being told: where the sandbox listens, and the clients registered there.

``tokenkit --app sandbox login google`` and ``TokenKit(app="sandbox")`` work while ``tokenkit sandbox`` runs, with
nothing to paste. ``SANDBOX_BASE_URL`` names a sandbox elsewhere; what ``config.toml`` of that app says comes first.
"""

from collections.abc import Mapping

from tokenkit.provider import ClientRegistration
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
    if provider not in FLAVOURS:
        return {}
    base_url = environ.get(BASE_URL) or f"http://127.0.0.1:{PORT}"
    return {"base_url": f"{base_url.rstrip('/')}/{provider}"}
