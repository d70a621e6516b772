"""The keys at work: they seal and open records by name, and can be changed."""

import time
from collections.abc import Callable, Collection, Generator, Hashable, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, Protocol

from tokenkit import seal
from tokenkit.errors import KeyUnavailable
from tokenkit.keys import jwks, rotation
from tokenkit.keys.jwks import KeyList
from tokenkit.keys.source import KeySource
from tokenkit.paths import prefix
from tokenkit.seal import Key

if TYPE_CHECKING:
    from tokenkit.store import Name, Store


LOOK_EVERY = 60.0
"""Seconds for which it is believed that all machines have the key that seals."""


class Machines(Protocol):
    """The machines that share a store, and which keys they have, by id."""

    def have(self, kids: Sequence[str]) -> None:
        """Say which keys this machine has."""
        ...

    def lacking(self, kid: str) -> list[str]:
        """Return the names of the machines that lack the key. Raises `StoreError`."""
        ...


class _Loaded(NamedTuple):
    """The keys that are in memory, and the version of their source."""

    version: Hashable
    keys: KeyList
    by_kid: Mapping[str, Key]


class KeyRing:
    """Seals and opens the records of one app with the keys of `source`.

    It keeps the list in memory, and looks at the source's version before it seals. Threads share it without a lock:
    list and version are replaced by one assignment, and two threads that load at once load the same.
    """

    def __init__(
        self,
        source: KeySource,
        app: str,
        *,
        shared: bool = False,
        store: Callable[[], str] = lambda: "",
        machines: Machines | None = None,
    ) -> None:
        """Take the keys of `source`. `shared`: other machines use the same records, so no key is made here (R28).

        `store` returns the id of a shared store: its records name it, so that those of another are refused (R10).
        `machines` are those that share it: none seals with a key that another one lacks.
        """
        self.source = source
        self.shared = shared
        self.store_id = store
        """Returns the id of the shared store; empty for files."""
        self.app = app
        self.proved: set[str] = set()
        """The ids of keys that were compared with those of the other machines, see `tokenkit.grants.fleet_key`."""
        self._loaded: _Loaded | None = None
        self._machines = machines
        self._seals: tuple[KeyList, Key, float] | None = None

    def of_store(self, store: "Store") -> "KeyRing":
        """Return the same keys for the records of that store, which says who shares it."""
        shared, identity = getattr(store, "shared", False), getattr(store, "identity", lambda: "")
        return KeyRing(self.source, self.app, shared=shared, store=identity, machines=getattr(store, "machines", None))

    def keys(self) -> KeyList:
        """Return the keys of this moment. Raises `KeyUnavailable` where there are none."""
        keys = self._load()
        if keys is None:
            raise self._missing()
        return keys

    def current(self) -> Key:
        """Return the key that seals at this moment.

        It is the first of the list that all machines have; where there is none, as one has a wrong key, the one that
        the fewest lack.
        R29: a writer asks before it sends a request that cannot be undone, so that the answer can be sealed.
        """
        return self._sealer(self.keys())

    def lacking(self, kid: str) -> list[str]:
        """Return the names of the machines that share the store and lack that key. Raises `StoreError`."""
        return [] if self._machines is None else self._machines.lacking(kid)

    def _sealer(self, keys: KeyList) -> Key:
        if self._machines is None or len(keys.keys) == 1:
            return keys.first
        seals, now = self._seals, time.monotonic()
        if seals is None or seals[0] is not keys or now - seals[2] > LOOK_EVERY:
            lacking = self._machines.lacking
            key = min(keys.keys, key=lambda key: len(lacking(key.kid)))  # of several the first
            self._seals = seals = (keys, key, now)
        return seals[1]

    @contextmanager
    def sealing(self, exists: Callable[[], bool]) -> Generator[Key]:
        """Hold on to the current key while a record is sealed with it and saved: nobody drops it meanwhile (R29).

        Where there is none, one is made, see `ensure`.
        """
        with self.source.sealing():
            yield self.ensure(exists)

    @contextmanager
    def sealing_leased(self) -> Generator[Key]:
        """Return the current key, for a caller that holds the account's lease and has asked for `current` under it.

        It opens no file (R9), and needs no lock: before a key is dropped, every account's lease is taken.
        """
        yield self._seals[1] if self._seals else self._loaded.keys.first if self._loaded else self.current()

    def ensure(self, exists: Callable[[], bool]) -> Key:
        """Return the current key; where there is none, make a first one.

        `exists` tells whether a sealed record exists. Then there was a key, and it is lost: raises `KeyUnavailable`,
        since a new key would hide the record; so does it where the store is shared (R28).
        """
        keys = self._load()
        if keys is None and (self.shared or exists()):
            keys = self.keys()  # another may have made the first one, and sealed with it, since we looked
        return self._sealer(keys or self.source.change(lambda keys: keys or jwks.new_key_list()))

    def seal_record(self, name: "Name", plaintext: bytes, key: Key | None = None) -> bytes:
        """Seal one record with `key`, else with the current one."""
        return seal.seal(plaintext, key or self.current(), **self._claims(name))

    def open_record(self, name: "Name", data: bytes) -> bytes:
        """Open one record. Raises `BrokenRecord` or `KeyUnavailable`.

        An unknown kid reloads the list once: another process may have rotated the keys (R29).
        """
        by_kid = self._loaded.by_kid if self._loaded else self.keys().by_kid
        try:  # as `_open` does, with nothing made on the way: ten thousand are opened in turn
            return seal.open(
                data, by_kid, typ=name.kind, app=self.app, owner=name.owner, account=name.id, store=self.store_id()
            )
        except KeyUnavailable:
            pass
        return self._open_with_new_keys(data, self._claims(name))

    def reseal(self, name: "Name", data: bytes) -> bytes | None:
        """Return the record sealed with the current first key, to be saved under the account's lock; None if it is so.

        A record in quarantine keeps the name under which it was sealed.
        """
        header = seal.header(data)
        first = self.current()
        if header["kid"] == first.kid:
            return None
        claims = self._claims(name)
        if name.kind == "quarantine":
            claims |= {member: header[member] for member in ("typ", "app", "owner", "account")}
        return seal.seal(self._open(data, claims), first, **claims)

    def add(self) -> KeyList:
        """Put a new key in front. This is also how to start again when the old keys are lost."""
        return self.source.change(rotation.added)

    def drop(self, kid: str, in_use: Callable[[], Collection[str]]) -> KeyList:
        """Remove a key that no record names. Take every account's lease before: that ends the refreshes under way.

        `in_use` tells the kids of all records. It is asked when nobody is sealing one, and none is begun until the key
        is gone (R29). Raises `UsageError` for a key that a record names, and `StoreUnavailable` where a program that is
        stopped holds one half saved.
        """
        with self.source.sealing(alone=True):
            used = in_use()
            return self.source.change(lambda keys: rotation.dropped(keys, kid, used))

    def import_keys(self, data: bytes, where: str) -> KeyList:
        """Add the keys of a JWK Set that `export_keys` has written, behind the present ones."""
        imported = jwks.load(data, where, hint=lambda: "tokenkit key export writes what can be imported")
        return self.source.change(lambda keys: rotation.merged(keys, imported))

    def export_keys(self) -> bytes:
        """Return all keys as a JWK Set, which is a secret."""
        return jwks.dump(self.keys())

    def _claims(self, name: "Name") -> dict[str, str]:
        """Return what the header of a record of that name says."""
        store = self.store_id()
        return {"typ": name.kind, "app": self.app, "owner": name.owner, "account": name.id, "store": store}

    def _open(self, data: bytes, claims: Mapping[str, str]) -> bytes:
        by_kid = self._loaded.by_kid if self._loaded else self.keys().by_kid
        try:
            return seal.open(data, by_kid, **claims)
        except KeyUnavailable:
            pass
        return self._open_with_new_keys(data, claims)

    def _open_with_new_keys(self, data: bytes, claims: Mapping[str, str]) -> bytes:
        keys = self._reload() or self.keys()
        try:
            return seal.open(data, keys.by_kid, **claims)
        except KeyUnavailable as error:
            hint = self.same_everywhere() if self.shared else error.hint
            raise KeyUnavailable(f"{error}: {self.source.describe()}", hint=hint, account=error.account) from None

    def _load(self) -> KeyList | None:
        loaded = self._loaded
        if loaded and loaded.version == self.source.version():
            return loaded.keys
        return self._reload()

    def _reload(self) -> KeyList | None:
        """Read the keys again. Their version is that of what was read, or of a moment before: never a later one."""
        together: Callable[[], tuple[KeyList, Hashable] | None] | None = getattr(self.source, "load_version", None)
        if together is None:
            version = self.source.version()
            keys = self.source.load()
        else:
            keys, version = together() or (None, None)
        self._loaded, self._seals = _Loaded(version, keys, keys.by_kid) if keys else None, None
        if keys and self._machines is not None:
            self._machines.have([key.kid for key in keys.keys])
        return keys

    def _missing(self) -> KeyUnavailable:
        if self.shared:
            return KeyUnavailable(
                f"{self.source.describe()} is missing, and a store that machines share needs the same key on each of "
                "them; nothing was changed",
                hint="on one machine, unless another has the key already: tokenkit key add; " + self.same_everywhere(),
            )
        return KeyUnavailable(
            f"{self.source.describe()} is missing; nothing was changed, and the records stay sealed",
            hint="restore it from a backup, or: tokenkit key import FILE "
            "(if it is lost for good: tokenkit key add, then tokenkit login PROVIDER/ACCOUNT --replace)",
        )

    def same_everywhere(self) -> str:
        """Say how a machine gets the keys of the others; to sign in again would lock those out (R28)."""
        return (
            "on a machine that has the key: tokenkit key export; "
            f"here: put what that prints into the variable {prefix(self.app)}_KEY, or into the credential "
            f"{self.app}.key of the service, and start again"
        )
