"""The one direct connection of a process: its sign of life, a lock that the server frees when it ends (R38).

It is also the one that messages come on (R39). Neither works through a pooler that lends each statement another
connection: the lock would be held by a connection that others use, and nothing would be heard.
"""

import os
import secrets
import socket
import time
import uuid
from collections import OrderedDict
from collections.abc import Generator, Hashable
from contextlib import contextmanager, suppress

import psycopg

from tokenkit.elapsed import elapsed
from tokenkit.fork_lock import ForkLock
from tokenkit.store import Name
from tokenkit.store.postgres.connections import ANSWER_IN, Connections, TimedConnection
from tokenkit.store.postgres.errors import translating

MOST_REMEMBERED = 1000
"""Sessions that are gone, leases that have ended, and those that were given back, of which a process knows."""

_LOCK = """SELECT pg_catalog.pg_backend_pid() = %(pid)s,
    CASE WHEN pg_catalog.pg_backend_pid() = %(pid)s THEN pg_catalog.pg_advisory_lock(%(key)s) END"""
"""A pooler tells its client a number of its own. Through one, no lock is taken: nobody would ever free it."""


class Session:
    """One connection of a process that holds one session-level advisory lock, under a random number."""

    def __init__(self, connections: Connections) -> None:
        """Connect by `connections` when it is needed."""
        self._connections = connections
        self._changing = ForkLock()
        self._begin()
        self._known_since: OrderedDict[Hashable, float] = OrderedDict()
        self._given_back: OrderedDict[Name, uuid.UUID] = OrderedDict()
        self.pooled = False
        """Whether a pooler lies between: then there is no sign of life, and nothing is heard."""

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._connection: TimedConnection | None = None
        self._listening: TimedConnection | None = None
        self._key = 0

    def key(self, *, lost: int | None = None) -> int | None:
        """Return the number of the lock; a new one where there is none, or where the server has lost the one `lost`.

        None behind a pooler.
        """
        connection = self._connections.repeat(lambda left: self._open(lost), within=ANSWER_IN)
        return None if connection is None else self._key

    def known_for(self, fact: Hashable) -> float:
        """Return since how many seconds this is known, as that another's session is gone: it never comes back."""
        now = elapsed()
        with self._changing.lock:
            since = self._known_since.setdefault(fact, now)
            if len(self._known_since) > MOST_REMEMBERED:
                self._known_since.popitem(last=False)
        return now - since

    def given_back(self, name: Name) -> uuid.UUID | None:
        """Return the holder under whom this process last gave that lease back: a crash of the server may undo that."""
        return self._given_back.get(name)

    def give_back(self, name: Name, holder: uuid.UUID) -> None:
        """Take note that this process is done with a lease."""
        with self._changing.lock:
            self._given_back[name] = holder
            if len(self._given_back) > MOST_REMEMBERED:
                self._given_back.popitem(last=False)

    @contextmanager
    def listening(self) -> Generator[TimedConnection | None]:
        """Let one thread read from the connection, which nobody else closes meanwhile; None behind a pooler.

        Raises `StoreUnavailable` where there is none to be had.
        """
        connection = self._open(None)
        if connection is None:
            yield None
            return
        with self._changing.lock:
            self._listening = connection
        try:
            yield connection
        finally:
            with self._changing.lock:
                self._listening = None
                if connection is not self._connection:
                    _end(connection)

    def lost(self, connection: TimedConnection) -> None:
        """Take note that this connection has ended."""
        with self._changing.lock:
            if connection is self._connection:
                self._drop()

    def close(self) -> None:
        """End the connection, and the lock with it."""
        if self._pid != os.getpid():  # it is the parent's
            return
        with self._changing.lock:
            self._drop()

    def _open(self, lost: int | None) -> TimedConnection | None:
        if self._pid != os.getpid():
            self._begin()
        connection = self._connection
        if connection is not None and lost is None:
            return connection
        with self._changing.lock:
            if not self.pooled and (self._connection is None or self._key == lost):
                self._drop()
                self._connection = self._made()
            return self._connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if connection is self._listening:
            _wake_the_reader(connection)
        else:
            _end(connection)

    def _made(self) -> TimedConnection | None:
        key = secrets.randbits(63)
        connection = self._connections.connect(time.monotonic() + ANSWER_IN)
        values = {"pid": connection.info.backend_pid, "key": key}
        try:
            row = translating(lambda: connection.execute(_LOCK, values).fetchone())
        except BaseException:
            _end(connection)
            raise
        self.pooled = row is None or not row[0]
        if self.pooled:
            _end(connection)
            return None
        self._key = key
        return connection


def _wake_the_reader(connection: TimedConnection) -> None:
    """Let the thread that reads from it find its end: to close it from here would pull it away from under that one."""
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)


def _end(connection: TimedConnection) -> None:
    with suppress(psycopg.Error):
        connection.close()
