"""Google's library for Node, and the servers that are made with it: tokens with ``expiry_date`` in milliseconds.

Source: ``src/auth/credentials.ts`` of google-auth-library-nodejs (access_token, refresh_token, scope, token_type,
expiry_date); the Google Calendar MCP server keeps one such object for an account, by its name.
"""

from collections.abc import Iterator

from tokenkit.importing.files import SourceFile
from tokenkit.importing.found import Found, found


def read(file: SourceFile) -> Iterator[Found]:
    """Yield the grant of each object with such a date."""
    for entry, members in file.objects():
        if "expiry_date" in members and (grant := found("Google's library for Node", members)):
            yield grant.but(entry=entry, provider="google")
