"""``tokenkit import``."""

from typing import Annotated

import typer

from tokenkit.cli.login import CallIt
from tokenkit.cli.options import AsJson
from tokenkit.cli.output import data, printable, say
from tokenkit.cli.session import open_kit
from tokenkit.shell import quoted

File = Annotated[
    str,
    typer.Argument(
        metavar="FILE", help="PocketPaw's, spotipy's .cache, or Google's token.json and the like.", show_default=False
    ),
]


def import_(ctx: typer.Context, file: File, name: CallIt = "", json: AsJson = False) -> None:
    """Take over the account that another tool keeps in a plaintext file.

    Its refresh token works only with the client that it was issued to: register that client here first. The file is
    left as it is.
    """
    from tokenkit.importing import import_grant

    kit = open_kit(ctx)
    account = import_grant(kit, file, name=name)
    say(f"Imported {file} as {account}.")
    say("The file is another copy of the same grant: where the provider rotates refresh tokens, the next refresh ends")
    say(f"one of the two, and signing out ends both. Have the tool ask tokenkit, then: rm {quoted(file)}")
    if json:
        from tokenkit.cli.json_output import accounts_json

        data(accounts_json([kit.status(str(account))]))
    else:
        data(printable(str(account)))
