"""What a process knows of the database behind an address: which store it is, and whether it has lost anything (R10)."""

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import psycopg

from tokenkit.errors import StoreError
from tokenkit.store import Name
from tokenkit.store.lost import LostSave
from tokenkit.store.postgres import schema
from tokenkit.store.postgres.high_water import ODD, HighWater, look

COUNTED = """, counted AS (INSERT INTO {s}.confirmed AS c (machine, slot, saves)
    SELECT %(machine)s, %(slot)s, 1 FROM saved ON CONFLICT (machine, slot)
    DO UPDATE SET saves = c.saves + 1, changed = pg_catalog.clock_timestamp() RETURNING saves)"""
"""Belongs to a statement whose ``saved`` is a save: it counts it for this machine, and is lost together with it."""


class Remembered:
    """The id of the store in the schema `name`, and the memory of this machine below the folder `state`, if given."""

    def __init__(self, name: str, state: str) -> None:
        self._name = name
        self._state = state
        self._memory: HighWater | None = None
        self.identity = ""

    def greet(self, connection: "psycopg.Connection[Any]") -> None:
        """Ask a new connection which store it leads to, and compare that with the memory. Raises psycopg's errors."""
        self.identity = schema.identity(connection, self._name)
        if self._state and self._memory is None:
            self._memory = HighWater(os.path.join(self._state, "shared", self.identity))
        if self._memory is not None:
            with suppress(*ODD):  # a memory that cannot be kept stops nobody
                look(self._memory, connection, self._name)

    @property
    def lost(self) -> tuple[LostSave, ...]:
        """What is known to be lost."""
        return () if self._memory is None else self._memory.lost

    def newly_lost(self) -> list[LostSave]:
        """Return what of it was found since this was last asked."""
        return [] if self._memory is None else self._memory.newly_lost()

    def counting(self, name: Name) -> Mapping[str, object] | None:
        """Return the values that `COUNTED` needs; None where nothing is remembered, and so nothing is counted."""
        with suppress(StoreError):
            if self._memory is not None:
                return {"machine": self._memory.machine, "slot": self._memory.slot(name)}
        return None

    def saved(self, name: Name, count: int | None, replaced: object, *, deleted: bool) -> None:
        """Remember a save that was confirmed under that count; None was not counted."""
        if self._memory is not None and count is not None:
            self._memory.saved(name, count, replaced, deleted=deleted)

    def forget(self, owner: str) -> None:
        """Forget the names of an owner's saves."""
        if self._memory is not None:
            with suppress(*ODD):  # it is bounded, and forgets them by itself
                self._memory.forget(owner)
