"""Google's libraries for Python and Node, and gcloud's application-default credentials of a person.

Sources: ``google/oauth2/credentials.py`` of google-auth (``to_json``: token, refresh_token, token_uri, client_id,
client_secret, scopes, expiry, account), ``oauth2client/client.py`` (access_token, token_expiry), and
cloud.google.com/docs/authentication/application-default-credentials (``"type": "authorized_user"``).
"""

from collections.abc import Iterator

from tokenkit.importing.files import Members, SourceFile
from tokenkit.importing.found import Found, found, text
from tokenkit.importing.guessing import host_of


def read(file: SourceFile) -> Iterator[Found]:
    """Yield the sign-in of a person; a service account's key is none."""
    if grant := credentials(file.members):
        yield grant


def credentials(members: Members) -> Found | None:
    """Return the grant of one such object."""
    known = members.get("type") == "authorized_user" or host_of(text(members.get("token_uri"))) == "google"
    access = "token" if "token" in members else "access_token"
    grant = found("Google's libraries", members, access=access) if known and members.get("client_id") else None
    return grant and grant.but(provider="google", account=text(members.get("account")))
