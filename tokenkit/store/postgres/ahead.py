"""Records that are read in one statement, since one after the other they would be a round trip each."""

import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import lru_cache

from tokenkit.store import Name, Stored, Version
from tokenkit.store.postgres.connections import Connections
from tokenkit.store.postgres.names import key

LOST = "SELECT deleted FROM {s}.lost WHERE owner = %(owner)s AND id = %(id)s AND version = %(version)s"
"""What all machines know to be lost of the saves that had replaced a version."""

_ONE = """(SELECT {number}, data, version, ARRAY(SELECT deleted FROM {{s}}.lost AS l
        WHERE l.owner = r.owner AND l.id = r.id AND l.version = r.version) FROM {{s}}.record AS r
    WHERE kind = %(kind{number})s AND owner = %(owner{number})s AND id = %(id{number})s AND data IS NOT NULL)"""


@lru_cache(maxsize=8)
def _of(count: int) -> str:
    """Return the statement that reads so many records."""
    return " UNION ALL ".join(_ONE.format(number=number) for number in range(count))


class ReadAhead(threading.local):
    """What this thread has read ahead: each record serves one load, within the ``with`` that it was read for."""

    def __init__(self) -> None:
        self._found: dict[Name, Stored | None] = {}
        self._lost: dict[tuple[Name, Version], list[bool]] = {}

    @contextmanager
    def reading(self, connections: Connections, names: Sequence[Name]) -> Generator[None]:
        """Read all of `names` now."""
        values = {f"{column}{at}": value for at, name in enumerate(names) for column, value in key(name).items()}
        rows = connections.ask(_of(len(names)), values)
        found: dict[Name, Stored] = {names[number]: Stored(bytes(data), version) for number, data, version, _ in rows}
        self._found = {name: found.get(name) for name in names}
        self._lost = {(names[number], version): lost for number, _, version, lost in rows}
        try:
            yield
        finally:
            self._found, self._lost = {}, {}

    def take(self, name: Name) -> list[Stored | None]:
        """Return the record in a list; an empty one where it was not read ahead, or has served."""
        return [self._found.pop(name)] if name in self._found else []

    def lost(self, name: Name, version: Version) -> list[bool] | None:
        """Return what `LOST` asks for; None for a version that was not read ahead."""
        return self._lost.get((name, version))
