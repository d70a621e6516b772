"""A lock that the kernel releases when its holder dies, on a file of its own that is never deleted (R6)."""

import errno
import os
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager

from tokenkit.errors import StoreUnavailable
from tokenkit.private_file import open_lock, unavailable

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


def _close_in_child() -> None:
    """A forked child closes its copies, else they would hold the lock beyond the parent's death (R7)."""
    for fd in _open_files:
        os.close(fd)
    _open_files.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_in_child)


@contextmanager
def locked(path: str, *, wait: float) -> Generator[None]:
    """Hold the lock on `path`, waiting up to `wait` seconds; raises `StoreUnavailable` when it was not given.

    Every call has a descriptor of its own, so two threads exclude each other just as two processes do.
    """
    fd = open_lock(path)
    _open_files.add(fd)
    try:
        _acquire(fd, path, wait)
        yield
    finally:
        if fd in _open_files:  # else this is a forked child, to which the lock never belonged
            _release(fd)


def _acquire(fd: int, path: str, wait: float) -> None:
    began = time.monotonic()
    while True:
        try:
            return _take(fd)
        except OSError as error:
            if error.errno not in _BUSY:
                raise unavailable(path, error) from None
        waited = time.monotonic() - began
        if waited >= wait:
            raise StoreUnavailable(
                f"another process has held {path} for more than {wait:g} seconds",
                hint=f"see which one: fuser -v '{path}'",
            )
        time.sleep(EAGER if waited < IMPATIENT else POLL)


def _release(fd: int) -> None:
    try:
        _give(fd)  # by unlocking, not by closing alone: a child may hold the description (R7)
    finally:
        _open_files.discard(fd)
        os.close(fd)
