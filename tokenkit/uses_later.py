"""Lines of the log that wait to be written, together and by a thread of their own, while nobody waits for that.

For a program that runs on, and in one second may ask for thousands of accounts: one by one, their lines would cost
twice what the tokens cost. A program that is killed loses the uses and the refreshes of its last second; nothing else
is written late, and nothing in a process that was forked.
"""

import atexit
import os
import threading
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Generic, TypeVar

from tokenkit.fork_lock import ForkLock

T = TypeVar("T")

MAKING = ForkLock()
"""To be held while one is made that several threads share."""

PAUSE = 0.5
"""Seconds for which lines are gathered."""

ENDS_WITHIN = 5.0
"""Seconds for which the end of the thread is waited for: a database may stall while it writes there."""

MOST = 10_000
"""Lines that may wait: more are written at once, by the caller that brings them."""


class UsesLater(Generic[T]):
    """Gathers lines of a log, and gives them to `write`, in a thread that ends when nothing waits."""

    def __init__(self, write: Callable[[Sequence[T]], None]) -> None:
        self._write = write
        self._waiting: list[T] = []
        self._writes = False
        self._thread: threading.Thread | None = None
        self._ending = threading.Event()
        self._pid = os.getpid()
        self._changing = ForkLock()
        _all.add(self)

    def add(self, line: T) -> None:
        """Let the line be written within a second, or at the end of the program."""
        with self._changing.lock:
            self._forget_the_parents()
            self._waiting.append(line)
            full = len(self._waiting) >= MOST
            begins, self._writes = not self._writes, True
        if begins:
            self._begin()
        if full:
            self.write()

    def write(self) -> None:
        """Write what waits, now."""
        waiting = self.take()
        if waiting:
            self._write(waiting)

    def close(self) -> None:
        """Write what waits, now, and end the thread; what comes later starts a new one."""
        self.write()
        thread = self._thread
        if thread is not None:
            self._ending.set()
            thread.join(ENDS_WITHIN)

    def take(self) -> list[T]:
        """Return what waits, for a caller that writes it."""
        with self._changing.lock:
            self._forget_the_parents()
            waiting, self._waiting = self._waiting, []
        return waiting

    def _begin(self) -> None:
        ending = threading.Event()
        thread = threading.Thread(target=self._go_on, args=(ending,), name="tokenkit-activity", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # none can be had: the end of the program writes it
            self._writes = False
        else:
            self._thread, self._ending = thread, ending

    def _go_on(self, ending: threading.Event) -> None:
        while True:
            ending.wait(PAUSE)
            with suppress(Exception):  # a log that cannot be written fails nobody
                self.write()
            with self._changing.lock:
                if not self._waiting:
                    self._writes = False
                    return

    def _forget_the_parents(self) -> None:
        if self._pid != os.getpid():  # a forked child: what waits is the parent's, and so is the thread (R7)
            self._pid, self._waiting, self._writes, self._thread = os.getpid(), [], False, None


_all: "weakref.WeakSet[UsesLater[Any]]" = weakref.WeakSet()


def _write_at_exit() -> None:
    for each in _all:
        with suppress(Exception):
            each.write()


atexit.register(_write_at_exit)
