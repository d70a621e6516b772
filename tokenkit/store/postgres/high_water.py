"""What this machine remembers of the saves that the database has confirmed to it: so it sees when some are gone.

A failover to a replica that lagged, a restored dump or a snapshot takes records, notes and leases back together, and
nothing in the database tells (R10). So the database counts the saves of each machine, in the statement that saves, and
the machine keeps the last count in files of its own::

    <state>/shared/<id of the store>/machine.json   this machine's id, and what was lost
    <state>/shared/<id of the store>/saves-07.json  of one slot: the count, and the last saves

A count in the database that is lower than the one here says which saves are gone. The memory is written without fsync,
and one that cannot be read is begun anew: it reports, and no save ever fails by it.
"""

import json
import os
import time
import uuid
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple, cast
from zlib import crc32

from tokenkit import durable_file, private_file
from tokenkit.errors import StoreError
from tokenkit.store import Name
from tokenkit.store.file_lock import locked
from tokenkit.store.lost import LostSave, Server

SLOTS = 16
"""Saves of one machine wait for each other only within a slot."""

REMEMBERED = 64
"""Saves of a slot whose names are remembered: what a replica lags by is seconds."""

LOSSES = 1000
"""Lost saves that are remembered at most; the newest."""

REPORTED = 30 * 86400.0
"""Seconds for which a loss is reported."""

KEPT = 180 * 86400.0
"""Seconds after which the database forgets the counts of a machine; the machine itself does so in half of that."""

WAIT = 1.0
"""Seconds that another process of this machine may hold one of the files."""

_TO_JSON = json.JSONEncoder(separators=(",", ":"))

ODD = (StoreError, ValueError, TypeError, KeyError)
"""What reading and writing the memory raises, where it was damaged, too."""


class Mark(NamedTuple):
    """The count of a slot, and how often it was cut back: another process may cut it between two looks."""

    saves: int
    cuts: int


class HighWater:
    """The memory of one machine, of one store."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._machine: uuid.UUID | None = None
        self._lost: tuple[LostSave, ...] = ()
        self._has_new = False
        self._written: dict[str, tuple[bytes, dict[str, Any]]] = {}
        """What this process wrote last into each file, and what that says: each save would else read it anew."""

    @property
    def is_new(self) -> bool:
        """Whether this machine has no id yet."""
        return self._machine is None and "machine" not in self._read("machine")

    @property
    def machine(self) -> uuid.UUID:
        """The random id of this machine, drawn once. Raises a `StoreError` where it cannot be kept."""
        if self._machine is None:
            with self._changing("machine") as memory:
                self._machine = uuid.UUID(memory.setdefault("machine", str(uuid.uuid4())))
        return self._machine

    @property
    def lost(self) -> tuple[LostSave, ...]:
        """The saves that were found to be lost within `REPORTED`, the oldest first."""
        return tuple(each for each in self._lost if each.at > time.time() - REPORTED)

    def report(self, tell: Callable[[Sequence[LostSave]], None]) -> None:
        """Give `tell` what was found to be lost, by any process of this machine, once; again where it has raised."""
        if self._has_new:
            with self._changing("machine") as memory:
                tell(_losses(memory.get("new", [])))
                memory["new"] = []
            self._has_new = False

    @staticmethod
    def slot(name: Name) -> int:
        """Return the slot in which saves of that record are counted."""
        return crc32(f"{name.owner}\0{name.id}".encode(errors="surrogatepass")) % SLOTS

    def saved(self, name: Name, count: int, replaced: object, *, deleted: bool) -> None:
        """Remember a save that was confirmed, and its count."""
        entry = [count, *name, str(replaced or ""), deleted]
        with suppress(*ODD), self._changing(_file(self.slot(name))) as memory:
            memory.update(saves=max(count, _mark(memory).saves), at=time.time())
            memory["last"] = sorted([*_last(memory), entry])[-REMEMBERED:]

    def marks(self) -> dict[int, Mark]:
        """Return the counts of the slots that have one. Ask before the database is asked: others save meanwhile."""
        since = time.time() - KEPT / 2
        found = {slot: self._read(_file(slot)) for slot in range(SLOTS)}
        return {slot: _mark(memory) for slot, memory in found.items() if float(memory.get("at", 0.0)) > since}

    def compare(self, before: dict[int, Mark], found: dict[int, int], server: Server) -> None:
        """Compare the marks of before with the counts that were `found` in the database since; keep what is lost."""
        with suppress(*ODD), self._changing("machine") as memory:
            change = [memory.get("server", Server()), server, time.time()]
            memory["server"] = server
            new: list[list[Any]] = []
            for slot, mark in before.items():
                if found.get(slot, 0) < mark.saves:
                    new += [[*entry[1:], *change] for entry in self._cut(slot, mark, found.get(slot, 0))]
            for kind in ("lost", "new"):
                memory[kind] = [*memory.get(kind, []), *new][-LOSSES:]
            self._lost, self._has_new = _losses(memory["lost"]), bool(memory["new"])

    def forget(self, owner: str) -> None:
        """Forget the names of the owner's saves; they are counted all the same."""
        for slot in range(SLOTS):
            if any(entry[2] == owner for entry in _last(self._read(_file(slot)))):
                with self._changing(_file(slot)) as memory:
                    memory["last"] = [entry for entry in _last(memory) if entry[2] != owner]
        with self._changing("machine") as memory:
            for kind in ("lost", "new"):
                memory[kind] = [entry for entry in memory.get(kind, []) if entry[1] != owner]
            self._lost = _losses(memory["lost"])

    def _cut(self, slot: int, before: Mark, found: int) -> list[list[Any]]:
        """Go back to the count that was found, and return the saves beyond it; none where another process has."""
        with self._changing(_file(slot)) as memory:
            if _mark(memory).cuts != before.cuts:
                return []
            last = _last(memory)
            memory.update(saves=found, cuts=before.cuts + 1, last=[entry for entry in last if entry[0] <= found])
            return [entry for entry in last if entry[0] > found]

    @contextmanager
    def _changing(self, file: str) -> Generator[dict[str, Any]]:
        path = os.path.join(self._folder, f"{file}.json")
        private_file.ensure_folder(self._folder)
        fd = private_file.open_lock(path)
        try:
            with locked(path, wait=WAIT, fd=fd):
                found = os.pread(fd, os.fstat(fd).st_size, 0)
                written, memory = self._written.pop(file, (b"", {}))
                if found != written:  # another process was here
                    memory = _parsed(found)
                yield memory
                data = _TO_JSON.encode(memory).encode()
                durable_file.overwrite(fd, path, data)
                if len(data) < len(found):
                    os.ftruncate(fd, len(data))
                self._written[file] = data, memory
        finally:
            private_file.close(fd)

    def _read(self, file: str) -> dict[str, Any]:
        with suppress(StoreError):
            return _parsed(private_file.read(os.path.join(self._folder, f"{file}.json")) or b"")
        return {}


def _file(slot: int) -> str:
    return f"saves-{slot:02}"


def _parsed(data: bytes) -> dict[str, Any]:
    """Return the memory; an empty one for what a power cut or a full disk has left."""
    with suppress(ValueError, RecursionError):
        memory = json.loads(data)
        if isinstance(memory, dict):
            return cast(dict[str, Any], memory)
    return {}


def _mark(memory: dict[str, Any]) -> Mark:
    return Mark(int(memory.get("saves", 0)), int(memory.get("cuts", 0)))


def _last(memory: dict[str, Any]) -> list[list[Any]]:
    last: list[list[Any]] = memory.get("last", [])
    return last


def _losses(entries: list[list[Any]]) -> tuple[LostSave, ...]:
    return tuple(
        LostSave(Name(kind, owner, id), replaced, deleted, at, Server(*before), Server(*after))
        for kind, owner, id, replaced, deleted, before, after, at in entries
    )
