"""``tokenkit refresh``."""

from typing import TYPE_CHECKING, Annotated

import typer

from tokenkit.cli.options import AccountName, AsJson
from tokenkit.cli.output import data, read_stdin, say
from tokenkit.cli.session import open_kit
from tokenkit.errors import BrokenRecord
from tokenkit.private_file import LARGEST

if TYPE_CHECKING:
    from tokenkit.kit import TokenKit


def refresh(
    ctx: typer.Context,
    account: AccountName,
    force: Annotated[
        bool, typer.Option("--force", help="Try even a grant that was refused, or is older than one used already.")
    ] = False,
    restore: Annotated[
        bool,
        typer.Option("--restore", help="Put back, from stdin, what a command printed that could save it nowhere."),
    ] = False,
    json: AsJson = False,
) -> None:
    """Refresh the token of an account now.

    This is only to try whether a grant still works: to ask for a token refreshes it when that is needed.

    A command that refreshed or signed in, and could write to no disk, prints the new grant, sealed, within the command
    that puts it back: this one, with --restore. Nothing is sent then.
    """
    from tokenkit.cli.status_text import state_words

    kit = open_kit(ctx)
    if restore:
        return _restore(kit, account)
    kit.refresh(account, force=force)
    status = kit.status(account)
    if json:
        from tokenkit.cli.json_output import accounts_json

        return data(accounts_json([status]))
    return say(f"Refreshed {status.account}: {state_words(status, kit.context.now())}.")


def _restore(kit: "TokenKit", asked: str) -> None:
    from tokenkit.signing_in.kept import is_of_a_sign_in, put_back

    sealed = b"".join(read_stdin(LARGEST).split())  # it was printed in lines
    try:
        if is_of_a_sign_in(sealed):
            account = put_back(kit.refresher, asked, sealed)
        else:
            account = kit.source(asked).account
            kit.refresher.restore(account, sealed)
    except BrokenRecord as error:
        error.hint = error.hint or "run again all the lines that the command printed, from tokenkit to the last"
        raise
    say(f"Put back what keeps {account} signed in.")
