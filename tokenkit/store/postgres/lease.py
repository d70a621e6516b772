"""Leases in the database (R5, R6, R38): a row with an end by the server's clock. Nothing is held open meanwhile.

A holder writes its note before it sends, and says whether it acts: sends what cannot be sent twice. Until then its
lease can be taken over without harm: the note is refused to who no longer has the lease, and so nothing is sent. So a
holder whose session has ended is succeeded after `GONE_FOR` seconds, but one that acts only at the end of its lease.

The clock of a server can be set forward by minutes, and all leases have ended then. So one that acts, and whose session
lives, is succeeded only by who has seen its lease ended for `ACTS_FOR` seconds, by a clock that nobody sets.
"""

import threading
import time
import uuid
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from tokenkit.elapsed import elapsed
from tokenkit.errors import StoreUnavailable
from tokenkit.store import Lease, Name
from tokenkit.store.postgres.connections import ANSWER_IN, Connections
from tokenkit.store.postgres.names import THIS, key
from tokenkit.store.postgres.session import Session

GONE_FOR = 5.0
"""Seconds for which a holder's session must be seen to be gone: a line that was cut comes back sooner."""

ACTS_FOR = 90.0
"""Seconds for which a lease must be seen ended where its holder acts and lives: what a refresh takes at most."""

COMPARING = 30.0
"""Seconds after a failover in which nothing is sent that cannot be sent twice: the machines connect, and compare."""

POLLS = (0.02, 0.05, 0.1, 0.2, 0.3)
"""Seconds between the looks of who waits; the last one repeats."""

_ALIVE = """EXISTS (SELECT FROM pg_catalog.pg_locks AS held WHERE held.locktype = 'advisory' AND held.granted
    AND held.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
    AND ((held.classid::bigint << 32) | held.objid::bigint) = {session} AND held.objsubid = 1)"""

_SOON = "pg_catalog.set_config('synchronous_commit', 'off', true)"
"""Part of a statement that need not be on the disk when it is answered: the next one that must be takes it along.

A crash of the server may undo it. Then a lease that was taken is refused its note, so that nothing is sent; one that
was given back ends by itself, or once the process that gave it back asks for it again.
"""

_TAKE = f"""INSERT INTO {{s}}.lease AS l (kind, owner, id, holder, session, incarnation, ends)
    VALUES (%(kind)s, %(owner)s, %(id)s, %(holder)s, %(session)s, pg_catalog.pg_postmaster_start_time(),
        pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => %(lasts)s))
    ON CONFLICT (kind, owner, id) DO UPDATE SET holder = excluded.holder, session = excluded.session,
        incarnation = excluded.incarnation, ends = excluded.ends, began_to_act = false
    WHERE l.holder IS NULL OR l.holder IN (%(holder)s, %(given_back)s)
        OR (l.holder = %(gone)s AND NOT l.began_to_act) OR (l.ends <= pg_catalog.clock_timestamp()
            AND (NOT l.began_to_act OR l.holder = %(gone)s OR NOT {_ALIVE.format(session="l.session")}))
    RETURNING note, {_ALIVE.format(session="l.session")},
        extract(epoch FROM pg_catalog.clock_timestamp())::float8, {_SOON}"""

_LOOK = f"""SELECT holder, session, began_to_act,
    session IS NOT NULL AND incarnation = pg_catalog.pg_postmaster_start_time()
    AND NOT {_ALIVE.format(session="l.session")}, extract(epoch FROM ends)::float8, ends <= pg_catalog.clock_timestamp()
    FROM {{s}}.lease AS l WHERE {THIS} AND holder IS NOT NULL"""

_WRITE = f"""UPDATE {{s}}.lease SET note = %(note)s, began_to_act = %(acts)s
    WHERE {THIS} AND holder = %(holder)s AND ends > pg_catalog.clock_timestamp()"""
_WRITE_SOON = f"{_WRITE} RETURNING 1, {_SOON}"
_OF_LATE = """since BETWEEN pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => %(comparing)s)
        AND pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => %(comparing)s)"""
"""Later than that is a date of a clock that was set back since: it would hold everybody back until it has come."""

_WRITE_AND_ACT = f"""{_WRITE} AND NOT EXISTS (SELECT FROM {{s}}.server WHERE {_OF_LATE}
        OR timeline <> ('x' || left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8))::bit(32)::int)
    RETURNING 1"""

_COMPARING = f"""SELECT %(comparing)s - extract(epoch FROM pg_catalog.clock_timestamp() - since)::float8
    FROM {{s}}.server WHERE {_OF_LATE}"""

_PROLONG = f"""UPDATE {{s}}.lease AS l SET session = %(session)s, incarnation = pg_catalog.pg_postmaster_start_time(),
        began_to_act = true, ends = pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => %(lasts)s)
    WHERE {THIS} AND holder = %(holder)s RETURNING {_ALIVE.format(session="l.session")}"""

_RELEASE = f"""WITH forgotten AS (DELETE FROM {{s}}.lease WHERE {THIS} AND holder = %(holder)s
        AND kind IN ('grant', 'unsaved') AND owner <> ''::bytea
        AND NOT EXISTS (SELECT FROM {{s}}.accounts AS a WHERE a.owner = %(owner)s) RETURNING id)
    UPDATE {{s}}.lease SET holder = NULL, note = coalesce(%(note)s, note)
    WHERE {THIS} AND holder = %(holder)s AND NOT EXISTS (SELECT FROM forgotten) RETURNING {_SOON}"""
"""Of the account of an owner who was deleted meanwhile no row stays: each owner that is kept has rows of accounts."""

ENDED = f""", ended AS (UPDATE {{s}}.lease SET holder = NULL, note = %(note)s
    WHERE {THIS} AND holder = %(holder)s AND EXISTS (SELECT FROM saved))"""
"""Part of a statement that saves, named ``saved`` there: what `_RELEASE` would do, in the same write."""

_NOTE = f"SELECT note FROM {{s}}.lease WHERE {THIS}"


class PostgresLease(Lease):
    """A lease that ends by the database's clock, however its holder fares."""

    def __init__(
        self, leases: "Leases", name: Name, holder: uuid.UUID, note: bytes, asked: float, lasts: float, ahead: float
    ) -> None:
        self._leases = leases
        self._connections, self._ending = leases.connections, leases.ending
        self.name = name
        self._holder = holder
        self._note = note
        self._ends = asked + lasts
        self._lasts = lasts
        self._prolonged = float("-inf")
        self._ahead = ahead
        self.left_note: bytes | None = None
        """The note that is written as the lease is given back; None where the one that stands there is to stay."""
        self.last: dict[str, object] = {}
        """The values that `ENDED` needs, once a save is to end the lease."""
        self.has_ended = False

    def left(self) -> float:
        """Return the seconds for which the lease is ours, counted from before it was asked for."""
        return self._ends - elapsed()

    def now(self, here: float) -> float:
        """Return the Unix time of the database, or a little less: a date of this holder's is past for the next one."""
        return self._ahead + elapsed()

    @property
    def note(self) -> bytes:
        """What the last holder left, or what this one has written."""
        return self._note

    def write_note(self, note: bytes, *, acts: bool = False) -> None:
        """Replace the note, durably where the holder `acts`.

        Raises `StoreUnavailable` where the lease is another's by now (R38).
        """
        values = {**key(self.name), "holder": self._holder, "note": note, "acts": acts}
        if acts:
            values["comparing"] = COMPARING
        if not self._connections.ask(_WRITE_AND_ACT if acts else _WRITE_SOON, values):
            if acts:
                self._refuse_after_a_failover()
            raise StoreUnavailable(
                f"the lease on {self.name.id} is lost: this process was away for too long, or the database ended at "
                "once and has started again",
                hint="try again",
            )
        self._note, self.left_note = note, None

    def prolong(self) -> None:
        """Hold it on, by the session that this process has now; each third of its time (R8)."""
        asked = elapsed()
        if asked - self._prolonged >= self._lasts / 3 and self._leases.prolong(self.name, self._holder, self._lasts):
            self._prolonged, self._ends = asked, asked + self._lasts

    def leave_note(self, note: bytes) -> None:
        """Leave the note for the next holder: it goes with the lease."""
        self._note = self.left_note = note

    def end_with_save(self, note: bytes) -> None:
        """Let this thread's next save, of this name, give the lease back in the same statement, and leave the note."""
        self._ending.lease, self.last = self, {"holder": self._holder, "note": note}

    def _refuse_after_a_failover(self) -> None:
        self._connections.close()  # behind a pooler, only a new connection learns of it, and compares
        for (left,) in self._connections.ask(_COMPARING, {"comparing": COMPARING}):
            raise StoreUnavailable(
                f"another database server answers than before, and {self.name.id} may be older there than what was "
                f"saved: nothing was sent, until all machines have compared",
                hint=f"try again in {left:.0f} seconds",
            )

    def reserve(self, size: int) -> None:
        """Do nothing: the note that comes before the request is a write already, and finds a full disk (R9)."""


class Ending(threading.local):
    """The lease that this thread's next save gives back: the thread that holds a lease saves under it."""

    lease: PostgresLease | None = None

    def take(self, name: Name) -> PostgresLease | None:
        """Return the lease, once, and to a save of its own name only."""
        lease, self.lease = self.lease, None
        return lease if lease is not None and lease.name == name else None


class _Busy(NamedTuple):
    """Who holds a lease, whether it has begun what cannot be repeated, whether its session is gone, and the end."""

    holder: uuid.UUID
    session: int | None
    began: bool
    gone: bool
    ends: float
    ended: bool


class Leases:
    """The leases of one process, by the sign of life of its `session`."""

    def __init__(self, connections: Connections, session: Session) -> None:
        self.connections = connections
        self._session = session
        self.ending = Ending()

    def note(self, name: Name) -> bytes:
        """Return the note of the last lease; empty when there is none."""
        rows = self.connections.ask(_NOTE, key(name))
        return bytes(rows[0][0]) if rows else b""

    @contextmanager
    def held(self, name: Name, *, lasts: float, wait: float) -> Generator[PostgresLease]:
        """Hold the lease of that name, waited for up to `wait` seconds, for `lasts` seconds at most.

        A save that takes it out of `ending` gives it back; otherwise it is given back at the end.
        """
        holder = uuid.uuid4()
        lease: PostgresLease | None = None
        try:
            lease = self._taken(name, holder, lasts, wait)
            yield lease
        finally:
            if lease is None or not lease.has_ended:
                self._session.give_back(name, holder)
                with suppress(StoreUnavailable):  # it ends by itself, and hides neither a result nor an error
                    left = {**key(name), "holder": holder, "note": lease and lease.left_note}
                    self.connections.ask(_RELEASE, left, within=ANSWER_IN / 2)

    def prolong(self, name: Name, holder: uuid.UUID, lasts: float) -> bool:
        """Let the lease of this holder last so long from now; False where another has it. Raises `StoreUnavailable`."""
        number = self._session.key()
        for _ in range(2):
            rows = self.connections.ask(_PROLONG, {**key(name), "holder": holder, "session": number, "lasts": lasts})
            if not rows or rows[0][0] or number is None:
                return bool(rows)
            number = self._session.key(lost=number)
        return True

    def _taken(self, name: Name, holder: uuid.UUID, lasts: float, wait: float) -> PostgresLease:
        end, polls = elapsed() + wait, iter(POLLS)
        gone: uuid.UUID | None = None
        while True:
            lease = self._try(name, holder, lasts, gone)
            if lease is not None:
                return lease
            busy = next((_Busy(*row) for row in self.connections.ask(_LOOK, key(name))), None)
            gone = None if busy is None else self._may_be_succeeded(busy)
            if gone is not None:
                continue
            left = end - elapsed()
            if left <= 0:
                raise _not_given(name, busy)
            time.sleep(min(next(polls, POLLS[-1]), left))

    def _may_be_succeeded(self, busy: _Busy) -> uuid.UUID | None:
        """Return the holder, if it is gone and does not act. A line that was cut comes back sooner, as another one.

        Whose session was seen to be gone once, over this lease or another one, is not waited for twice. So it is with a
        lease that has ended, or whose end the server's clock has jumped over, of a holder that lives.
        """
        if busy.ended:
            over = self._session.known_for((busy.holder, busy.ends)) >= ACTS_FOR
        else:
            gone = busy.gone and not busy.began and busy.session is not None
            over = gone and self._session.known_for(busy.session) >= GONE_FOR
        return busy.holder if over else None

    def _try(self, name: Name, holder: uuid.UUID, lasts: float, gone: uuid.UUID | None) -> PostgresLease | None:
        number = self._session.key()
        for tried in (1, 2, 3):
            asked = elapsed()
            values = {**key(name), "holder": holder, "session": number, "lasts": lasts, "gone": gone}
            values["given_back"] = self._session.given_back(name)
            rows = self.connections.ask(_TAKE, values)
            if not rows:
                break
            note, alive, now = rows[0][:3]
            if alive or number is None:
                return PostgresLease(self, name, holder, bytes(note), asked, lasts, now - elapsed())
            # The server has restarted, or the line was cut: again, with a new one; or that leads to another database.
            number = self._session.key(lost=number) if tried == 1 else None
        return None


def _not_given(name: Name, busy: _Busy | None) -> StoreUnavailable:
    """Tell busy from dead (R38)."""
    if busy is not None and busy.gone:
        return StoreUnavailable(
            f"the process that held {name.id} is gone, and what it has sent may still be answered",
            hint="try again in two minutes",
        )
    return StoreUnavailable(f"another process has held {name.id} for too long", hint="try again")
