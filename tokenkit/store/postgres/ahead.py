"""Records and notes that are read in one statement: one after the other they would be a round trip each."""

import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import lru_cache

from tokenkit.store import Name, Stored, Version
from tokenkit.store.postgres.connections import Connections
from tokenkit.store.postgres.names import key

LOST = "SELECT deleted FROM {s}.lost WHERE owner = %(owner)s AND id = %(id)s AND version = %(version)s"
"""What all machines know to be lost of the saves that had replaced a version."""

_READ = """SELECT asked.place, found.data, found.version,
        (SELECT note FROM {{s}}.lease AS l WHERE l.kind = asked.kind AND l.owner = asked.owner AND l.id = asked.id),
        ARRAY(SELECT deleted FROM {{s}}.lost AS l
            WHERE l.owner = asked.owner AND l.id = asked.id AND l.version = found.version)
    FROM (VALUES {names}) AS asked (place, kind, owner, id), LATERAL (
        SELECT data, version FROM {{s}}.record AS r
        WHERE r.kind = asked.kind AND r.owner = asked.owner AND r.id = asked.id AND data IS NOT NULL LIMIT 1
    ) AS found"""
"""Each by the index, because of the ``LIMIT``: where many are asked for, a planner would rather read all there are."""

_NAME = """({number}, %(kind{number})s::text COLLATE "C", %(owner{number})s::bytea, %(id{number})s::bytea)"""


@lru_cache(maxsize=8)
def _of(count: int) -> str:
    """Return the statement that reads so many records."""
    return _READ.format(names=", ".join(_NAME.format(number=number) for number in range(count)))


class ReadAhead(threading.local):
    """What this thread has read ahead, within the ``with`` that it was read for: each record and note serves once."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._found: dict[Name, Stored | None] = {}
        self._notes: dict[Name, bytes] = {}
        self._lost: dict[tuple[Name, Version], list[bool]] = {}

    @contextmanager
    def reading(self, connections: Connections, names: Sequence[Name]) -> Generator[None]:
        """Read all of `names` now."""
        values = {f"{column}{at}": value for at, name in enumerate(names) for column, value in key(name).items()}
        rows = connections.ask(_of(len(names)), values)
        self._found = dict.fromkeys(names)
        for number, data, version, note, lost in rows:
            name = names[int(number)]
            self._found[name], self._notes[name] = Stored(bytes(data), version), bytes(note or b"")
            self._lost[name, version] = lost
        try:
            yield
        finally:
            self._clear()

    def take(self, name: Name) -> list[Stored | None]:
        """Return the record in a list; an empty one where it was not read ahead, or has served."""
        return [self._found.pop(name)] if name in self._found else []

    def take_note(self, name: Name) -> bytes | None:
        """Return the note of the record's last lease; None where it was not read ahead, or has served."""
        return self._notes.pop(name, None)

    def lost(self, name: Name, version: Version) -> list[bool] | None:
        """Return what `LOST` asks for; None for a version that was not read ahead."""
        return self._lost.get((name, version))
