"""Rotating the key: a new one seals, every record of every owner is sealed anew, what no record names is dropped (R29).

A kill at any point leaves records that open: the old key goes last, and only when no record names it. Running it again
goes on where it stopped. Refreshes are waited for by their leases; sign-ins, imports and all others that write without
one share a lock while they do (`KeySource.sealing`), which is taken alone for the last look.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass

from tokenkit import seal
from tokenkit.account import Account, parse_account
from tokenkit.errors import BrokenRecord, Conflict, KeyUnavailable, UnknownAccount
from tokenkit.grants import beside
from tokenkit.grants.sealed_store import SealedStore
from tokenkit.keys.ring import KeyRing
from tokenkit.store import KINDS, Name, Store

LEASE_LASTS = 120.0
"""Seconds: longer than a refresh, which is waited for."""

MORE_PASSES = 2
"""How often all records are read again, where a refresh that was under way has used an old key meanwhile."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation did: the `kid` that seals now, how many records were `resealed`, the kids that were `dropped`.

    Where only others can change the keys, the latter are those that can be dropped.

    `unopened` are records that could not be opened and were left as they are; while there are any, no key is
    dropped.
    """

    kid: str
    resealed: int
    dropped: tuple[str, ...]
    unopened: tuple[Name, ...]


def rotate(records: SealedStore) -> Rotation:
    """Add a key, seal everything with it, drop the others. Raises `UsageError` for keys that only others can change."""
    records.ring.add()
    return finish(records)


def finish(records: SealedStore) -> Rotation:
    """Seal with the first key what is sealed with another, and drop the keys that no record names then.

    Raises `StoreUnavailable` where a program that is stopped holds an account, or is half through saving a record: then
    nothing is dropped. Raises `KeyUnavailable` while a machine that shares the store lacks the key: nothing is sealed.
    """
    ring = records.ring
    _refuse_for_others(ring)
    resealed, unopened = _reseal_all(records)
    for _ in range(MORE_PASSES):
        if unopened or kids_in_use(records) <= {ring.current().kid}:
            break
        more, unopened = _reseal_all(records)
        resealed += more
    keys, in_use = ring.keys(), kids_in_use(records)
    dropped = [key.kid for key in keys.keys[1:] if key.kid not in in_use and not unopened]
    for kid in dropped if ring.source.writable else ():
        ring.drop(kid, lambda: records_by_kid(records))
    return Rotation(keys.first.kid, resealed, tuple(dropped), tuple(unopened))


def _refuse_for_others(ring: KeyRing) -> None:
    kid = ring.keys().first.kid
    lacking = ring.lacking(kid)
    if lacking:
        raise KeyUnavailable(
            f"the key {kid!r} is not on all machines that share the store yet, and is not used before that: "
            f"{', '.join(lacking)} could not open what it seals",
            hint="give each of them what tokenkit key export prints here, and restart it; one that is gone for good "
            "is not waited for after two days",
        )


def _reseal_all(records: SealedStore) -> tuple[int, list[Name]]:
    """Seal all records with the first key; return how many were sealed with another, and which cannot be opened."""
    resealed, unopened = 0, list[Name]()
    for store, name in every_record(records):
        try:
            if name.kind == "grant":
                _finish_cut_off(records, name)
            resealed += _reseal(store, records.ring, name)
        except (BrokenRecord, KeyUnavailable):
            unopened.append(name)
    return resealed, unopened


def _finish_cut_off(records: SealedStore, name: Name) -> None:
    """Put in its place what a killed process has written (R9): to seal the record anew would write over it."""
    account = Account(*parse_account(name.id), owner=name.owner)
    with suppress(UnknownAccount):  # signed out just now
        beside.finish_cut_off(records, account, records.get(account))


def every_record(records: SealedStore) -> Iterator[tuple[Store, Name]]:
    """Yield the names of all sealed records of all owners, each with the store that it lies in."""
    for store in (*records.stores, *records.left_behind):
        yield from ((store, name) for owner in store.owners() for kind in KINDS for name in store.names(kind, owner))


def kids_in_use(records: SealedStore) -> set[str]:
    """Return the kids that records name. Each account is read under its lease, so that no refresh is on its way."""
    kids: set[str] = set()
    for store, name in every_record(records):
        of_account = name.kind in ("grant", "unsaved")
        account = name._replace(kind="grant")
        with records.store.lease(account, lasts=LEASE_LASTS, wait=LEASE_LASTS) if of_account else nullcontext():
            kids |= _kids(store, name)
            for other in records.stores if name.kind == "grant" else ():
                kids |= _kids(other, name._replace(kind="unsaved"))  # saved just now, and listed before
    return kids


def records_by_kid(records: SealedStore) -> Counter[str]:
    """Return how many records name each kid; nothing is waited for or opened."""
    return Counter(kid for store, name in every_record(records) for kid in _kids(store, name))


def _kids(store: Store, name: Name) -> set[str]:
    """Return the kid that the record names; none where it is gone, or is no envelope that a key could open."""
    stored = store.load(name)
    try:
        return set() if stored is None else {seal.header(stored.data)["kid"]}
    except BrokenRecord:
        return set()


def _reseal(store: Store, ring: KeyRing, name: Name) -> bool:
    """Seal one record again, over its version. What was saved in between stays, and is read again."""
    while True:
        with ring.source.sealing():
            stored = store.load(name)
            sealed = None if stored is None else ring.reseal(name, stored.data)
            if stored is None or sealed is None:
                return False
            try:
                store.save(name, sealed, replaces=stored.version)
                return True
            except Conflict:
                continue
