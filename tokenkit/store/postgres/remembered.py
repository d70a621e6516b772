"""What a process knows of the database behind an address: which store it is, and whether it has lost anything (R10)."""

import os
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress

import psycopg

from tokenkit.errors import StoreError, StoreUnavailable
from tokenkit.store import Name
from tokenkit.store.lost import LostSave, Server
from tokenkit.store.postgres.connections import Ask
from tokenkit.store.postgres.high_water import KEPT, ODD, HighWater
from tokenkit.store.postgres.names import key
from tokenkit.store.postgres.told import LACKING, Told

COUNTED = """, counted AS (INSERT INTO {s}.confirmed AS c (machine, slot, saves)
    SELECT %(machine)s, %(slot)s, 1 FROM saved ON CONFLICT (machine, slot)
    DO UPDATE SET saves = c.saves + 1, changed = pg_catalog.clock_timestamp() RETURNING saves)"""
"""Belongs to a statement whose ``saved`` is a save: it counts it for this machine, and is lost together with it."""

_COUNTS = "SELECT slot, saves FROM {s}.confirmed WHERE machine = %s"

_SWEEP = """WITH gone AS (DELETE FROM {s}.confirmed
        WHERE changed < pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => %(kept)s))
    DELETE FROM {s}.machine
        WHERE seen < pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => %(kept)s)"""

_SERVER = """WITH now AS (SELECT (SELECT system_identifier::text FROM pg_catalog.pg_control_system()) AS system,
        ('x' || left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8))::bit(32)::int AS timeline)
    SELECT id::text, system, timeline,
        EXISTS (SELECT FROM {s}.server AS s WHERE s.system = now.system AND s.timeline = now.timeline)
    FROM {s}.identity, now"""

_IDENTITY = "SELECT id::text FROM {s}.identity"

_ANOTHER = """INSERT INTO {s}.server AS s (system, timeline, since) VALUES (%s, %s, '-infinity')
    ON CONFLICT (one) DO UPDATE
    SET system = excluded.system, timeline = excluded.timeline, since = pg_catalog.clock_timestamp()
    WHERE (s.system, s.timeline) IS DISTINCT FROM (excluded.system, excluded.timeline)"""

_LOST = """INSERT INTO {s}.lost (owner, id, version, deleted)
    VALUES (%(owner)s, %(id)s, %(version)s, %(deleted)s) ON CONFLICT DO NOTHING"""


class Remembered:
    """The id of the store, and the memory of this machine below the folder `state`, if given."""

    def __init__(self, state: str) -> None:
        self._state = state
        self._memory: HighWater | None = None
        self._server: Server | None = None
        self._told = Told()
        self.identity = ""

    def greet(self, ask: Ask) -> None:
        """Ask a new connection which store it leads to, and compare that with the memory. Raises what `ask` raises.

        What is lost is written down for all machines, and so is that another server answers than before.
        """
        self.identity, server, known = self._store_and_server(ask)
        if self._state and self._memory is None:
            self._memory = HighWater(os.path.join(self._state, "shared", self.identity))
        if self._memory is not None:
            with suppress(*ODD):  # a memory that cannot be kept stops nobody
                self._compare(self._memory, ask, server)
        if not known:
            ask(_ANOTHER, server)
        if self._server not in (None, server):
            ask(LACKING, self._told.values())
        self._server = server

    def hear(self, told: str) -> list[str]:
        """Remember a change that is told, and return the digests of the names that it is about."""
        return self._told.add(told, self.identity)

    def _compare(self, memory: HighWater, ask: Ask, server: Server) -> None:
        if memory.is_new:
            ask(_SWEEP, {"kept": KEPT})
        before = memory.marks()
        memory.compare(before, dict(ask(_COUNTS, (memory.machine,))), server)
        memory.report(lambda lost: self._report(ask, lost))

    def _report(self, ask: Ask, lost: Sequence[LostSave]) -> None:
        for each in lost:
            with suppress(ValueError):  # no version: nothing stands there now, or the memory was damaged
                version = uuid.UUID(each.replaced)
                ask(_LOST, {**key(each.name), "version": version, "deleted": each.deleted})

    def _store_and_server(self, ask: Ask) -> tuple[str, Server, bool]:
        """Return which store and which server it is, and whether all know that; some providers keep the server secret.

        Raises `StoreUnavailable` where the tables have lost their id, or have got another one beside it.
        """
        found = list[tuple[str, Server, bool]]()
        with suppress(psycopg.Error):
            found = [(id, Server(system, timeline), known) for id, system, timeline, known in ask(_SERVER)]
        found = found or [(id, Server(), True) for (id,) in ask(_IDENTITY)]
        if len(found) > 1:
            raise StoreUnavailable(
                "a backup was restored into tables that were there already, and has not replaced what they had",
                hint="restore it into an empty database, in which tokenkit store init was not run",
            )
        for store in found:
            return store
        raise StoreUnavailable("the database has lost the id of its tables", hint="restore the table identity")

    @property
    def machine(self) -> uuid.UUID | None:
        """The random id of this machine; None where nothing is remembered."""
        with suppress(StoreError):
            return None if self._memory is None else self._memory.machine
        return None

    @property
    def lost(self) -> tuple[LostSave, ...]:
        """What is known to be lost of what was confirmed to this machine."""
        return () if self._memory is None else self._memory.lost

    def counting(self, name: Name) -> Mapping[str, object] | None:
        """Return the values that `COUNTED` needs; None where nothing is remembered, and so nothing is counted."""
        machine = self.machine
        return None if machine is None else {"machine": machine, "slot": HighWater.slot(name)}

    def saved(self, name: Name, count: int | None, replaced: object, *, deleted: bool) -> None:
        """Remember a save that was confirmed under that count; None was not counted."""
        if self._memory is not None and count is not None:
            self._memory.saved(name, count, replaced, deleted=deleted)

    def forget(self, owner: str) -> None:
        """Forget the names of an owner's saves."""
        if self._memory is not None:
            with suppress(*ODD):  # it is bounded, and forgets them by itself
                self._memory.forget(owner)
