"""Records in the memory of one process: for tests, and for people who want nothing on disk."""

import itertools
from collections import defaultdict
from collections.abc import Generator, Iterator
from contextlib import contextmanager

from tokenkit.errors import Conflict, StoreUnavailable
from tokenkit.fork_lock import ForkLock
from tokenkit.store import Lease, Name, Store, Stored, Version


class MemoryStore(Store):
    """A `Store` that ends with its process."""

    def __init__(self) -> None:
        self._records: dict[Name, Stored] = {}
        self._notes: dict[Name, bytes] = {}
        self._leases: defaultdict[Name, ForkLock] = defaultdict(ForkLock)
        self._versions = itertools.count(1)
        self._sets: dict[tuple[str, str], int] = {}
        self._lock = ForkLock()

    def load(self, name: Name) -> Stored | None:
        """Return the record, or None when there is none."""
        return self._records.get(name)

    def save(
        self, name: Name, data: bytes | None, *, replaces: Version | None, due: float | None = None
    ) -> Version | None:
        """Write over the version `replaces`, or raise `Conflict`; None deletes."""
        with self._lock.lock:
            if self.version(name) != replaces:
                raise Conflict(f"{name.id} has changed since it was read", hint="read it again")
            version = next(self._versions)
            self._sets[name.owner, name.id.partition("/")[0]] = version
            if data is None:
                self._records.pop(name, None)
                return None
            self._records[name] = Stored(data, version)
            return version

    def version(self, name: Name) -> Version | None:
        """Return the record's version, or that of a bare provider's set of accounts."""
        if name.kind == "grant" and "/" not in name.id:
            return self._sets.get((name.owner, name.id))
        stored = self._records.get(name)
        return None if stored is None else stored.version

    def names(
        self, kind: str, owner: str = "", *, after: str = "", prefix: str = "", most: int | None = None
    ) -> Iterator[Name]:
        """Yield the names of that kind and owner, by id, beyond `after`."""
        with self._lock.lock:
            found = sorted(name for name in self._records if (name.kind, name.owner) == (kind, owner))
        return itertools.islice((name for name in found if name.id > after and name.id.startswith(prefix)), most)

    def owners(self) -> Iterator[str]:
        """Yield the owners that have records."""
        with self._lock.lock:
            return iter(sorted({name.owner for name in self._records}))

    def note(self, name: Name) -> bytes:
        """Return the note of the last lease."""
        return self._notes.get(name, b"")

    @contextmanager
    def lease(self, name: Name, *, lasts: float, wait: float) -> Generator["MemoryLease"]:
        """Hold the only lease of that name."""
        with self._lock.lock:
            lock = self._leases[name].lock
        if not lock.acquire(timeout=wait):
            raise StoreUnavailable(f"another thread has held {name.id} for too long", hint="try again")
        try:
            yield MemoryLease(self._notes, name)
        finally:
            lock.release()


class MemoryLease(Lease):
    """A lease on a name in memory: it ends with its holder."""

    def __init__(self, notes: dict[Name, bytes], name: Name) -> None:
        self._notes = notes
        self._name = name

    def left(self) -> float:
        """Return infinity: nobody takes this lease away."""
        return float("inf")

    @property
    def note(self) -> bytes:
        """What the last holder left."""
        return self._notes.get(self._name, b"")

    def write_note(self, note: bytes, *, acts: bool = False) -> None:
        """Replace the note."""
        self._notes[self._name] = note

    def reserve(self, size: int) -> None:
        """Do nothing: memory needs no reservation."""
