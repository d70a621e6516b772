"""Any other JSON object that holds a token, or that holds such objects by name: Authlib's, requests-oauthlib's, yours.

The names are those of RFC 6749 section 5.1 (access_token, refresh_token, scope) with ``expires_at``, or the same in
camel case. Which provider it is of must be told by the person, or by the looks of the token.
"""

from collections.abc import Iterator

from tokenkit.importing.files import SourceFile
from tokenkit.importing.found import Found, found


def read(file: SourceFile) -> Iterator[Found]:
    """Yield the grant of each object."""
    for entry, members in file.objects():
        plain = found("another program", members)
        grant = plain or found("another program", members, access="accessToken", refresh="refreshToken")
        if grant:
            yield grant.but(entry=entry)
