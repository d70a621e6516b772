"""``tokenkit logout``."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from tokenkit.cli.options import AccountName, AsJson
from tokenkit.cli.output import agree, data, say, waiting
from tokenkit.cli.session import open_kit
from tokenkit.listing import listed
from tokenkit.shell import quoted

if TYPE_CHECKING:
    from tokenkit.account import Account


def logout(
    ctx: typer.Context,
    account: AccountName,
    local: Annotated[
        bool, typer.Option("--local", help="Only remove here; no provider is asked, and no key is needed.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask, even when other accounts end with it.")] = False,
    json: AsJson = False,
) -> None:
    """Revoke at the provider, then remove here.

    It says which of the two happened. A provider that cannot be reached does not keep the account here.
    """
    from tokenkit.grants.sign_out import ONLY_HERE

    kit = open_kit(ctx)
    others = [] if local else kit.sharing_fate(account)
    if others and not yes and not _agreed(account, others):
        say("Nothing was changed.")
        raise typer.Exit(1)
    with waiting(f"asking {account.partition('/')[0]} to revoke"):
        outcome = kit.logout(account, local=local)
    if json:
        from tokenkit.cli.json_output import signed_out_json

        return data(signed_out_json(outcome))
    if local:
        say(f"{outcome.account}: removed here; the provider was not asked.")
        rest = outcome.note.removeprefix(ONLY_HERE).lstrip(". ")
        return say(f"{rest[0].upper()}{rest[1:]}") if rest else None
    say(f"{outcome.account}: {'revoked at the provider' if outcome.revoked else 'not revoked'}, removed here.")
    if outcome.note:
        say(outcome.note)
    for other in others if outcome.revoked else ():
        say(f"{other} ended with it. To remove it here: tokenkit logout {quoted(str(other))} --local")
    return None


def _agreed(account: str, others: "Sequence[Account]") -> bool:
    return agree(
        f"Revoking {account} at the provider ends {listed(others)}, too.",
        otherwise=f"tokenkit logout {quoted(account)} --yes, or --local to remove it only here",
    )
