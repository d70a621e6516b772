"""Which grant in a file is meant: all readers are tried, and a file that none of them knows is refused in words."""

import os
from collections.abc import Callable, Iterator

from tokenkit.errors import UsageError
from tokenkit.importing import email_oauth2_proxy, gcloud, gh, rclone
from tokenkit.importing.files import SourceFile
from tokenkit.importing.formats import ANY, JSON_FORMATS
from tokenkit.importing.found import Found
from tokenkit.shell import quoted

Reader = Callable[[SourceFile], Iterator[Found]]
"""Yields the grants in a file of its format; none where another tool wrote it."""

READERS: tuple[Reader, ...] = (
    gcloud.read,
    *(each.read for each in JSON_FORMATS),
    rclone.read,
    email_oauth2_proxy.read,
    gh.read,
    ANY.read,
)
"""The first that finds something has it."""


def grants_in(file: SourceFile) -> list[Found]:
    """Return the grants in the file, each under an entry of its own where there are several.

    The one that is not below a name, but the file's own object, is called as the file then.
    """
    grants = next((grants for read in READERS if (grants := list(read(file)))), list[Found]())
    names: dict[str, int] = {}
    if len(grants) > 1:
        itself = os.path.splitext(os.path.basename(file.title))[0]
        grants = [grant.but(entry=grant.entry or itself) for grant in grants]
    for number, grant in enumerate(grants):
        names[grant.entry] = names.get(grant.entry, 0) + 1
        if names[grant.entry] > 1:
            grants[number] = grant.but(entry=f"{grant.entry} {names[grant.entry]}")
    only = len(grants) == 1 and (not grants[0].entry or {*file.members} == {grants[0].entry})
    return [grant.but(alone=only) for grant in grants]


def choose(file: SourceFile, *, provider: str = "", entry: str = "") -> Found:
    """Return the one grant in the file that is called `entry` and may be of `provider`, where these are named.

    Raises `UsageError` for a file of no known format, and where none or several fit, with their names.
    """
    grants = grants_in(file)
    if not grants:
        raise refusal(file)
    fitting = [grant for grant in grants if (not entry or grant.entry == entry)]
    if provider and len(fitting) > 1:
        fitting = [grant for grant in fitting if grant.provider in ("", provider)] or fitting
    if len(fitting) == 1:
        return fitting[0]
    if not any(grant.entry for grant in grants):
        raise UsageError(
            f"{file.title} holds one sign-in, which has no name",
            hint=f"tokenkit import {quoted(file.path)}, without --entry",
        )
    what = f"nothing called {entry!r}" if not fitting else f"{len(fitting)} sign-ins"
    named = [quoted(grant.entry) for grant in fitting or grants]
    raise UsageError(
        f"{file.title} holds {what}; it holds {', '.join(named[:20])}",
        hint=f"tokenkit import {quoted(file.path)} --entry {named[0]}",
    )


def refusal(file: SourceFile) -> UsageError:
    """Return the error for a file in which no reader finds a sign-in, with the way that there is where it is known."""
    path, members, data = quoted(file.path), file.members, file.data
    if data.startswith(b"\x80"):
        why = "is a Python pickle, and to open one may run any program"
        hint = "have the tool that wrote it write JSON: Google's credentials have to_json() for that"
    elif b"BEGIN PGP MESSAGE" in data[:100] or file.name.endswith((".gpg", ".oama")):
        why, hint = "is encrypted", f"gpg --decrypt {path} | tokenkit import -"
    elif "RCLONE_ENCRYPT_V0:" in file.text:
        why, hint = "is encrypted", "rclone config show | tokenkit import -"
    elif "installed" in members or "web" in members:
        why, hint = "is a client registration, and no sign-in", f"tokenkit client import google {path}"
    elif members.get("type") == "service_account":
        why, hint = "is the key of a service account, which is no person's", "tokenkit login google"
    elif file.name == "hosts.yml" and "user" in file.text:
        why = "names accounts of the GitHub CLI, and no token: gh keeps those in the keyring of the system"
        hint = """printf '{"access_token":"%s"}' "$(gh auth token)" | tokenkit import - --provider github"""
    elif not data.strip():
        why, hint = "is empty", "tokenkit import --help names what can be read"
    elif not file.text:
        why, hint = "is not text in UTF-8, UTF-16 or UTF-32", f"file {path}"
    else:
        why = (
            "holds no sign-in that can be read"
            if members
            else "is neither a JSON object nor of another format that is known"
        )
        hint = "tokenkit import --help names what can be read; a JSON object with a refresh_token always can"
    return UsageError(f"{file.title} {why}", hint=hint)
