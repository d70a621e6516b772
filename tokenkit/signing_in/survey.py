"""What is stored of one provider as a sign-in begins: each record is opened once, for all that is asked of it."""

from collections.abc import Mapping
from typing import NamedTuple

from tokenkit.account import Account
from tokenkit.errors import BrokenRecord, KeyUnavailable, StoreError, UsageError
from tokenkit.grant import Grant
from tokenkit.grants.sealed_store import SealedStore, grant_name

UNREADABLE = (BrokenRecord, KeyUnavailable)
"""A record that is damaged, or sealed with a key that is lost: nobody can say whose it is."""

AT_ONCE = 100
"""Records that a database is asked for in one question."""


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
    for start in range(0, len(accounts), AT_ONCE):
        some = accounts[start : start + AT_ONCE]
        try:
            with records.reading(*map(grant_name, some)):
                for account in some:
                    _open(records, account, grants, closed)
        except UsageError:
            continue  # no store keeps such a name: nothing lies there
    return Survey(grants, closed)


def _open(records: SealedStore, account: Account, grants: dict[str, Grant], closed: dict[str, StoreError]) -> None:
    try:
        held = records.load(account)
    except StoreError as error:
        closed[account.name] = error
    else:
        if held is not None:
            grants[account.name] = held.grant
