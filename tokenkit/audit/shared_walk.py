"""One walk over the grants of all owners in a store that machines share, of which only what is wrong is kept."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from tokenkit.account import Account
from tokenkit.audit.found_record import Keys, Opening, open_record
from tokenkit.errors import StoreError
from tokenkit.grants import signed_out
from tokenkit.grants.sealed_store import SealedStore
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
    for name in _grants(records):
        stored = records.store.load(name)
        if stored is None:
            continue  # signed out meanwhile
        others += name.owner != records.owner
        record = open_record(name, stored.data, keys, app)
        if record.opening is Opening.UNKNOWN_KEY or (record.opening is Opening.LOCKED and record.kid):
            found.unknown[record.kid] += 1
        elif record.opening in (Opening.BROKEN, Opening.LATER):
            found.broken.add(record.account, record.said)
        elif record.grant is not None and record.grant.generation <= _ended(records, record.account):
            found.put_back.add(record.account, "it was signed out, and an old record of it was put back")
    return found._replace(others=others)


def _grants(records: SealedStore) -> Iterator[Name]:
    for owner in records.store.owners():
        yield from records.store.names("grant", owner)


def _ended(records: SealedStore, account: Account) -> int:
    try:
        return signed_out.newest(records, account)
    except StoreError:
        return signed_out.NEVER  # the record of the sign-out does not open: that is told as a key that is not here
