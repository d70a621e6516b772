"""All accounts of all owners go into another store, and what lies in quarantine with them."""

from collections.abc import Iterator
from contextlib import suppress

from tokenkit.account import Account
from tokenkit.errors import Conflict, KeyUnavailable, StoreError, UsageError
from tokenkit.grants.owner_names import writing_for
from tokenkit.grants.sealed_store import SealedStore
from tokenkit.grants.shared_clients import SharedClients
from tokenkit.moving.account import Moved, move
from tokenkit.seal import header


def move_all(source: SealedStore, target: SealedStore, now: float) -> Iterator[Moved]:
    """Move each account and yield what came of it; one that fails hinders no other.

    Sign-ins that are under way are not moved: they are begun again. Raises `KeyUnavailable`, which concerns all; and in
    the end, with the rest moved, the `StoreError` of a folder that could not be listed.
    """
    unlisted: list[StoreError] = []
    if source.ring.shared and target.ring.shared:
        _copy_clients(source, target)
    for owner in list(source.store.owners()):
        theirs, there = source.for_owner(owner), target.for_owner(owner)
        try:
            for account in theirs.each_account():
                yield _moved(theirs, there, account, now)
            _move_quarantine(theirs, there)
        except KeyUnavailable:
            raise
        except StoreError as error:
            unlisted.append(error)
    if unlisted:
        raise unlisted[0]


def _moved(source: SealedStore, target: SealedStore, account: Account, now: float) -> Moved:
    try:
        return move(source, target, account, now)
    except KeyUnavailable:
        raise
    except (StoreError, UsageError) as error:  # the latter for an owner whose name the other store refuses (R37)
        return Moved(account, "failed", str(error), error.hint)


def _copy_clients(source: SealedStore, target: SealedStore) -> None:
    """Give the other store the client registrations that it lacks; those of files are each machine's own (R31)."""
    known = SharedClients(target)
    for name, client in SharedClients(source).items():
        if name not in known:
            known.save(name, client)


def _move_quarantine(source: SealedStore, target: SealedStore) -> None:
    """Move what was superseded: a sign-out revokes it, too (R19). What cannot be opened stays, and nobody misses it."""
    for name in list(source.store.names("quarantine", source.owner)):
        with suppress(StoreError, UsageError), writing_for(target.store, target.owner):
            stored = source.store.load(name)
            if stored is None:
                continue
            sealed = header(stored.data)
            inner = name._replace(kind=sealed["typ"], id=sealed["account"])
            data = target.ring.seal_record(inner, source.ring.open_record(inner, stored.data))
            with suppress(Conflict):  # the run before had copied it
                target.store.save(name, data, replaces=None)
            source.store.save(name, None, replaces=stored.version)
