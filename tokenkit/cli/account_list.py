"""``tokenkit list``: the table of accounts; a plain one loads no typer."""

from collections.abc import Collection, Iterable
from contextlib import suppress
from functools import cache
from itertools import chain, islice
from typing import TYPE_CHECKING

from tokenkit.cli.errors import reporting
from tokenkit.cli.output import say
from tokenkit.cli.session import one_shot
from tokenkit.core_dumps import forbid_core_dumps
from tokenkit.errors import StoreError, TokenKitError

if TYPE_CHECKING:
    from tokenkit.account import Account
    from tokenkit.grants.status import Status
    from tokenkit.kit import TokenKit

NOBODY = "No account is signed in. Begin with tokenkit login PROVIDER; tokenkit providers lists them."


def print_list() -> None:
    """Run the whole of a plain ``tokenkit list``, its errors too."""
    forbid_core_dumps()
    with reporting():
        from tokenkit.kit import TokenKit

        show_accounts(one_shot(TokenKit(background=False)))


def show_accounts(kit: "TokenKit") -> None:
    """Print the table of all accounts, or how to begin. Raises `StoreError` where some cannot be listed, after it."""
    from tokenkit.grants.status import statuses_of

    accounts, lacking = accounts_there(kit)
    found = statuses_of(kit.refresher, kit.context.now, accounts)
    first = next(found, None)
    if first is not None:
        print_accounts(kit, chain([first], found), accounts)
    elif lacking is None:
        say(nobody(kit))
    if lacking is not None:
        raise lacking


def nobody(kit: "TokenKit") -> str:
    """Return how to begin; and where there are accounts of other owners, how to see those."""
    from tokenkit.listing import listed
    from tokenkit.shell import our_program

    owners = list[str]()
    with suppress(StoreError):
        owners = [owner for owner in kit.records.store.owners() if owner not in ("", kit.owner)]
    if not owners:
        return NOBODY
    return f"{NOBODY} Other owners are {listed(owners)}: {our_program(kit.app, owners[0])} list shows what one has."


def accounts_there(kit: "TokenKit") -> "tuple[list[Account], StoreError | None]":
    """Return the accounts that can be listed, and why others cannot: to be raised once these were shown."""
    found: list[Account] = []
    try:
        for account in kit.records.each_account():
            found.append(account)
    except StoreError as error:
        return found, error
    return found, None


def print_accounts(kit: "TokenKit", statuses: "Iterable[Status]", accounts: "Collection[Account]" = ()) -> None:
    """Print the table of accounts, the first of them while the others are looked up.

    It has a column for servers where they may tell two accounts apart. `accounts` are all that there will be, where
    `statuses` is longer than a part of the table.
    """
    from tokenkit.cli.status_text import end_words, scope_names, state_words
    from tokenkit.cli.tables import PART, show_table

    @cache
    def scopes(provider: str, granted: frozenset[str] | None) -> str:
        return ", ".join(scope_names(kit, provider, granted))

    now, remaining = kit.context.now(), iter(statuses)
    first = list(islice(remaining, PART))
    servers = any(status.server for status in first) or (len(first) == PART and _has_servers(kit, accounts))
    rows = (
        (
            str(status.account),
            *((status.server,) if servers else ()),
            state_words(status, now),
            end_words(status, now),
            scopes(status.account.provider, status.scopes),
        )
        for status in chain(first, remaining)
    )
    show_table(("ACCOUNT", *(("SERVER",) if servers else ()), "TOKEN", "SIGN IN AGAIN", "SCOPES"), rows)


def _has_servers(kit: "TokenKit", accounts: "Iterable[Account]") -> bool:
    """Tell whether an account is of a provider with several servers or regions."""
    for name in {account.provider for account in accounts}:
        with suppress(TokenKitError):  # a provider that is gone has none
            if getattr(kit.provider(name), "variables", {}):
                return True
    return False
