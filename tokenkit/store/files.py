"""Records as files: one for each record, 0600, in folders 0700, replaced whole and durably (R26).

::

    <tokens>/google/me@example.com.jwe          a grant; another owner's under <tokens>/@alice/google/
    <tokens>/.unsaved/google/me@example.com.jwe a grant that waits until its record can be written; it lies under
    <state>/unsaved/<store>/…                   where <tokens> takes nothing at all
    <tokens>/.pending/4f1c….jwe                 other kinds
    <tokens>/.locks/google/me@example.com.…     .refresh, long, over HTTP; .write, microseconds; never deleted
    <state>/leases/<store>/google/…             the notes of leases

The notes lie apart from the tokens, so that a restored backup of the tokens does not bring back its own memory of what
was newest (R10).
"""

import os
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from itertools import islice

from tokenkit import durable_file, private_file
from tokenkit.errors import Conflict, StoreUnavailable
from tokenkit.paths import SUFFIX
from tokenkit.shell import quoted
from tokenkit.store import Lease, Name, Store, Stored, Version
from tokenkit.store.file_lock import locked
from tokenkit.store.file_names import ids, listed, owners
from tokenkit.store.layout import LOCKS, OF_ACCOUNTS, relative

MOST_PLAIN = 256
"""Folders of which it is remembered that they are no symlinks: of many people, each has their own (R37)."""

NOTE_SIZE = 4096
WRITE_WAIT = 10.0
SETTLED = 2.0
"""Seconds after which the time stamp of a folder tells every change: its clock ticks in milliseconds."""


class FileStore(Store):
    """A `Store` of files under `tokens`, the notes of its leases under `state`. Nothing is made until it is needed."""

    def __init__(self, tokens: str, state: str) -> None:
        self.tokens = _absolute(tokens)
        self._state = _absolute(state)
        self._notes = ""
        self._elsewhere: FileStore | None = None
        self._prepared = _Prepared()
        self._plain: set[str] = set()
        """Folders that were seen to be no symlinks: what is written is looked at each time."""

    @property
    def notes(self) -> str:
        """The folder of the notes: its name follows from where the tokens really are."""
        if not self._notes:
            self._notes = self._of_these("leases")
        return self._notes

    @property
    def elsewhere(self) -> "FileStore":
        """A store in the state folder, for what the disk of these tokens refuses (R9)."""
        if self._elsewhere is None:  # all owners share it
            self._elsewhere = FileStore(self._of_these("unsaved"), self._state)
        return self._elsewhere

    @property
    def left_behind(self) -> "list[FileStore]":
        """The stores like `elsewhere` of tokens at other places: of these ones, perhaps, before they were moved."""
        folder, own = os.path.split(self.elsewhere.tokens)
        return [FileStore(os.path.join(folder, other), self._state) for other in listed(folder) if other != own]

    def path(self, name: Name) -> str:
        """Say where the record lies."""
        return f"{self.tokens}{os.sep}{relative(name)}{SUFFIX}"

    def load(self, name: Name) -> Stored | None:
        """Return the record, or None when there is none. Raises `FileRefused` for a file that is not plainly ours."""
        found = self._read(self.tokens, self.path(name))
        return None if found is None else Stored(*found)

    def save(
        self, name: Name, data: bytes | None, *, replaces: Version | None, due: float | None = None
    ) -> Version | None:
        """Write durably over the version `replaces`, or raise `Conflict`; None deletes."""
        path, lock = self.path(name), self._lock(name, "write")
        ready = self._prepared.write
        if ready is not None and ready.path == path and data is not None and replaces is not None:
            self._check_not_gone(path, lock)
            return ready.save(name, data, replaces)
        if not (private_file.check_way(self.tokens, path) and private_file.version(lock)):
            if replaces is not None:
                self._check_not_gone(path, lock)
            _make_folders(self.tokens, path)
            _make_folders(self.tokens, lock)
        with locked(lock, wait=WRITE_WAIT):
            found = _checked_version(name, path, replaces)
            if data is None:
                durable_file.remove(path)
                return None
            return durable_file.write_over(path, data, found)

    def cut_off(self, name: Name) -> bytes | None:
        """Return what a process that was killed has written for the record, and not put in its place; None for nothing.

        It may be a part of that, or from a writer that is alive: `finish` tells.
        """
        new = self.path(name) + durable_file.NEW
        found = self._read(self.tokens, new) if private_file.version(new) else None
        return None if found is None else found[0].rstrip(b"\0")  # the space that was reserved for it

    def finish(self, name: Name, data: bytes, *, replaces: Version) -> Version:
        """Put in its place what `cut_off` has returned. Raises `Conflict` where that, or the record, is another now."""
        path = self.path(name)
        with locked(self._lock(name, "write"), wait=WRITE_WAIT):
            found = _checked_version(name, path, replaces)
            if self.cut_off(name) != data:
                raise Conflict(f"{name.id} is being written by another", hint="read it again")
            return durable_file.finish(path, len(data), found)

    def version(self, name: Name) -> Version | None:
        """Return the file's version, or that of a bare provider's folder."""
        if name.kind == "grant" and "/" not in name.id:
            return self._folder_version(os.path.join(self.tokens, relative(name)))
        return private_file.version(self.path(name))

    def names(
        self, kind: str, owner: str = "", *, after: str = "", prefix: str = "", most: int | None = None
    ) -> Iterator[Name]:
        """Yield the names of that kind and owner after `after`; a provider's folder is read when its turn comes."""
        found = ids(self.tokens, kind, owner, after=after, prefix=prefix)
        return (Name(kind, owner, id) for id in islice(found, most))

    def owners(self) -> Iterator[str]:
        """Yield the owners that have, or once had, records: those of folders with ``@``, and the nameless one."""
        return iter(sorted(owners(self.tokens)))

    def note(self, name: Name) -> bytes:
        """Return the note of the last lease."""
        return _note_of(self._read(self.notes, f"{self.notes}{os.sep}{relative(name)}"))

    @contextmanager
    def lease(self, name: Name, *, lasts: float, wait: float) -> Generator["FileLease"]:
        """Hold the kernel's lock of that name. It ends with its holder, however the holder dies."""
        lock = self._lock(name, "refresh")
        if not private_file.check_way(self.tokens, lock):
            _make_folders(self.tokens, lock)
        lease = FileLease(self.path(name), self._lock(name, "write"), self.notes, relative(name), self._prepared)
        lasts_at_most = lasts if name.kind == "grant" else None  # an unsaved grant is held for as long as that takes
        with locked(lock, wait=wait, lasts=lasts_at_most), closing(lease):
            yield lease

    def _read(self, base: str, path: str) -> tuple[bytes, private_file.Version] | None:
        folder = path.rpartition(os.sep)[0]
        if folder not in self._plain:
            if not private_file.check_way(base, path):
                return None
            if len(self._plain) >= MOST_PLAIN:
                self._plain.clear()
            self._plain.add(folder)
        return private_file.read_version(path)

    def _of_these(self, kind: str) -> str:
        from hashlib import sha256

        here = sha256(os.fsencode(os.path.realpath(self.tokens))).hexdigest()[:16]
        return os.path.join(self._state, kind, here)

    def _lock(self, name: Name, kind: str) -> str:
        below = relative(name)
        if name.kind not in OF_ACCOUNTS:  # one lock for all of a kind: they come and go, and lock files never go
            below = os.path.dirname(below)
        return f"{self.tokens}{os.sep}{LOCKS}{os.sep}{below}.{kind}"

    def _check_not_gone(self, path: str, lock: str) -> None:
        """Tell a record that was deleted from tokens that are gone as a whole: with its lock, which never goes."""
        if private_file.version(path) is None and private_file.version(lock) is None:
            raise StoreUnavailable(
                f"what was in {self.tokens} is gone: moved, or its disk is not mounted",
                hint=f"findmnt --target {quoted(self.tokens)}",
            )

    def _folder_version(self, folder: str) -> Version | None:
        version = private_file.version(folder)
        if version is None or time.time_ns() - version[1] > SETTLED * 1e9:
            return version
        return (*version, time.time_ns())  # so fresh that the next change could look the same: never equal to another


class _PreparedWrite:
    """All that one write of the record at `path` needs, open since before the request (R9)."""

    def __init__(self, path: str, lock: str, size: int) -> None:
        self.path = path
        self._lock = lock
        self._fd = private_file.open_lock(lock)
        try:
            with locked(lock, wait=WRITE_WAIT, fd=self._fd):  # a login writes that file, and holds no lease
                self._reserved = durable_file.reserve(path, size)
        except BaseException:
            private_file.close(self._fd)
            raise

    def save(self, name: Name, data: bytes, replaces: Version | None) -> Version:
        """Write the record, as `FileStore.save` does."""
        with locked(self._lock, wait=WRITE_WAIT, fd=self._fd):
            found = _checked_version(name, self.path, replaces)
            return durable_file.write_over(self.path, data, found, self._reserved)

    def close(self) -> None:
        """Close what is still open."""
        private_file.close(self._fd)
        self._reserved.close()


class _Prepared(threading.local):
    """The write that this thread has prepared: the one that holds the lease sends the request, and saves."""

    write: _PreparedWrite | None = None


class FileLease(Lease):
    """A kernel lock on one account, and its note, which stays open from the first time that it is written."""

    def __init__(self, record: str, write_lock: str, notes: str, relative: str, prepared: _Prepared) -> None:
        self._record = record
        self._write_lock = write_lock
        self._notes = notes
        self._path = f"{notes}{os.sep}{relative}"
        self._fd = -1
        self._prepared = prepared
        self._write: _PreparedWrite | None = None

    def left(self) -> float:
        """Return infinity: the lock lasts as long as this process lives."""
        return float("inf")

    @property
    def note(self) -> bytes:
        """What the last holder left."""
        private_file.check_way(self._notes, self._path)
        return _note_of(private_file.read_version(self._path))

    def write_note(self, note: bytes, *, acts: bool = False) -> None:
        """Replace the note with one write of a fixed size: a kill leaves the old note or the new one."""
        if self._fd < 0:
            if not private_file.check_way(self._notes, self._path):
                _make_folders(self._notes, self._path)
            self._fd = private_file.open_lock(self._path)
        durable_file.overwrite(self._fd, self._path, note[:NOTE_SIZE].ljust(NOTE_SIZE))

    def reserve(self, size: int) -> None:
        """Create the next version's file, take its space on the disk, and open all that its save needs (R9)."""
        self._let_go()
        self._write = self._prepared.write = _PreparedWrite(self._record, self._write_lock, size)

    def _let_go(self) -> None:
        if self._write is not None:
            self._write.close()
            self._write = self._prepared.write = None

    def close(self) -> None:
        """Close the note, and what `reserve` has opened."""
        self._let_go()
        if self._fd >= 0:
            private_file.close(self._fd)
            self._fd = -1


def _absolute(path: str) -> str:
    if private_file.POSIX and path.startswith("/"):
        return os.path.normpath(path)  # what `abspath` returns, in a third of the time
    return os.path.abspath(path)


def _checked_version(name: Name, path: str, replaces: Version | None) -> private_file.Version | None:
    found = private_file.version(path)
    if found != replaces:
        raise Conflict(f"{name.id} has changed since it was read", hint="read it again")
    return found


def _make_folders(base: str, path: str) -> None:
    """Make `base`, and what lies between it and the file at `path`."""
    private_file.ensure_folder(base, linked=True)
    for part in path[len(base) + 1 :].split(os.sep)[:-1]:
        base = os.path.join(base, part)
        private_file.ensure_folder(base)


def _note_of(found: tuple[bytes, private_file.Version] | None) -> bytes:
    return b"" if found is None else found[0].rstrip()
