"""One walk over the grants of all owners in a store that machines share, of which only what is wrong is kept."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from tokenkit.account import Account
from tokenkit.audit.found_record import FoundRecord, Keys, Opening, open_record
from tokenkit.errors import StoreError
from tokenkit.grants import signed_out
from tokenkit.grants.sealed_store import SealedStore, grant_name
from tokenkit.store import Name

KEPT = 50
"""Accounts that are named for each kind of fault; the others are counted."""


class Walked(NamedTuple):
    """What a walk has found: of each fault how many, and the first accounts with the reason; `others` of other owners.

    `unknown` counts records by the id of a key that this machine lacks.
    """

    unknown: Counter[str]
    broken: "Named"
    put_back: "Named"
    others: int


class Named:
    """Some accounts by name, with what is wrong, and the number of all."""

    def __init__(self) -> None:
        self.named: list[tuple[Account, str]] = []
        self.count = 0

    def add(self, account: Account, what: str) -> None:
        """Count it, and keep its name while there are few."""
        self.count += 1
        if self.count <= KEPT:
            self.named.append((account, what))


def walk(records: SealedStore, keys: Keys, app: str) -> Walked:
    """Open every grant, one after the other. Raises `StoreError` where the store cannot be asked."""
    found = Walked(Counter(), Named(), Named(), 0)
    others = 0

    def look(account: Account) -> tuple[FoundRecord, int] | None:
        stored = records.store.load(grant_name(account))
        if stored is None:
            return None  # signed out meanwhile
        return open_record(grant_name(account), stored.data, keys, app), _ended(records, account)

    def names(account: Account) -> tuple[Name, Name]:
        return grant_name(account), signed_out.name(account)

    for record, ended in filter(None, records.in_pages(_accounts(records), names, look)):
        others += record.account.owner != records.owner
        if record.opening is Opening.UNKNOWN_KEY or (record.opening is Opening.LOCKED and record.kid):
            found.unknown[record.kid] += 1
        elif record.opening in (Opening.BROKEN, Opening.LATER):
            found.broken.add(record.account, record.said)
        elif record.grant is not None and record.grant.generation <= ended:
            found.put_back.add(record.account, "it was signed out, and an old record of it was put back")
    return found._replace(others=others)


def _accounts(records: SealedStore) -> Iterator[Account]:
    for owner in records.store.owners():
        yield from records.for_owner(owner).each_account()


def _ended(records: SealedStore, account: Account) -> int:
    try:
        return signed_out.newest(records, account)
    except StoreError:
        return signed_out.NEVER  # the record of the sign-out does not open: that is told as a key that is not here
