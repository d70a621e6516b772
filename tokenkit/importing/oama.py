"""oama: the record of an address, which ``gpg --decrypt`` or ``secret-tool lookup oama ADDRESS`` prints.

Source: ``lib/OAMa/Environment.hs`` of pdobsan/oama (``AuthRecord``: email, service, scope, refresh_token, access_token,
exp_date as in ``2026-11-28 05:00 UTC``). Its client stands in another file, ``config.yaml``.
"""

from collections.abc import Iterator

from tokenkit.importing.files import SourceFile
from tokenkit.importing.found import Found, found, text


def read(file: SourceFile) -> Iterator[Found]:
    """Yield the grant of the record; its services google and microsoft are called as here."""
    members = file.members
    if {"exp_date", "service"} <= members.keys() and (grant := found("oama", members)):
        yield grant.but(provider=text(members["service"]), account=text(members.get("email")))
