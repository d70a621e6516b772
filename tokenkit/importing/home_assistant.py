"""Home Assistant: the sign-ins of its integrations, and a sign-in to Home Assistant itself.

Sources: ``homeassistant/helpers/config_entry_oauth2_flow.py`` of home-assistant/core (an entry of
``.storage/core.config_entries`` has ``data.token`` with access_token, refresh_token, expires_at) and ``lib/auth.ts`` of
home-assistant-js-websocket (hassUrl, clientId, access_token, refresh_token, expires in milliseconds).
"""

from collections.abc import Iterator

from tokenkit.importing.files import SourceFile, mapping, mappings
from tokenkit.importing.found import Found, client_in, found, text


def read(file: SourceFile) -> Iterator[Found]:
    """Yield the grants of the integrations that have one, or that of the sign-in."""
    if "hassUrl" in file.members and (grant := found("Home Assistant", file.members)):
        client, issuer = client_in(file.members, camel=True), text(file.members["hassUrl"])
        yield grant.but(provider="homeassistant", client=client, issuer=issuer, issuer_in="hassUrl")
    if file.members.get("key") != "core.config_entries":
        return
    for entry in mappings(mapping(file.members.get("data")).get("entries")):
        grant = found("Home Assistant", mapping(mapping(entry.get("data")).get("token")))
        if grant:
            domain, title = text(entry.get("domain")), text(entry.get("title"))
            name = f"{domain}/{title}" if title else domain
            yield grant.but(entry=name, provider=_provider(domain), account=title, alone=False)


def _provider(domain: str) -> str:
    """Return the provider of an integration: Google has several, called ``google_mail`` and the like."""
    return "google" if domain == "youtube" or domain.startswith("google") else domain
