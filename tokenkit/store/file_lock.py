"""A lock that the kernel releases when its holder dies, on a file of its own that is never deleted (R6)."""

import errno
import os
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from weakref import WeakValueDictionary

from tokenkit.errors import StoreUnavailable
from tokenkit.fork_lock import ForkLock
from tokenkit.private_file import open_lock, unavailable
from tokenkit.shell import quoted

if sys.platform == "win32":
    import msvcrt

    def _take(fd: int) -> None:
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)

    def _give(fd: int) -> None:
        msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _take(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _give(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_UN)


EAGER = 0.001
POLL = 0.005
"""Seconds between two attempts: the shorter for as long as a refresh takes, or a crowd would queue up behind each."""

IMPATIENT = 0.25
"""Seconds after which a holder takes longer than that."""

_BUSY = frozenset({errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK})
_open_files: set[int] = set()
_queues: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
_queueing = ForkLock()


def _empty_in_child() -> None:
    """A forked child closes its copies, else they would hold the lock beyond the parent's death (R7)."""
    global _queues
    for fd in _open_files:
        os.close(fd)
    _open_files.clear()
    _queues = WeakValueDictionary()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_empty_in_child)


@contextmanager
def locked(path: str, *, wait: float) -> Generator[None]:
    """Hold the lock on `path`, waiting up to `wait` seconds; raises `StoreUnavailable` when it was not given.

    The threads of this process queue up among themselves first: of any number that wait, one asks the kernel.
    """
    began = time.monotonic()
    queue = _queue(path)
    if not queue.acquire(timeout=wait):
        raise _held(path, wait)
    try:
        fd = open_lock(path)
        _open_files.add(fd)
        try:
            _acquire(fd, path, began, wait)
            yield
        finally:
            if fd in _open_files:  # else this is a forked child, to which the lock never belonged
                _release(fd)
    finally:
        queue.release()


def _queue(path: str) -> threading.Lock:
    with _queueing.lock:
        return _queues.setdefault(path, threading.Lock())


def _acquire(fd: int, path: str, began: float, wait: float) -> None:
    while True:
        try:
            return _take(fd)
        except OSError as error:
            if error.errno not in _BUSY:
                raise unavailable(path, error) from None
        waited = time.monotonic() - began
        if waited >= wait:
            raise _held(path, wait)
        time.sleep(EAGER if waited < IMPATIENT else POLL)


def _held(path: str, wait: float) -> StoreUnavailable:
    return StoreUnavailable(
        f"{path} has been locked for more than {wait:g} seconds",
        hint=f"see by which process: fuser -v {quoted(path)}",
    )


def _release(fd: int) -> None:
    try:
        _give(fd)  # by unlocking, not by closing alone: a child may hold the description (R7)
    finally:
        _open_files.discard(fd)
        os.close(fd)
