"""The line that changes are told on, and the proof that it is alive (R39): a silent line and no news look alike.

A process sends itself a message each second, by another connection, as any change is told. When it comes back, all that
was confirmed before it was sent has been told: PostgreSQL keeps messages in the order of their commits.
"""

import itertools
import os
import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

import psycopg
from psycopg import sql

from tokenkit.elapsed import elapsed
from tokenkit.errors import StoreUnavailable
from tokenkit.fork_lock import ForkLock
from tokenkit.store.postgres.connections import Connections, TimedConnection
from tokenkit.store.postgres.session import Session

EVERY = 1.0
"""Seconds between two messages of a process to itself."""

UNUSED_FOR = 60.0
"""Seconds without a look after which nobody listens any more."""

_PROOF = "SELECT pg_catalog.pg_notify(%(channel)s, %(number)s)"


class Heard(NamedTuple):
    """What the line is good for: each line that was begun has a number of its own, and no line has 0.

    Whatever was changed `until` that time (of `elapsed`), and was asked for since the line began, has been told.
    """

    line: int = 0
    until: float = float("-inf")


class Line:
    """Calls `changed` with each message of what has changed, in a thread that ends when nobody looks any more."""

    def __init__(self, session: Session, connections: Connections, changed: Callable[[str], None]) -> None:
        self.heard = Heard()
        self._session = session
        self._connections = connections
        self._changed = changed
        self._numbers = itertools.count(1)
        self._lines = itertools.count(1)
        self._used = float("-inf")
        self._thread: threading.Thread | None = None
        self._pid = 0
        self._ended = threading.Event()
        self._beginning = ForkLock()

    def used(self, now: float) -> None:
        """Take note of a look; begin to listen, where nobody does."""
        self._used = now
        if not self._listens():
            with self._beginning.lock:
                if not (self._listens() or self._session.pooled):
                    self._begin()

    def _listens(self) -> bool:
        return self._thread is not None and self._thread.is_alive() and self._pid == os.getpid()

    def close(self) -> None:
        """Let the thread end."""
        self._used = float("-inf")
        self._ended.set()

    def _begin(self) -> None:
        self.heard, self._ended, self._pid = Heard(), threading.Event(), os.getpid()
        self._thread = threading.Thread(target=self._run, args=(self._ended,), name="tokenkit listens", daemon=True)
        self._thread.start()

    def _run(self, ended: threading.Event) -> None:
        while self._goes_on(ended):
            with suppress(StoreUnavailable, psycopg.Error), self._session.listening() as connection:
                if connection is None:
                    return
                try:
                    self._listen(connection, ended)
                except psycopg.Error:
                    self._session.lost(connection)
            self.heard = Heard()
            ended.wait(EVERY)

    def _goes_on(self, ended: threading.Event) -> bool:
        return not ended.is_set() and elapsed() - self._used < UNUSED_FOR

    def _listen(self, connection: TimedConnection, ended: threading.Event) -> None:
        connection.deadline, connection.wakes_every = float("inf"), EVERY
        proof = f"tokenkit {secrets.token_hex(12)}"
        for channel in (proof, self._connections.address.schema):
            connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        self.heard = Heard(next(self._lines))
        sent: dict[str, float] = {}
        while self._goes_on(ended):
            number, now = str(next(self._numbers)), elapsed()
            sent[number] = now
            with suppress(StoreUnavailable):  # then it does not come back, and the store is looked at
                self._connections.once(_PROOF, {"channel": proof, "number": number}, within=EVERY)
            for told in connection.notifies(timeout=max(now + EVERY - elapsed(), 0.0)):
                if told.channel != proof:
                    self._changed(told.payload)
                elif told.payload in sent:
                    self.heard = self.heard._replace(until=sent.pop(told.payload))
        connection.execute("UNLISTEN *")
