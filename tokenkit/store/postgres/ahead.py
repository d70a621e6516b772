"""Records that are read in one statement, since one after the other they would be a round trip each."""

import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from tokenkit.store import Name, Stored
from tokenkit.store.postgres.connections import Connections
from tokenkit.store.postgres.lease import key

_ONE = """(SELECT {number}, data, version FROM {{s}}.record
    WHERE kind = %(kind{number})s AND owner = %(owner{number})s AND id = %(id{number})s AND data IS NOT NULL)"""


class ReadAhead(threading.local):
    """What this thread has read ahead: each record serves one load, within the ``with`` that it was read for."""

    def __init__(self) -> None:
        self._found: dict[Name, Stored | None] = {}

    @contextmanager
    def reading(self, connections: Connections, names: Sequence[Name]) -> Generator[None]:
        """Read all of `names` now."""
        statement = " UNION ALL ".join(_ONE.format(number=number) for number in range(len(names)))
        values = {f"{column}{at}": value for at, name in enumerate(names) for column, value in key(name).items()}
        rows = connections.ask(statement, values)
        found: dict[Name, Stored] = {names[number]: Stored(bytes(data), version) for number, data, version in rows}
        self._found = {name: found.get(name) for name in names}
        try:
            yield
        finally:
            self._found = {}

    def take(self, name: Name) -> list[Stored | None]:
        """Return the record in a list; an empty one where it was not read ahead, or has served."""
        return [self._found.pop(name)] if name in self._found else []
