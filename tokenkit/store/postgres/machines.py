"""Which keys the machines have that share a database, by their ids: none is to seal what another cannot open (R29)."""

from collections.abc import Sequence
from contextlib import suppress
from socket import gethostname

from tokenkit.errors import StoreError
from tokenkit.store.postgres.connections import OLDEST, Ask, Connections
from tokenkit.store.postgres.remembered import Remembered

COUNTS_FOR = 2 * 86400.0
"""Seconds for which a machine counts after it was seen. One that runs is seen anew each hour, by a new connection."""

assert OLDEST < COUNTS_FOR / 2

_SEEN = """INSERT INTO {s}.machine (id, name, kids, seen)
    VALUES (%(id)s, %(name)s, %(kids)s, pg_catalog.clock_timestamp())
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, kids = excluded.kids, seen = excluded.seen"""

_LACKING = """SELECT name FROM {s}.machine WHERE NOT %(kid)s = ANY (kids)
    AND seen > pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => %(for)s) ORDER BY name"""


class Machines:
    """The machines that were seen within `COUNTS_FOR`, this one among them."""

    def __init__(self, connections: Connections, remembered: Remembered) -> None:
        self._connections = connections
        self._remembered = remembered
        self._kids: list[str] = []

    def have(self, kids: Sequence[str]) -> None:
        """Say which keys this machine has: now, and by each new connection. Where that fails, the next one says it."""
        self._kids = list(kids)
        with suppress(StoreError):
            if self._connections.was_connected:
                self.greet(self._connections.ask)

    def greet(self, ask: Ask) -> None:
        """Say it by a connection that was just made. Raises what `ask` raises."""
        machine = self._remembered.machine
        if machine and self._kids:
            ask(_SEEN, {"id": machine, "name": gethostname(), "kids": self._kids})

    def lacking(self, kid: str) -> list[str]:
        """Return the names of the machines that lack this key, each in one line. Raises `StoreUnavailable`."""
        return [" ".join(name.split()) for (name,) in self._connections.ask(_LACKING, {"kid": kid, "for": COUNTS_FOR})]
