"""The sign of life of a process: a lock of its own that the server frees when the connection ends (R38)."""

import os
import secrets
import threading
import time
from contextlib import suppress

import psycopg

from tokenkit.errors import StoreUnavailable
from tokenkit.store.postgres.connections import ANSWER_IN, Connections, TimedConnection
from tokenkit.store.postgres.errors import translated


class Session:
    """One connection of a process that holds one session-level advisory lock, under a random number."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._connection: TimedConnection | None = None
        self._key = 0

    def key(self, *, lost: int | None = None) -> int:
        """Return the number of the lock; a new one where there is none, or where the server has lost the one `lost`."""
        if self._pid != os.getpid():
            self._forget()
        with self._lock:
            if self._connection is None or self._key == lost:
                self._renew()
            return self._key

    def close(self) -> None:
        """End the connection, and the lock with it."""
        if self._pid != os.getpid():  # it is the parent's
            return
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()

    def _renew(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = None
        key = secrets.randbits(63)
        connection = self._connections.connect(time.monotonic() + ANSWER_IN)
        failed: StoreUnavailable | None = None
        try:
            connection.execute("SELECT pg_catalog.pg_advisory_lock(%s)", (key,))
        except psycopg.Error as error:
            failed = translated(error)
        if failed is not None:
            connection.close()
            raise failed
        self._connection, self._key = connection, key

    def _forget(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._connection = None
        self._key = 0
