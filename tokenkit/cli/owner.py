"""``tokenkit owner``: the people that one app keeps accounts for."""

from typing import Annotated

import typer

from tokenkit.cli.group import group
from tokenkit.cli.output import agree, data, printable, say, waiting
from tokenkit.cli.session import open_kit
from tokenkit.errors import UnknownAccount, UsageError
from tokenkit.grants.owner_erasure import Erased
from tokenkit.listing import listed
from tokenkit.shell import quoted

owner = group("Look after the people that an app keeps accounts for.")


@owner.callback()
def _of_several() -> None:
    """Look after the people that an app keeps accounts for."""


@owner.command("delete", short_help="Revoke and erase all that is kept of an owner.")
def delete_owner(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The owner, as in --owner.", show_default=False)],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Revoke and erase all that is kept of an owner: every account, signed in or set aside, and all notes of them.

    It asks first, and says what could not be revoked. The activity log and backups are not changed.
    """
    from tokenkit.grants.owner_erasure import erase_owner
    from tokenkit.kit import REVOCATION_DEADLINE
    from tokenkit.signals import sending

    kit = open_kit(ctx)
    if not name:
        raise UsageError("the accounts of the nameless owner have no name to delete them by", hint="tokenkit logout")
    if name not in (*kit.records.store.owners(),):
        raise UnknownAccount(f"nothing is kept of an owner {name}", hint="check the spelling: upper case counts")
    theirs = kit.for_owner(name)
    accounts = theirs.accounts()
    if not yes and not agree(
        f"This revokes and erases all that is kept of {name}: {listed(accounts) if accounts else 'no account'}.",
        otherwise=f"tokenkit owner delete {quoted(name)} --yes",
    ):
        say("Nothing was changed.")
        raise typer.Exit(1)
    context = kit.configured.context(REVOCATION_DEADLINE)
    with waiting("asking the providers to revoke"), sending():
        erased = list(erase_owner(theirs.refresher, context))
    kit.activity.record("owner_deleted", owner=name)
    for each in erased:
        data(printable(_words(each)))
    left = sum(not each.revoked for each in erased)
    say(f"Nothing is kept of {name} any more." + (f" {left} could not be revoked, as said above." if left else ""))


def _words(each: Erased) -> str:
    done = f"{each.account}: {'revoked at the provider' if each.revoked else 'not revoked'}, erased here"
    return f"{done}. {each.note}" if each.note else done
