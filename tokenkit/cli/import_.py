"""``tokenkit import``."""

from typing import TYPE_CHECKING, Annotated

import typer

from tokenkit.cli.login import CallIt
from tokenkit.cli.options import AsJson, Settings, parse_settings
from tokenkit.cli.output import ask_secret, data, printable, say
from tokenkit.cli.session import open_kit
from tokenkit.cli.which_server import asker
from tokenkit.errors import UsageError
from tokenkit.shell import quoted

if TYPE_CHECKING:
    from tokenkit.importing.found import Found
    from tokenkit.importing.taking import Taken

File = Annotated[str, typer.Argument(metavar="FILE", help="The file, or - for stdin.", show_default=False)]
Of = Annotated[
    str, typer.Option("--provider", metavar="NAME", help="Which provider it is of, where the file does not tell.")
]
Entry = Annotated[str, typer.Option(metavar="NAME", help="Which sign-in is meant, where the file holds several.")]
Remove = Annotated[bool, typer.Option("--remove", help="Delete the file, once its sign-in is stored and works.")]


def import_(
    ctx: typer.Context,
    file: File,
    provider: Of = "",
    settings: Settings = [],  # noqa: B006 - typer reads it
    entry: Entry = "",
    name: CallIt = "",
    remove: Remove = False,
    json: AsJson = False,
) -> None:
    """Take over a sign-in that another tool keeps in a file.

    Files of PocketPaw, spotipy, Google's libraries for Python, Go and Node, gcloud, gogcli, rclone, oama,
    mutt_oauth2.py, email-oauth2-proxy, msal, Hermes, OpenClaw, opencode, the GitHub CLI and Home Assistant, and any
    JSON object with a refresh_token. It is tried by a refresh. The client that it was issued to is registered, if the
    file names one and none is registered yet.
    """
    from tokenkit.importing.choosing import choose
    from tokenkit.importing.files import STDIN, open_file
    from tokenkit.importing.files import remove as remove_file
    from tokenkit.importing.taking import take

    variables = parse_settings(settings)
    kit = open_kit(ctx)
    source = open_file(file)
    found = choose(source, provider=provider, entry=entry)
    if remove and (file == STDIN or not found.alone):
        raise UsageError(
            f"{source.title} holds more than this sign-in, and is not removed",
            hint=f"import it without --remove, and have {found.tool} forget the sign-in",
        )
    say(_description(source.title, found))
    if found.unlock:
        found = found.unlock(ask_secret(f"Password of {found.entry} in {found.tool}: "))
    taken = take(kit, source, found, provider=provider, name=name, variables=variables, ask=asker())
    say(_outcome(source.title, taken))
    if not remove and found.refresh_token and not taken.before:
        say("The file is another copy of the same grant: where the provider rotates refresh tokens, it has ended there")
        say(f"now, and signing out ends both. Have the tool ask tokenkit{_then(file, found)}")
    if json:
        from tokenkit.cli.json_output import accounts_json

        data(accounts_json([kit.status(str(taken.account))]))
    else:
        data(printable(str(taken.account)))
    if remove:
        remove_file(source)
        say(f"Removed {file}.")


def _description(file: str, found: "Found") -> str:
    """Return what was found, without a secret."""
    token = "a refresh token" if found.refresh_token or found.unlock else "an access token"
    entry = f", called {found.entry}" if found.entry else ""
    scopes = f", {len(found.scopes)} scope{'s' if len(found.scopes) > 1 else ''}" if found.scopes else ""
    client = f", of the client {found.client.client_id}" if found.client else ""
    return f"Found in {file}, written by {found.tool}{entry}: {token}{scopes}{client}."


def _outcome(file: str, taken: "Taken") -> str:
    if taken.before:
        return f"It was imported before, as {taken.account}, and works."
    registered = f"The client of the file is registered now, in {taken.registered}.\n" if taken.registered else ""
    works = "it works" if taken.tried else "nothing tells whether it works before it is used"
    return f"{registered}Imported {file} as {taken.account}: {works}."


def _then(file: str, found: "Found") -> str:
    return f", then: rm {quoted(file)}" if found.alone and file != "-" else ", and have it forget this one."
