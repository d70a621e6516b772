"""Go's oauth2 library, as in the ``token.json`` of Google's quickstarts.

Source: ``token.go`` of golang/oauth2 (access_token, token_type, refresh_token, expiry: a time as RFC 3339 has it, in
the zone of the machine that wrote it).
"""

from collections.abc import Iterator

from tokenkit.importing.files import SourceFile
from tokenkit.importing.found import Found, found


def read(file: SourceFile) -> Iterator[Found]:
    """Yield the grant of each object with Go's names."""
    for entry, members in file.objects():
        known = "expiry" in members and "access_token" in members
        if known and (grant := found("Go's oauth2 library", members)):
            yield grant.but(entry=entry)
