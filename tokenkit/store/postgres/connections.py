"""A few connections, shared by the threads of a process; none is kept by anybody longer than one statement takes."""

import os
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, TypeVar, cast

import psycopg
from psycopg import sql

from tokenkit.elapsed import elapsed
from tokenkit.store.postgres.address import Address
from tokenkit.store.postgres.errors import AnswerLost, NotDone, not_connected, translating

T = TypeVar("T")

Values = Sequence[object] | Mapping[str, object]

AT_MOST = 4
"""Connections of one process. A refresh needs one for some milliseconds, so a few serve many threads."""

ANSWER_IN = 10.0
"""Seconds in which the database must have answered."""

ENDED_AFTER = ANSWER_IN + 2.0
"""Seconds after which the server ends a statement whose answer nobody waits for by then. It would not notice: behind a
lock of an hour, each try would leave one more connection, until there were none for anybody."""

OLDEST = 3600.0
"""Seconds after which a connection is replaced: each new one is greeted, and so a process is seen to be there."""

UNUSED_FOR = 180.0
"""Seconds after which a connection that nobody has used is replaced. What lies between may have forgotten it without a
word, as some firewalls do after four minutes: who asks on it waits in vain, for all the time that there is."""

PREPARED_FROM = 5
"""Runs of a statement on a connection after which the server keeps its plan: to make one takes as long as to run it."""

PAUSE = 0.05
"""Seconds before the first repetition of what was not done; each further one waits twice as long."""


class TimedConnection(psycopg.Connection[tuple[Any, ...]]):
    """Gives an answer up at `deadline` (of `time.monotonic`): libpq would wait for ever on a line that is stalled."""

    deadline = float("inf")

    made = used = 0.0
    """When it was made, and when it was given back last, of `elapsed`."""

    wakes_every = 0.1
    """Seconds after which who waits looks for Ctrl-C, and for the deadline."""

    def __del__(self, *_: Any) -> None:
        """Stay silent where a kit was dropped and not closed: libpq's part ends itself, in its own process only."""

    def wait(self, gen: Any, interval: float = 0.0, *timeout: Any, **named: Any) -> Any:
        """Wait as psycopg does, but only until the deadline; then it raises an `OperationalError`."""
        return super().wait(_until(self.deadline, gen), interval or self.wakes_every, *timeout, **named)


def _until(deadline: float, gen: Any) -> Generator[Any, Any, Any]:
    """Go on with what psycopg waits for, which it wakes each interval. Its own time-out came with a patch of 3.3.

    An answer that has come is taken, however late: this process may have been stopped meanwhile.
    """
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if not ready and time.monotonic() > deadline:
                raise psycopg.OperationalError("no answer in time")
            wanted = gen.send(ready)
    except StopIteration as done:
        return done.value


Ask = Callable[..., list[tuple[Any, ...]]]
"""Runs a statement with its values, on one connection, and returns its rows. Raises psycopg's errors."""


class Connections:
    """The connections of one process to one database. A forked child makes its own."""

    def __init__(
        self,
        address: Address,
        check: Callable[[TimedConnection], None],
        greet: Callable[[Ask], None],
        *,
        named: str = "",
    ) -> None:
        """`check` is called once, with the first connection, and raises what makes the database unusable.

        `greet` is called with each, after that: behind an address another server may answer than before. `named` says
        in errors which of two addresses it is.
        """
        self.address = address
        self._not_connected = partial(not_connected, by=named)
        self._check = check
        self._greet = greet
        self._statements: dict[str, bytes] = {}
        self._begin()

    def _begin(self) -> None:
        """Begin anew: a child must not speak on its parent's connections, and does not close them either."""
        self._pid = os.getpid()
        self._idle: list[TimedConnection] = []
        self._slots = threading.BoundedSemaphore(AT_MOST)
        self._lock = threading.Lock()
        self.was_connected = False

    def statement(self, text: str) -> bytes:
        """Return a statement with ``{s}`` in its text replaced by the schema's name; of each text, once."""
        if text not in self._statements:
            name = sql.Identifier(self.address.schema)
            self._statements[text] = sql.SQL(cast(Any, text)).format(s=name).as_bytes(None)
        return self._statements[text]

    def once(self, text: str, values: Values = (), *, within: float = ANSWER_IN) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows. Raises `NotDone`, `AnswerLost`, or another `StoreUnavailable`.

        `within` is in seconds, the wait for a free connection included.
        """
        deadline = time.monotonic() + within
        with self._connection(deadline) as connection:
            return translating(lambda: self._run(connection, text, values))

    def ask(self, text: str, values: Values = (), *, within: float = ANSWER_IN) -> list[tuple[Any, ...]]:
        """Run a statement that may be done twice, again while its answer is lost and there is time."""
        return self.repeat(lambda left: self.once(text, values, within=left), within=within)

    def repeat(self, work: Callable[[float], T], *, within: float) -> T:
        """Call `work` with the seconds that are left, again after `NotDone` and `AnswerLost` while there is time."""
        end, pause = time.monotonic() + within, PAUSE
        while True:
            try:
                return work(max(end - time.monotonic(), 0.1))
            except (NotDone, AnswerLost):
                if not self.was_connected or time.monotonic() + pause > end:
                    raise
            time.sleep(pause)
            pause = min(2 * pause, 1.0)

    def connect(self, deadline: float = float("inf")) -> TimedConnection:
        """Make a connection, of which the first of a process is checked. The caller closes it."""
        connection: TimedConnection = translating(lambda: self.address.connect(TimedConnection), self._not_connected)
        connection.deadline, connection.made = deadline, elapsed()
        try:
            translating(lambda: self._welcome(connection))
        except BaseException:
            connection.close()
            raise
        return connection

    def _welcome(self, connection: TimedConnection) -> None:
        if not self.was_connected:
            self._check(connection)
        self._greet(partial(self._run, connection))
        self.was_connected = True
        connection.prepare_threshold = PREPARED_FROM if _bounded(connection) else None

    def close(self) -> None:
        """Close what is open. Who asks again afterwards opens it anew."""
        if self._pid != os.getpid():  # they are the parent's, and to close one would end it there
            return
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    @contextmanager
    def _connection(self, deadline: float) -> Generator[TimedConnection]:
        if self._pid != os.getpid():
            self._begin()
        slots = self._slots
        if not slots.acquire(timeout=max(deadline - time.monotonic(), 0)):
            raise NotDone("all connections of this process to the database are busy", hint="try again")
        try:
            connection = self._taken(deadline)
            try:
                yield connection
            finally:
                self._give_back(connection)
        finally:
            slots.release()

    def _run(self, connection: TimedConnection, text: str, values: Values = ()) -> list[tuple[Any, ...]]:
        try:
            cursor = connection.execute(self.statement(text), values)
        except psycopg.errors.ReadOnlySqlTransaction:
            connection.close()  # the server has become a replica: a new one is made to one that takes changes
            raise
        return cursor.fetchall() if cursor.description else []

    def _taken(self, deadline: float) -> TimedConnection:
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        now = elapsed()
        if connection is not None and (now - connection.made > OLDEST or now - connection.used > UNUSED_FOR):
            connection.close()
            connection = None
        if connection is None:
            return self.connect(deadline)
        connection.deadline = deadline
        return connection

    def _give_back(self, connection: TimedConnection) -> None:
        if connection.broken or connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            with suppress(psycopg.Error):
                connection.close()
            return self.close()  # what ended this one has mostly ended the others, too
        if connection.closed:
            return None
        connection.used = elapsed()
        with self._lock:
            return self._idle.append(connection)


_BOUND = """SELECT pg_catalog.pg_backend_pid() = %(pid)s, CASE WHEN pg_catalog.pg_backend_pid() = %(pid)s
    AND pg_catalog.current_setting('statement_timeout')::interval NOT BETWEEN '1ms' AND %(after)s::text::interval
    THEN pg_catalog.set_config('statement_timeout', %(after)s::text, false) END"""


def _bounded(connection: TimedConnection) -> bool:
    """Bound its statements by `ENDED_AFTER`, and tell whether no pooler lies between, which lends others' connections.

    One that does mixes prepared statements up, and would keep the bound for those who come after.
    """
    values = {"pid": connection.info.backend_pid, "after": f"{ENDED_AFTER:g}s"}
    row = connection.execute(_BOUND, values).fetchone()
    return row is not None and bool(row[0])
