"""``tokenkit refresh``."""

from typing import Annotated

import typer

from tokenkit.cli.options import AccountName, AsJson
from tokenkit.cli.output import data, say, waiting
from tokenkit.cli.session import open_kit


def refresh(
    ctx: typer.Context,
    account: AccountName,
    force: Annotated[
        bool, typer.Option("--force", help="Try even a grant that was refused, or is older than one used already.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Refresh the token of an account now.

    This is only to try whether a grant still works: to ask for a token refreshes it when that is needed.
    """
    from tokenkit.cli.status_text import state_words

    kit = open_kit(ctx)
    with waiting(f"asking {account.partition('/')[0]} for a new token"):
        kit.refresh(account, force=force)
    status = kit.status(account)
    if json:
        from tokenkit.cli.json_output import accounts_json

        return data(accounts_json([status]))
    return say(f"Refreshed {status.account}: {state_words(status, kit.context.now())}.")
