"""A refreshed grant whose record cannot be written lies beside it, sealed, until it can be put in its place (R9).

It is a record of the kind ``unsaved`` under the account's own name: in the store, where other machines and the next
container see it, else in the state folder (`SealedStore.stores`). It is taken only for a record of the same sign-in
that is older: a login beats it, and where nothing is stored any more, a sign-out has (R8).
"""

from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from tokenkit.account import Account
from tokenkit.errors import BrokenRecord, Conflict, StoreError, StoreUnavailable, UsageError
from tokenkit.grant import Grant, grant_from_bytes, grant_to_bytes
from tokenkit.grants.sealed_store import SealedStore, StoredGrant, grant_name
from tokenkit.seal import header
from tokenkit.store import Name, Store, Version
from tokenkit.store.files import FileStore


class SavedBeside(NamedTuple):
    """A grant that lies beside its record: where, in which version, and what it is."""

    store: Store
    version: Version
    data: bytes
    grant: Grant


def unsaved_name(account: Account) -> Name:
    """Return the name of what lies beside the record of an account, and of the lock on its newest grant (R8)."""
    return Name("unsaved", account.owner, str(account))


def found(records: SealedStore, account: Account) -> list[SavedBeside]:
    """Return what lies beside the account's record, the newest first.

    Raises a `StoreError` where that cannot be read or opened: nobody knows then which grant is the newest.
    """
    lying = (_in_store(records, account, store) for store in records.stores)
    return _newest_first(each for each in lying if each is not None)


def _newest_first(lying: Iterable[SavedBeside]) -> list[SavedBeside]:
    return sorted(lying, key=lambda each: each.grant.generation, reverse=True)


def _in_store(records: SealedStore, account: Account, store: Store) -> SavedBeside | None:
    name = unsaved_name(account)
    read = records.opened(name, store.load(name), store)
    if read is None:
        return None
    plaintext, stored = read
    return SavedBeside(store, stored.version, stored.data, grant_from_bytes(plaintext, account=str(account)))


def _left_behind(records: SealedStore, account: Account, grant: Grant) -> list[SavedBeside]:
    """Return what lies beside the account's record at a place where the tokens were before, of the same sign-in.

    A disk that takes nothing is why something lies there, and why people move the tokens (R9). What is of another
    sign-in, or cannot be opened, is another's.
    """
    lying: list[SavedBeside] = []
    for store in records.left_behind:
        with suppress(StoreError):
            each = _in_store(records, account, store)
            if each is not None and each.grant.authorized_at == grant.authorized_at:
                lying.append(each)
    return lying


def _to_take(records: SealedStore, account: Account, grant: Grant) -> list[SavedBeside]:
    """Return what lies beside the record of that grant, wherever the tokens were, the newest first."""
    return _newest_first([*found(records, account), *_left_behind(records, account, grant)])


def exists(records: SealedStore, account: Account) -> bool:
    """Return whether anything lies beside the account's record, readable or not."""
    name = unsaved_name(account)
    return any(store.version(name) is not None for store in records.stores)


def names(records: SealedStore) -> set[str] | None:
    """Return which of the owner's accounts have something beside their record; None where that cannot be listed."""
    try:
        stores = (*records.stores, *records.left_behind)
        return {name.id for store in stores for name in store.names("unsaved", records.owner)}
    except StoreError:
        return None


def newest(records: SealedStore, account: Account, held: StoredGrant) -> StoredGrant:
    """Return `held`, with the grant that is to take its place where one lies beside it; nothing is changed."""
    lying = _to_take(records, account, held.grant)
    later = next((each.grant for each in lying if each.grant.follows(held.grant)), held.grant)
    return held if later is held.grant else held._replace(grant=later, beside=True)


def put_in_place(records: SealedStore, account: Account, held: StoredGrant) -> StoredGrant:
    """Write what lies beside the record `held` in its place, and return it; under the account's lease.

    Where the record still cannot be written, the grant is returned all the same, with the version of what is stored.
    """
    lying = _to_take(records, account, held.grant)
    later = next((each.grant for each in lying if each.grant.follows(held.grant)), None)
    if later is not None:
        try:
            held = records.replace(account, later, held, leased=True)
        except Conflict:  # a login, just now
            return put_in_place(records, account, records.get(account))
        except StoreError:
            return held._replace(grant=later, beside=True)
    _delete(account, lying)
    return held


def finish_cut_off(records: SealedStore, account: Account, held: StoredGrant) -> StoredGrant:
    """Put in its place what a refresh had written that was killed before it did, and return it; else `held`.

    One that is alive holds the lock under which it writes, until it has put that in its place. What a sign-in writes is
    of another sign-in. Raises a `StoreError` where it cannot be opened or renamed now: it may be all that lives.
    """
    name, store = grant_name(account), records.store
    if not isinstance(store, FileStore):
        return held
    with suppress(BrokenRecord, Conflict):  # it is part of a record, or a login has just written another
        data = store.cut_off(name)
        grant = grant_from_bytes(records.ring.open_record(name, data), account=str(account)) if data else held.grant
        if data and grant.follows(held.grant):
            return StoredGrant(grant, store.finish(name, data, replaces=held.version), len(data))
    return held


def save(records: SealedStore, account: Account, grant: Grant) -> None:
    """Save a grant beside the record that cannot be written: in the store, else elsewhere.

    Raises `StoreError`: of those for which it cannot be, the one that may pass, where there is one.
    """
    name, failures = unsaved_name(account), list[StoreError]()
    for store in records.stores:
        try:
            if store is records.store and store.version(grant_name(account)) is None:
                continue  # the tokens are gone as a whole: nothing is made where they were (R8)
            records.write(name, grant_to_bytes(grant), store.version(name), store=store, leased=True)
            return
        except StoreError as error:
            failures.append(error)
    nowhere = StoreError(f"there is no place beside the record of {account}")
    raise min(failures, key=lambda error: error.lasts, default=nowhere)


def forget(records: SealedStore, account: Account, grant: Grant | None = None) -> None:
    """Delete what lies beside the account's record, readable or not: it was signed out (R19), and had that grant."""
    name = unsaved_name(account)
    if grant is not None:
        _delete(account, _left_behind(records, account, grant))
    for store in records.stores:
        with suppress(StoreError):
            version = store.version(name)
            if version is not None:
                store.save(name, None, replaces=version)


def quarantine(records: SealedStore, account: Account, now: float) -> None:
    """Put what lies beside the account's record into quarantine, readable or not: a login has replaced it (R18)."""
    name = unsaved_name(account)
    for store in records.stores:
        moment = now + 1e-6  # the copy of the record itself has the moment `now`
        version = records.copy_to_quarantine(store, name, account, moment)
        if version is not None:
            with suppress(Conflict):
                store.save(name, None, replaces=version)


def restore(records: SealedStore, account: Account, sealed: bytes) -> StoredGrant:
    """Put a sealed grant that was printed into the place of the record; under the account's lease.

    Raises `UsageError` for one that is not the account's, or no later than what is stored; `UnknownAccount` where
    nothing is stored; `BrokenRecord` and `KeyUnavailable` for one that cannot be opened.
    """
    name = unsaved_name(account)
    found = header(sealed)
    if (found["typ"], found["account"], found["owner"]) != (name.kind, name.id, name.owner):
        raise UsageError(f"that is the {found['typ']} of {found['account']}, and not an unsaved grant of {account}")
    grant = grant_from_bytes(records.ring.open_record(name, sealed), account=str(account))
    held = records.get(account)
    if not grant.follows(held.grant):
        raise UsageError(f"what is stored for {account} is as new as that, or of another sign-in; nothing was changed")
    try:
        return records.replace(account, grant, held, leased=True)
    except Conflict:
        raise StoreUnavailable(f"{account} has just been changed by another", hint="try again") from None


def _delete(account: Account, lying: list[SavedBeside]) -> None:
    for each in lying:
        with suppress(StoreError):  # it is older than the record by now, and the next refresh deletes it
            each.store.save(unsaved_name(account), None, replaces=each.version)
