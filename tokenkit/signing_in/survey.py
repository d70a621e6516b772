"""What is stored of one provider as a sign-in begins: each record is opened once, for all that is asked of it."""

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from tokenkit.account import Account
from tokenkit.errors import BrokenRecord, KeyUnavailable, StoreError, UsageError
from tokenkit.grant import Grant
from tokenkit.grants.sealed_store import SealedStore, grant_name

UNREADABLE = (BrokenRecord, KeyUnavailable)
"""A record that is damaged, or sealed with a key that is lost: nobody can say whose it is."""


class Survey(NamedTuple):
    """The grants of a provider's accounts by name, and why the others cannot be opened."""

    grants: Mapping[str, Grant]
    closed: Mapping[str, StoreError]


def survey(records: SealedStore, provider: str, name: str = "") -> Survey:
    """Open the records of a provider's accounts; only that of the account `name`, where one is given.

    Raises `StoreUnavailable` where the store is away; what is wrong with one record is in the result.
    """
    grants: dict[str, Grant] = {}
    closed: dict[str, StoreError] = {}
    accounts = [Account(provider, name, records.owner)] if name else records.accounts(provider)
    with suppress(UsageError):  # no store keeps such a name: nothing lies there
        opened = records.in_pages(accounts, lambda account: [grant_name(account)], partial(_opened, records))
        for account, found in opened:
            if isinstance(found, StoreError):
                closed[account.name] = found
            elif found is not None:
                grants[account.name] = found
    return Survey(grants, closed)


def _opened(records: SealedStore, account: Account) -> tuple[Account, Grant | StoreError | None]:
    try:
        held = records.load(account)
    except StoreError as error:
        return account, error
    return account, None if held is None else held.grant
