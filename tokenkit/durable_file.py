"""Replace private files durably: at every moment a path holds its old content or its new one, whole (R26).

There is one temporary file for each path, ``<path>.new``, so a kill leaves one stray at most and the next write takes
it over. Two writers of one path must therefore exclude each other by a lock.
"""

import os
import time

from tokenkit.os_errors import unavailable
from tokenkit.private_file import (
    POSIX,
    UNSUPPORTED,
    Version,
    check_plain,
    close,
    open_folder,
    open_ours,
    sync,
    sync_folder,
    version,
)

NEW = ".new"
"""How the one temporary file beside each path ends."""


def write(path: str, data: bytes) -> Version:
    """Replace the file durably, mode 0600, and return its version. At every moment it holds the old content or the new.

    Its modification time is now, or just after that of the file before. After an error `path` is as it was, except when
    only the fsync of the folder failed.
    """
    return write_over(path, data, version(path))


class Reserved:
    """The new file of a path, open and with its space, and the folder: so a `write_over` opens nothing (R9).

    It is for one write, and is closed in the end, whether it was used or not.
    """

    def __init__(self, new: str, fd: int, inode: int, folder: int) -> None:
        self.folder = folder
        self._new = new
        self._fd = fd
        self._inode = inode

    def take(self) -> tuple[int, int] | None:
        """Return the new file, which the caller closes, and its size; None where another writer has used it."""
        status = os.lstat(self._new) if self._fd >= 0 else None
        if status is None or status.st_ino != self._inode:
            return None
        size = check_plain(self._new, status)
        fd, self._fd = self._fd, -1
        return fd, size

    def close(self) -> None:
        """Close what is still open."""
        for fd in (self._fd, self.folder):
            if fd >= 0:
                close(fd)
        self._fd = self.folder = -1


def write_over(path: str, data: bytes, replaced: Version | None, reserved: Reserved | None = None) -> Version:
    """Write like `write`, for a caller that has seen, under a lock, that `replaced` is the version there.

    What `reserve` returned for that path is used, where it can be: then nothing is opened.
    """
    new = path + NEW
    fd, size = _taken(reserved) or open_ours(new)
    try:
        try:
            _write_all(fd, data)
            if size > len(data):  # reserved space or a stray; to truncate in vain would cost a transaction
                os.ftruncate(fd, len(data))
            status = _stamp(fd, new, max(time.time_ns(), replaced[1] + 1 if replaced else 0))
            os.fsync(fd)
        finally:
            close(fd)
        os.replace(new, path)
        if reserved is None or reserved.folder < 0:
            sync_folder(os.path.dirname(path))
        else:
            sync(reserved.folder)
    except OSError as error:
        _discard(new)
        raise unavailable(path, error) from None
    return status.st_ino, status.st_mtime_ns, status.st_size


def finish(path: str, size: int, replaced: Version | None) -> Version:
    """Put the temporary file in its place that a killed process has written, as `write_over` would have.

    Its first `size` bytes are all that was to be written. For a caller that holds the lock, and has seen them.
    """
    new = path + NEW
    fd, _ = open_ours(new)
    try:
        try:
            os.ftruncate(fd, size)
            status = _stamp(fd, new, max(time.time_ns(), replaced[1] + 1 if replaced else 0))
            os.fsync(fd)
        finally:
            close(fd)
        os.replace(new, path)
        sync_folder(os.path.dirname(path))
    except OSError as error:  # it stays: nothing else may hold what is in it
        raise unavailable(path, error) from None
    return status.st_ino, status.st_mtime_ns, status.st_size


def overwrite(fd: int, path: str, data: bytes) -> None:
    """Write over the beginning of an open file with one write, neither beside nor durably: notes may be lost."""
    try:
        os.lseek(fd, 0, os.SEEK_SET)
        os.write(fd, data)
    except OSError as error:
        raise unavailable(path, error) from None


def reserve(path: str, size: int) -> Reserved:
    """Create ``<path>.new`` with room for `size` bytes, and open what its write needs (R9).

    So a full disk, and a process that may open no more files, are found before the `write_over` that uses the result.
    """
    new, folder = path + NEW, -1
    fd, _ = open_ours(new)
    try:
        _allocate(fd, size)
        inode = os.fstat(fd).st_ino
        folder = open_folder(os.path.dirname(path))
    except OSError as error:
        close(fd)
        _discard(new)
        raise unavailable(path, error) from None
    if not POSIX:  # a file that is open cannot be replaced there, and a login may write it meanwhile
        close(fd)
        fd = -1
    return Reserved(new, fd, inode, folder)


def remove(path: str) -> None:
    """Delete the file durably; no error when it is gone already."""
    try:
        os.unlink(path)
        sync_folder(os.path.dirname(path))
    except FileNotFoundError:
        return
    except OSError as error:
        raise unavailable(path, error) from None


def _taken(reserved: Reserved | None) -> tuple[int, int] | None:
    try:
        return None if reserved is None else reserved.take()
    except OSError:  # it is gone
        return None


def _write_all(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def _stamp(fd: int, path: str, mtime_ns: int) -> os.stat_result:
    """Set the modification time, rounded up where the file system would round it down; return the file's status."""
    os.utime(fd if os.utime in os.supports_fd else path, ns=(mtime_ns, mtime_ns))
    status = os.fstat(fd)
    if status.st_mtime_ns < mtime_ns:
        later = mtime_ns + 2 * 10**9  # FAT keeps two seconds, others one, ext4 nanoseconds
        os.utime(fd if os.utime in os.supports_fd else path, ns=(later, later))
        status = os.fstat(fd)
    return status


def _allocate(fd: int, size: int) -> None:
    try:
        os.posix_fallocate(fd, 0, size)
    except AttributeError:
        _fill(fd, size)
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise
        _fill(fd, size)


def _fill(fd: int, size: int) -> None:
    _write_all(fd, bytes(size))
    os.lseek(fd, 0, os.SEEK_SET)


def _discard(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return
