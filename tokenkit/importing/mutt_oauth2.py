"""mutt_oauth2.py: the token file, as ``gpg --decrypt`` prints it.

Source: ``contrib/oauth2/mutt_oauth2.py`` of neomutt (registration, authflow, email, access_token,
access_token_expiration in the machine's own time, refresh_token, client_id, client_secret).
"""

from collections.abc import Iterator

from tokenkit.importing.files import SourceFile
from tokenkit.importing.found import Found, found, text


def read(file: SourceFile) -> Iterator[Found]:
    """Yield the grant of the file; its registrations google and microsoft are called as here."""
    members = file.members
    if {"registration", "authflow"} <= members.keys() and (grant := found("mutt_oauth2.py", members)):
        yield grant.but(provider=text(members["registration"]), account=text(members.get("email")))
