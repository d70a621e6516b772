"""A lock that the kernel releases when its holder dies, on a file of its own that is never deleted (R6)."""

import errno
import os
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from weakref import WeakValueDictionary

from tokenkit.errors import StoreUnavailable
from tokenkit.fork_lock import ForkLock
from tokenkit.os_errors import unavailable
from tokenkit.private_file import ensure_folder, open_lock
from tokenkit.shell import quoted

if sys.platform == "win32":
    import msvcrt

    def _take(fd: int, shared: bool) -> None:
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)  # Windows has no lock here that is shared

    def _give(fd: int) -> None:
        msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _take(fd: int, shared: bool) -> None:
        fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)

    def _give(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_UN)


EAGER = 0.001
POLL = 0.005
"""Seconds between two attempts: the shorter for as long as a refresh takes, or a crowd would queue up behind each."""

IMPATIENT = 0.25
"""Seconds after which a holder takes longer than that."""

STAMPED = 1.0
"""Seconds within which the holder of a lock has written on it when it was taken."""

_BUSY = frozenset({errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK})
_open_files: set[int] = set()
_queues: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
_queueing = ForkLock()


def _empty_in_child() -> None:
    """Close the copies of a forked child: they would hold the lock beyond the parent's death (R7)."""
    global _queues
    for fd in _open_files:
        os.close(fd)
    _open_files.clear()
    _queues = WeakValueDictionary()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_empty_in_child)


@contextmanager
def locked(path: str, *, wait: float, lasts: float | None = None, fd: int = -1) -> Generator[None]:
    """Hold the lock on `path`, waiting up to `wait` seconds. Raises `StoreUnavailable` when it was not given.

    A file `fd` of that path which the caller has opened is used, and stays open.

    With `lasts`, the seconds that a holder can need at most, nobody waits for one that has held it for longer: it is
    stopped (R5). When it was taken is the lock file's time.

    The threads of this process queue up among themselves first: of any number that wait, one asks the kernel.
    """
    began = time.monotonic()
    queue = _queue(path)
    if not queue.acquire(timeout=wait):
        raise _held(path, wait)
    try:
        with _opened(path, fd) as fd:
            _acquire(fd, path, began, wait, lasts=lasts)
            if lasts is not None:
                _stamp(fd, path)
            yield
    finally:
        queue.release()


@contextmanager
def shared(path: str, *, wait: float) -> Generator[None]:
    """Hold the lock on `path` together with others that share it, so that nobody holds it by `locked` meanwhile.

    Its folder is made where it is missing: of many that begin at once on a new machine, each must find it.
    """
    with _opened(path, opener=_open_in_its_folder) as fd:
        _acquire(fd, path, time.monotonic(), wait, shared=True)
        yield


@contextmanager
def if_writable(folder: str, lock: AbstractContextManager[None]) -> Generator[None]:
    """Hold the lock in `folder`, or nothing where that folder cannot be written to."""
    with ExitStack() as held:
        try:
            held.enter_context(lock)
        except StoreUnavailable:
            if os.access(folder, os.W_OK):
                raise
        yield


@contextmanager
def _opened(path: str, given: int = -1, opener: Callable[[str], int] = open_lock) -> Generator[int]:
    fd = opener(path) if given < 0 else given
    _open_files.add(fd)
    try:
        yield fd
    finally:
        if fd in _open_files:  # otherwise this is a forked child, to which the lock never belonged
            _release(fd, keep_open=given >= 0)


def _open_in_its_folder(path: str) -> int:
    try:
        return open_lock(path)
    except StoreUnavailable:
        ensure_folder(os.path.dirname(path), linked=True)
        return open_lock(path)


def _queue(path: str) -> threading.Lock:
    with _queueing.lock:
        return _queues.setdefault(path, threading.Lock())


def _acquire(
    fd: int, path: str, began: float, wait: float, *, lasts: float | None = None, shared: bool = False
) -> None:
    while True:
        try:
            return _take(fd, shared)
        except OSError as error:
            if error.errno not in _BUSY:
                raise unavailable(path, error) from None
        waited = time.monotonic() - began
        if waited >= wait:
            raise _held(path, wait)
        if lasts is not None and waited >= STAMPED and time.time() - os.fstat(fd).st_mtime > lasts:
            raise _held(path, lasts)
        time.sleep(EAGER if waited < IMPATIENT else POLL)


def _held(path: str, wait: float) -> StoreUnavailable:
    return StoreUnavailable(
        f"{path} has been locked for more than {wait:g} seconds",
        hint=f"see by which process: fuser -v {quoted(path)}",
    )


def _stamp(fd: int, path: str) -> None:
    try:
        os.utime(fd if os.utime in os.supports_fd else path)
    except OSError as error:
        raise unavailable(path, error) from None


def _release(fd: int, *, keep_open: bool = False) -> None:
    """Release the lock by unlocking it, not by closing the file alone: a child may hold the description (R7)."""
    _open_files.discard(fd)
    for end in (_give,) if keep_open else (_give, os.close):
        with suppress(OSError):  # the work under the lock is done, whatever a disk in trouble says now (R9)
            end(fd)
