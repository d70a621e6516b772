"""Rotating the key: a new one seals, every record of every owner is sealed anew, what no record names is dropped (R29).

A kill at any point leaves records that open: the old key goes last, and only when no record names it. Running it again
goes on where it stopped.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass

from tokenkit import seal
from tokenkit.errors import BrokenRecord, Conflict, KeyUnavailable
from tokenkit.keys.ring import KeyRing
from tokenkit.store import KINDS, Name, Store

LEASE_LASTS = 120.0
"""Seconds: longer than a refresh, which is waited for."""


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


def rotate(store: Store, ring: KeyRing) -> Rotation:
    """Add a key, seal everything with it, drop the others. Raises `UsageError` for keys that only others can change."""
    ring.add()
    return finish(store, ring)


def finish(store: Store, ring: KeyRing) -> Rotation:
    """Seal with the first key whatever is sealed with another, and drop the keys that no record names then."""
    unopened: list[Name] = []
    resealed = 0
    for name in every_record(store):
        try:
            resealed += _reseal(store, ring, name)
        except (BrokenRecord, KeyUnavailable):
            unopened.append(name)
    keys = ring.keys()
    in_use = kids_in_use(store)
    dropped = [key.kid for key in keys.keys[1:] if key.kid not in in_use and not unopened]
    for kid in dropped if ring.source.writable else ():
        ring.drop(kid, in_use)
    return Rotation(keys.first.kid, resealed, tuple(dropped), tuple(unopened))


def every_record(store: Store) -> Iterator[Name]:
    """The names of all sealed records of all owners."""
    return (name for owner in store.owners() for kind in KINDS for name in store.names(kind, owner))


def kids_in_use(store: Store) -> set[str]:
    """The kids that records name, each account looked at under its lease, so that none is being written meanwhile."""
    kids: set[str] = set()
    for name in every_record(store):
        with store.lease(name, lasts=LEASE_LASTS, wait=LEASE_LASTS) if name.kind == "grant" else nullcontext():
            kids |= _kids(store, name)
    return kids


def records_by_kid(store: Store) -> Counter[str]:
    """How many records name each kid: a look that waits for nobody and opens nothing."""
    return Counter(kid for name in every_record(store) for kid in _kids(store, name))


def _kids(store: Store, name: Name) -> set[str]:
    """The kid that the record names; none where it is gone, or is no envelope that a key could open."""
    stored = store.load(name)
    try:
        return set() if stored is None else {seal.header(stored.data)["kid"]}
    except BrokenRecord:
        return set()


def _reseal(store: Store, ring: KeyRing, name: Name) -> bool:
    """Seal one record anew, under its version: what was saved in between stands, and is looked at again."""
    while True:
        stored = store.load(name)
        sealed = None if stored is None else ring.reseal(name, stored.data)
        if stored is None or sealed is None:
            return False
        try:
            store.save(name, sealed, replaces=stored.version)
            return True
        except Conflict:
            continue
