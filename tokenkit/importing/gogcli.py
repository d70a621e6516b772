"""gogcli: what ``gog auth tokens export`` writes.

Source: ``internal/cmd/auth.go`` of openclaw/gogcli (email, client, services, scopes, created_at, refresh_token). Its
``client`` is a name in gogcli's own settings, and no client id.
"""

from collections.abc import Iterator

from tokenkit.importing.files import SourceFile
from tokenkit.importing.found import Found, found, text


def read(file: SourceFile) -> Iterator[Found]:
    """Yield the grant of the export."""
    members = file.members
    known = (
        "email" in members and "access_token" not in members and members.keys() & {"client", "services", "created_at"}
    )
    if known and (grant := found("gogcli", members)):
        yield grant.but(provider="google", account=text(members["email"]))
