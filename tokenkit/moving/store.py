"""All accounts of all owners go into another store, and what lies in quarantine with them."""

from collections.abc import Iterator
from contextlib import suppress

from tokenkit.errors import Conflict, KeyUnavailable, StoreError
from tokenkit.grants.sealed_store import SealedStore
from tokenkit.grants.shared_clients import SharedClients
from tokenkit.moving.account import Moved, move
from tokenkit.seal import header


def move_all(source: SealedStore, target: SealedStore, now: float) -> Iterator[Moved]:
    """Move each account and yield what came of it; one that fails hinders no other.

    Sign-ins that are under way are not moved: they are begun again. Raises `KeyUnavailable`, which concerns all.
    """
    if source.ring.shared and target.ring.shared:
        _copy_clients(source, target)
    for owner in list(source.store.owners()):
        theirs, there = source.for_owner(owner), target.for_owner(owner)
        for account in theirs.accounts():
            try:
                yield move(theirs, there, account, now)
            except KeyUnavailable:
                raise
            except StoreError as error:
                yield Moved(account, "failed", str(error), error.hint)
        _move_quarantine(theirs, there)


def _copy_clients(source: SealedStore, target: SealedStore) -> None:
    """Give the other store the client registrations that it lacks; those of files are each machine's own (R31)."""
    known = SharedClients(target)
    for name, client in SharedClients(source).items():
        if name not in known:
            known.save(name, client)


def _move_quarantine(source: SealedStore, target: SealedStore) -> None:
    """Move what was superseded: a sign-out revokes it, too (R19). What cannot be opened stays, and nobody misses it."""
    for name in list(source.store.names("quarantine", source.owner)):
        stored = source.store.load(name)
        if stored is None:
            continue
        with suppress(StoreError):
            sealed = header(stored.data)
            inner = name._replace(kind=sealed["typ"], id=sealed["account"])
            data = target.ring.seal_record(inner, source.ring.open_record(inner, stored.data))
            with suppress(Conflict):  # the run before had copied it
                target.store.save(name, data, replaces=None)
            source.store.save(name, None, replaces=stored.version)
