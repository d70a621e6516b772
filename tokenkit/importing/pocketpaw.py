"""PocketPaw: ``~/.pocketpaw/oauth/SERVICE.json``.

Source: ``pocketpaw/integrations/token_store.py`` of versions 0.4.4 to 0.4.18.
"""

from collections.abc import Iterator

from tokenkit.importing.files import SourceFile
from tokenkit.importing.found import Found, found

SERVICES = {
    "google_gmail": "google",
    "google_calendar": "google",
    "google_drive": "google",
    "google_docs": "google",
    "spotify": "spotify",
}
"""The services that its tools ask for, and whose they are."""


def read(file: SourceFile) -> Iterator[Found]:
    """Yield the grant of one service."""
    provider = SERVICES.get(str(file.members.get("service")))
    if provider and (grant := found("PocketPaw", file.members)):
        yield grant.but(provider=provider)
