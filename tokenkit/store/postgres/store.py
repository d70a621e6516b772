"""The `Store` in PostgreSQL. Each call is one statement, which commits by itself: no transaction is left open (R38)."""

import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any

from tokenkit.elapsed import elapsed
from tokenkit.errors import Conflict, StoreUnavailable
from tokenkit.store import Name, Store, Stored, Version
from tokenkit.store.lost import LostSave
from tokenkit.store.postgres import schema
from tokenkit.store.postgres.activity import PostgresActivity
from tokenkit.store.postgres.address import Address
from tokenkit.store.postgres.ahead import LOST, ReadAhead
from tokenkit.store.postgres.connections import ANSWER_IN, Ask, Connections
from tokenkit.store.postgres.due import NOT_PLANNED, PLANNED, PostgresSchedule
from tokenkit.store.postgres.errors import AnswerLost
from tokenkit.store.postgres.forget import FORGET
from tokenkit.store.postgres.lease import ENDED, Leases, PostgresLease
from tokenkit.store.postgres.line import Line
from tokenkit.store.postgres.look import LOOK_IN, Look
from tokenkit.store.postgres.machines import Machines
from tokenkit.store.postgres.names import THIS, key, text, to_bytes
from tokenkit.store.postgres.remembered import COUNTED, Remembered
from tokenkit.store.postgres.session import Session

PAGE = 500
"""Names that one statement brings at most."""

DELETED_FOR = "1 day"
"""How long the row of a deleted record that is no grant stays: it tells who has claimed it (R21)."""

_MOVED = """, moved AS (INSERT INTO {s}.accounts AS a (owner, provider, version)
    SELECT %(owner)s, %(provider)s, %(version)s FROM saved
    ON CONFLICT (owner, provider) DO UPDATE SET version = excluded.version)"""

_INSERT = """INSERT INTO {s}.record AS r (kind, owner, id, data, version)
    VALUES (%(kind)s, %(owner)s, %(id)s, %(data)s, %(version)s)
    ON CONFLICT (kind, owner, id) DO UPDATE
    SET data = excluded.data, version = excluded.version, changed = pg_catalog.clock_timestamp()
    WHERE r.data IS NULL RETURNING 1"""

_UPDATE = f"""UPDATE {{s}}.record
    SET data = %(data)s, version = %(version)s, changed = pg_catalog.clock_timestamp()
    WHERE {THIS} AND version = %(replaces)s AND data IS NOT NULL RETURNING 1"""

_LOAD = f"SELECT data, version FROM {{s}}.record WHERE {THIS}"
_VERSION = f"SELECT version FROM {{s}}.record WHERE {THIS} AND data IS NOT NULL"
_VERSION_OF_ALL = "SELECT version FROM {s}.accounts WHERE owner = %(owner)s AND provider = %(id)s"
_VERSIONS = """SELECT coalesce(r.version, a.version)
    FROM unnest(%(owners)s::bytea[], %(ids)s::bytea[]) WITH ORDINALITY AS asked (owner, id, place)
    LEFT JOIN {s}.record AS r ON r.kind = 'grant' AND r.owner = asked.owner AND r.id = asked.id AND r.data IS NOT NULL
    LEFT JOIN {s}.accounts AS a ON a.owner = asked.owner AND a.provider = asked.id
    ORDER BY asked.place"""
_NAMES = """SELECT id FROM {s}.record WHERE kind = %(kind)s AND owner = %(owner)s AND id > %(id)s
    AND id >= %(prefix)s AND (%(beyond)s::bytea IS NULL OR id < %(beyond)s) AND data IS NOT NULL
    ORDER BY id LIMIT %(page)s"""
_GRANTS = """SELECT count(*) FROM (SELECT FROM {s}.record WHERE kind = 'grant' AND id >= %(prefix)s
    AND id < %(beyond)s AND data IS NOT NULL LIMIT %(most)s) AS found"""
_OWNERS = "SELECT DISTINCT owner FROM {s}.record ORDER BY owner"
_SWEEP = f"""DELETE FROM {{s}}.record WHERE data IS NULL AND kind <> 'grant'
    AND changed < pg_catalog.clock_timestamp() - interval '{DELETED_FOR}'"""


class PostgresStore(Store):
    """A `Store` that several machines share. Nothing is connected before it is asked."""

    shared = True
    """No key is ever made for it: each machine must be given the same one (R28)."""

    def __init__(self, address: Address, direct: Address | None = None, *, state: str = "") -> None:
        """Keep the records in the schema of `address`, which `tokenkit store init` has made.

        `direct` is the address of the same database without a pooler, where `address` leads to one. Below the folder
        `state` this machine remembers what was confirmed to it; without it, it remembers nothing.
        """
        self.address = address
        self._remembered = Remembered(state)
        self._connections = _connections(address, self._greet)
        self.machines = Machines(self._connections, self._remembered)
        past_a_pooler = direct and _connections(direct, self._greet, named=direct.where)
        self._session = Session(past_a_pooler or self._connections)
        self._line = Line(self._session, self._connections, self._hear)
        self._look = Look(self._versions, self._line)
        self.schedule = PostgresSchedule(self._connections, lambda: self._line.used(elapsed()))
        self.activity = PostgresActivity(self._connections)
        self._ahead = ReadAhead()
        self._leases = Leases(self._connections, self._session)

    def _greet(self, ask: Ask) -> None:
        self._remembered.greet(ask)
        self.machines.greet(ask)

    def _hear(self, told: str) -> None:
        self._look.changed(self._remembered.hear(told))

    def identity(self) -> str:
        """Return the id that the tables were given when they were made: each sealed record names it (R10)."""
        if not self._remembered.identity:
            self._connections.ask("SELECT")  # a connection asks for it
        return self._remembered.identity

    def reach(self) -> None:
        """Make sure that the database is reached by each address. Raises `StoreUnavailable`."""
        self.identity()
        self._session.key()

    @property
    def lost(self) -> tuple[LostSave, ...]:
        """What the database has confirmed to this machine, and lost since, as far as this process has seen."""
        return self._remembered.lost

    def lost_after(self, name: Name, version: Version) -> set[bool]:
        """Return of the saves that had replaced this version and are gone, whether each was a deletion (R10)."""
        said = self._ahead.lost(name, version)
        if said is None:
            said = [deleted for (deleted,) in self._connections.ask(LOST, {**key(name), "version": version})]
        mine = [each.deleted for each in self.lost if each.name == name and each.replaced == str(version)]
        return {*said, *mine}

    def load(self, name: Name) -> Stored | None:
        """Return the record, or None when there is none."""
        for found in self._ahead.take(name):
            return found
        rows = self._connections.ask(_LOAD, key(name))
        if not rows or rows[0][0] is None:
            return None
        data, version = rows[0]
        return Stored(bytes(data), version)

    def reading(self, names: Sequence[Name]) -> AbstractContextManager[None]:
        """Read all of `names` in one statement: within the ``with``, it serves the first load and note of each."""
        return self._ahead.reading(self._connections, names)

    def save(
        self, name: Name, data: bytes | None, *, replaces: Version | None, due: float | None = None
    ) -> Version | None:
        """Write durably over the version `replaces`, or raise `Conflict`; None deletes.

        Where the answer is lost, the row is asked: a version is random, so ours in it says that it was done.
        """
        if data is None and replaces is None:
            if self.version(name) is not None:
                raise _changed(name)
            return None
        self._ahead.take(name)
        ending = self._leases.ending.take(name)
        version = uuid.uuid4()
        written = {"data": data, "version": version, "replaces": replaces, "due": due}
        statement, values = self._saving(name, written, ending)
        lost = False

        def attempt(left: float) -> None:
            nonlocal lost
            try:
                done, count = self._connections.once(statement, values, within=left)[0]
            except AnswerLost:
                lost = True
                raise
            if done:
                self._remembered.saved(name, count, replaces, deleted=data is None)
            elif not lost or [row[1] for row in self._connections.once(_LOAD, key(name), within=left)] != [version]:
                raise _changed(name)

        self._connections.repeat(attempt, within=ANSWER_IN)
        if ending is not None:
            ending.has_ended = True
        self._look.forget(name, name._replace(id=name.id.partition("/")[0]))
        if data is not None:
            return version
        with suppress(StoreUnavailable):  # the record is deleted, and that is what was asked for
            self._connections.once(_SWEEP)
        return None

    def version(self, name: Name) -> Version | None:
        """Return the record's version, or that of a bare provider's set of accounts."""
        of_all = name.kind == "grant" and "/" not in name.id
        rows = self._connections.ask(_VERSION_OF_ALL if of_all else _VERSION, key(name))
        version: Version | None = rows[0][0] if rows else None
        return version

    def versions(self, names: Sequence[Name]) -> list[Version | None]:
        """Return the version of each, without a question while changes are told; see `tokenkit.store.postgres.look`."""
        if any(name.kind != "grant" for name in names):
            return [self.version(name) for name in names]
        return self._look.versions(names)

    def names(
        self, kind: str, owner: str = "", *, after: str = "", prefix: str = "", most: int | None = None
    ) -> Iterator[Name]:
        """Yield the names of that kind and owner by id, beyond `after`; each page is one statement."""
        left = sys.maxsize if most is None else most
        start = to_bytes(prefix)
        values = {**key(Name(kind, owner, after)), "prefix": start, "beyond": _beyond(start)}
        while left > 0:
            page = min(PAGE, left)
            rows = self._connections.ask(_NAMES, {**values, "page": page})
            for (id,) in rows:
                values["id"] = id
                if (named := text(id)) is not None:
                    yield Name(kind, owner, named)
            left -= len(rows) if len(rows) == page else left

    def owners(self) -> Iterator[str]:
        """Yield the owners that have, or once had, records."""
        return (name for (owner,) in self._connections.ask(_OWNERS) if (name := text(owner)) is not None)

    def grants(self, provider: str, most: int) -> int:
        """Return how many grants of the provider all owners have, up to `most`: to ask for each owner takes minutes."""
        prefix = to_bytes(f"{provider}/")
        ((found,),) = self._connections.ask(_GRANTS, {"prefix": prefix, "beyond": _beyond(prefix), "most": most})
        return int(found)

    def forget_owner(self, owner: str) -> None:
        """Delete every row that names the owner, once their records are deleted; one that was written since stays."""
        for statement in FORGET:
            self._connections.ask(statement, key(Name("", owner, "")))
        self._remembered.forget(owner)

    def note(self, name: Name) -> bytes:
        """Return the note of the account's last lease."""
        ahead = self._ahead.take_note(name)
        return self._leases.note(name) if ahead is None else ahead

    def lease(self, name: Name, *, lasts: float, wait: float) -> AbstractContextManager[PostgresLease]:
        """Take the lease of that name; see `tokenkit.store.postgres.lease` for who succeeds whom, and when."""
        return self._leases.held(name, lasts=lasts, wait=wait)

    def close(self) -> None:
        """Close the connections. Who asks again afterwards opens new ones."""
        self._line.close()
        self._session.close()
        self._connections.close()

    def _saving(
        self, name: Name, written: dict[str, Any], ending: PostgresLease | None
    ) -> tuple[str, dict[str, object]]:
        """Return the statement that saves, with its values: it answers whether it did, and how that was counted."""
        saved = _INSERT if written["replaces"] is None else _UPDATE
        values = {**key(name), **written}
        if name.kind != "grant":
            return f"WITH saved AS ({saved}) SELECT (SELECT count(*) FROM saved), NULL", values
        self.identity()  # it connects, and so knows how this machine is counted
        counting = self._remembered.counting(name)
        counted, count = (COUNTED, "(SELECT saves FROM counted)") if counting else ("", "NULL")
        ended, last = (ENDED, ending.last) if ending else ("", {})
        statement = f"WITH saved AS ({saved}){_MOVED}{_planned(written['data'], written['due'])}{counted}{ended}"
        values |= {"provider": name.id.partition("/")[0].encode(), **(counting or {}), **last}
        return f"{statement} SELECT (SELECT count(*) FROM saved), {count}", values

    def _versions(self, names: Sequence[Name]) -> list[Version | None]:
        asked = [key(name) for name in names]
        values = {"owners": [each["owner"] for each in asked], "ids": [each["id"] for each in asked]}
        return [row[0] for row in self._connections.ask(_VERSIONS, values, within=LOOK_IN)]


def _connections(address: Address, greet: Callable[[Ask], None], named: str = "") -> Connections:
    return Connections(address, lambda connection: schema.check(connection, address.schema), greet, named=named)


def _changed(name: Name) -> Conflict:
    return Conflict(f"{name.id} has changed since it was read", hint="read it again")


def _planned(data: bytes | None, due: float | None) -> str:
    if data is None or due == float("inf"):
        return NOT_PLANNED
    return "" if due is None else PLANNED


def _beyond(prefix: bytes) -> bytes | None:
    """Return the least bytes that are greater than all that begin with `prefix`; None where there are none."""
    prefix = prefix.rstrip(b"\xff")
    return prefix[:-1] + bytes([prefix[-1] + 1]) if prefix else None
