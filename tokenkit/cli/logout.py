"""``tokenkit logout``."""

from typing import TYPE_CHECKING, Annotated

import typer

from tokenkit.cli.options import AccountName, AsJson
from tokenkit.cli.session import open_kit
from tokenkit.cli.speech import agree, data, say, waiting

if TYPE_CHECKING:
    from tokenkit.kit import TokenKit


def logout(
    ctx: typer.Context,
    account: AccountName,
    local: Annotated[bool, typer.Option("--local", help="Only remove here; the provider is not asked.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask, even when other accounts end with it.")] = False,
    json: AsJson = False,
) -> None:
    """Revoke at the provider, then remove here.

    It says which of the two happened. A provider that cannot be reached does not keep the account here.
    """
    kit = open_kit(ctx)
    if not (local or yes or _agreed(kit, account)):
        say("Nothing was changed.")
        raise typer.Exit(1)
    with waiting(f"asking {account.partition('/')[0]} to revoke"):
        outcome = kit.logout(account, local=local)
    if json:
        from tokenkit.cli.json_output import signed_out_json

        return data(signed_out_json(outcome))
    say(f"{outcome.account}: {'revoked at the provider' if outcome.revoked else 'not revoked'}, removed here.")
    return say(outcome.note) if outcome.note else None


def _agreed(kit: "TokenKit", account: str) -> bool:
    others = kit.sharing_fate(account)
    if not others:
        return True
    return agree(
        f"Revoking {account} at the provider ends {', '.join(map(str, others))}, too.",
        otherwise=f"tokenkit logout {account} --yes, or --local to remove it only here",
    )
