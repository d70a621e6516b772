"""Grants and pending authorizations as sealed records of a store: seal and write, read and open."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from typing import NamedTuple, TypeVar

from tokenkit.account import Account, parse_account
from tokenkit.errors import Conflict, KeyUnavailable, StoreUnavailable, UnknownAccount
from tokenkit.grant import Grant, grant_from_bytes, grant_to_bytes
from tokenkit.grants import fleet_key
from tokenkit.grants.due import due
from tokenkit.grants.owner_names import writing_for
from tokenkit.keys.ring import KeyRing
from tokenkit.shell import quoted
from tokenkit.store import Name, Store, Stored, Version
from tokenkit.store.files import FileStore

T = TypeVar("T")
R = TypeVar("R")

AT_ONCE = 50
"""Accounts that a shared store is asked for in one question, by who looks at all of them."""


class StoredGrant(NamedTuple):
    """A grant as it was found, the version that it may be replaced by, and the bytes that its sealed record has.

    `beside`: it is not what the record of that version holds, but what is to take its place (R9).
    """

    grant: Grant
    version: Version
    size: int
    beside: bool = False


def grant_name(account: Account) -> Name:
    """Return the name of an account's grant in the store."""
    return Name("grant", account.owner, str(account))


def quarantine_folder(account: Account) -> str:
    """Return how the names of an account's records in quarantine begin; the time of each follows."""
    from hashlib import sha256

    digest = sha256(account.name.encode()).hexdigest()[:16]  # the longest names leave no room beside them
    return f"{account.provider}/{digest}/"


def _same(one: Grant, other: Grant) -> bool:
    return grant_to_bytes(one) == grant_to_bytes(other)


class SealedStore:
    """The sealed records of one owner."""

    def __init__(self, store: Store, ring: KeyRing, owner: str = "") -> None:
        self.store = store
        self.ring = ring
        self.owner = owner
        self._stores: tuple[Store, ...] = ()
        self._owner_is_known = not owner

    def for_owner(self, owner: str) -> "SealedStore":
        """Return the records of another owner in the same store, sealed with the same keys."""
        return SealedStore(self.store, self.ring, owner)

    def of_store(self, store: Store) -> "SealedStore":
        """Return the records of the same owner in another store, sealed with the same keys."""
        return SealedStore(store, self.ring.of_store(store), self.owner)

    @property
    def stores(self) -> tuple[Store, ...]:
        """Where sealed records lie: the store, and for files a place elsewhere for what its disk refuses (R9)."""
        if not self._stores:
            store = self.store
            self._stores = (store, store.elsewhere) if isinstance(store, FileStore) else (store,)
        return self._stores

    @property
    def left_behind(self) -> Sequence[Store]:
        """Where something may lie beside these records, if they lay at another place before; else it is another's."""
        return self.store.left_behind if isinstance(self.store, FileStore) else ()

    def accounts(self, provider: str = "", *, most: int | None = None) -> list[Account]:
        """Return the accounts that have a record, by name, and no more than `most`; nothing is opened."""
        return list(self.each_account(provider, most=most))

    def each_account(self, provider: str = "", *, most: int | None = None) -> Iterator[Account]:
        """Yield the same; a provider's folder that cannot be had raises once all others are through."""
        prefix = f"{provider}/" if provider else ""
        for name in self.store.names("grant", self.owner, prefix=prefix, most=most):
            yield Account(*parse_account(name.id), owner=self.owner)

    def load(self, account: Account, seen: StoredGrant | None = None) -> StoredGrant | None:
        """Return the account's grant, or None where none is stored. Nothing is opened where `seen` is still stored.

        The record itself is read each time: on a network file system, only that asks the server again.
        """
        name = grant_name(account)
        stored = self.store.load(name)
        if seen is not None and stored is not None and seen.version == stored.version and not seen.beside:
            return seen
        found = self.opened(name, stored)
        if found is None:
            return None
        plaintext, stored = found
        return StoredGrant(grant_from_bytes(plaintext, account=name.id), stored.version, len(stored.data))

    def opened(self, name: Name, stored: Stored | None, store: Store | None = None) -> tuple[bytes, Stored] | None:
        """Return what a record holds that was found in `store`, and the record; None where there is none.

        Where a rotation has sealed it anew since it was read, and dropped its key, what lies there now is opened (R29).
        """
        while stored is not None:
            try:
                return self.ring.open_record(name, stored.data), stored
            except KeyUnavailable:
                found = (store or self.store).load(name)
                if found is not None and found.version == stored.version:
                    raise
                stored = found
        return None

    def reading(self, *names: Name) -> AbstractContextManager[None]:
        """Let the first load and note of each of `names` be served by one question, where the store can do that."""
        together: Callable[[Sequence[Name]], AbstractContextManager[None]] | None = getattr(self.store, "reading", None)
        return nullcontext() if together is None else together(names)

    def in_pages(self, items: Iterable[T], names: Callable[[T], Iterable[Name]], look: Callable[[T], R]) -> Iterator[R]:
        """Yield what `look` returns for each of many items, of which it loads the records and notes `names`.

        A shared store is asked one question for `AT_ONCE` of them: thousands would be minutes of round trips. Raises
        `StoreUnavailable` where it has no answer, and what `look` raises.
        """
        if getattr(self.store, "reading", None) is None:
            yield from map(look, items)
            return
        remaining = iter(items)
        while page := list(islice(remaining, AT_ONCE)):
            with self.reading(*(name for item in page for name in names(item))):
                found = [look(item) for item in page]  # all of them now: what is read ahead grows old
            yield from found

    def get(self, account: Account, seen: StoredGrant | None = None) -> StoredGrant:
        """Return the account's grant, as `load` does. Raises `UnknownAccount` where none is stored."""
        held = self.load(account, seen)
        if held is None:
            raise UnknownAccount(
                f"nothing is stored for {account}", hint=f"tokenkit login {quoted(str(account))}", account=str(account)
            )
        return held

    def save(
        self,
        account: Account,
        grant: Grant,
        *,
        replaces: Version | None,
        leased: bool = False,
        due: float | None = None,
    ) -> StoredGrant:
        """Seal and write a grant over the version `replaces`. Raises `Conflict` when there is another version by now.

        `leased` says that the caller holds the account's lease, and has asked for the current key under it: then no
        rotation drops that key (R29). `due` is when a worker should look at it, where its own dates do not say.
        """
        due = self._due(grant) if due is None else due
        stored = self.write(grant_name(account), grant_to_bytes(grant), replaces, leased=leased, due=due)
        return StoredGrant(grant, stored.version, len(stored.data))

    def replace(
        self, account: Account, grant: Grant, held: StoredGrant, *, leased: bool = False, due: float | None = None
    ) -> StoredGrant:
        """Write a grant in place of the one that it came from, even if that is sealed with another key by now.

        An older record of the same sign-in, which was restored meanwhile, is replaced, too. Raises `Conflict` when
        another grant lies there, or none. `leased` and `due` as in `save`.
        """
        while True:
            try:
                return self.save(account, grant, replaces=held.version, leased=leased, due=due)
            except Conflict:
                current = self.load(account)
                if current is None or not (held.grant.follows(current.grant) or _same(held.grant, current.grant)):
                    raise
                held = held._replace(version=current.version)

    def remove(self, account: Account, *, replaces: Version) -> None:
        """Delete the version `replaces` of an account's grant. Raises `Conflict` when there is another by now."""
        self.store.save(grant_name(account), None, replaces=replaces)

    def quarantine(self, account: Account, now: float) -> Version | None:
        """Keep a copy of what is stored for the account, readable or not, and return its version.

        A sign-in replaces the grant (R18), and what cannot be opened is never lost by that (R30).
        """
        return self.copy_to_quarantine(self.store, grant_name(account), account, now)

    def copy_to_quarantine(self, store: Store, name: Name, account: Account, now: float) -> Version | None:
        """Keep a copy of the record `name` in `store` as it is, and return its version; None where there is none."""
        with self.ring.source.sealing():  # the copy names a key that could be dropped from under it (R29)
            stored = store.load(name)
            if stored is None:
                return None
            copy = Name("quarantine", account.owner, f"{quarantine_folder(account)}{now:.6f}")
            if self.store.version(copy) is None:
                self.store.save(copy, stored.data, replaces=None)
            return stored.version

    def probe(self) -> None:
        """Write, read back and delete a record. Raises a `StoreError` before a person is asked in vain (R20)."""
        name = Name("metadata", self.owner, f"probe-{os.getpid()}-{threading.get_ident()}-{time.monotonic_ns()}")
        version = self.write(name, b"probe", None).version
        stored = self.store.load(name)
        if stored is None or self.ring.open_record(name, stored.data) != b"probe":
            raise StoreUnavailable("the store does not give back what was written to it", hint="tokenkit audit")
        self.store.save(name, None, replaces=version)
        self._owner_is_known = not self.owner  # a store may forget an owner with their last record (R37)

    def pendings(self) -> Iterator[Name]:
        """Yield the names of the owner's pending authorizations."""
        return self.store.names("pending", self.owner)

    def _due(self, grant: Grant) -> float | None:
        """Return when a worker should refresh the grant; None where the store keeps no schedule."""
        return None if getattr(self.store, "schedule", None) is None else due(grant)

    def write(
        self,
        name: Name,
        plaintext: bytes,
        replaces: Version | None,
        *,
        store: Store | None = None,
        leased: bool = False,
        due: float | None = None,
    ) -> Stored:
        """Seal and save in `store`, with a key that nobody drops meanwhile; `leased` as in `save` (R29).

        Where the keys were rotated in between, it is sealed once more, with the new one. Raises `UsageError` for the
        first record of an owner that another form of Unicode would take for an existing one, and `KeyUnavailable`
        where this machine lacks the keys of the others (R28).
        """
        if not leased:
            fleet_key.check(self.store, self.ring)
        if replaces is None and not self._owner_is_known:
            with writing_for(self.store, self.owner):
                stored = self._write(name, plaintext, None, store or self.store, leased, due)
            self._owner_is_known = True
            return stored
        return self._write(name, plaintext, replaces, store or self.store, leased, due)

    def _write(
        self, name: Name, plaintext: bytes, replaces: Version | None, store: Store, leased: bool, due: float | None
    ) -> Stored:
        while True:
            with self.ring.sealing_leased() if leased else self.ring.sealing(self._any_sealed) as key:
                data = self.ring.seal_record(name, plaintext, key)
                version = store.save(name, data, replaces=replaces, due=due)
            if leased or self.ring.current().kid == key.kid:
                return Stored(data, version)
            replaces = version

    def _any_sealed(self) -> bool:
        """Tell whether a sealed record exists. Then a missing key is lost, and a new one would hide it (R28)."""
        kinds = ("grant", "unsaved", "quarantine", "client")
        return any(next(self.store.names(kind, owner), None) for owner in self.store.owners() for kind in kinds)
