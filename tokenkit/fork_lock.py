"""A lock that a forked child finds open: the thread that held it does not exist there (R7)."""

import os
import threading
import weakref
from types import TracebackType


class ForkLock:
    """A `threading.Lock`, for ``with`` or for a single try; a forked child gets a new one in its place."""

    def __init__(self) -> None:
        self._renew()
        _all.add(self)

    def __enter__(self) -> None:
        lock = self._lock
        lock.acquire()
        self._held = lock

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def acquire_now(self) -> bool:
        """Take it, unless somebody has it."""
        lock = self._lock
        if not lock.acquire(blocking=False):
            return False
        self._held = lock
        return True

    def release(self) -> None:
        """Give back the lock that was taken: in a child that was forked meanwhile, the old one."""
        self._held.release()

    def _renew(self) -> None:
        self._lock = threading.Lock()


_all: "weakref.WeakSet[ForkLock]" = weakref.WeakSet()


def _renew_in_child() -> None:
    for lock in _all:
        lock._renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_in_child)
