"""Files that are plainly ours: 0600 under any umask, durable, and refused if they are anything else (R26).

There is one temporary file for each path, ``<path>.new``, so a kill leaves one stray at most and the next write takes
it over. Two writers of one path must therefore exclude each other by a lock. What Windows lacks (modes, owners,
O_NOFOLLOW, fsync of folders) is skipped there.
"""

import errno
import os
import stat
import time

from tokenkit.errors import FileRefused, StoreError
from tokenkit.os_errors import move_away
from tokenkit.os_errors import unavailable as unavailable
from tokenkit.shell import quoted

Version = tuple[int, int, int]
"""Inode, mtime in nanoseconds, size: it changes with every `write` and never comes back."""

NEW = ".new"
"""How the one temporary file beside each path ends."""

_POSIX = os.name == "posix"
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_SAFE = _NO_LINK | sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))
_UNSUPPORTED = (errno.EINVAL, errno.ENOSYS, getattr(errno, "ENOTSUP", errno.EINVAL), errno.EOPNOTSUPP)


def read(path: str, *, private: bool = False, linked: bool = False, limit: int = 1 << 20) -> bytes | None:
    """Return what the file holds, None only when there is none.

    Raises `FileRefused` for a symlink, hard link, FIFO, folder, device, another's file, or more than `limit` bytes;
    with `private` (keys) also for a file that others may read or write. Without it (sealed records) a wide mode is left
    for the audit to report: a backup that was restored under another umask must not cost the session. With `linked` a
    symlink is followed, and all this is asked of its target: people link to what they configure.
    """
    found = read_version(path, private=private, linked=linked, limit=limit)
    return None if found is None else found[0]


def read_version(
    path: str, *, private: bool = False, linked: bool = False, limit: int = 1 << 20
) -> tuple[bytes, Version] | None:
    """Read like `read`, and return the version, too: that of the open file, even if another has taken its place."""
    try:
        fd = os.open(path, os.O_RDONLY | (_SAFE & ~_NO_LINK if linked else _SAFE))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _cannot_open(path, error) from None
    try:
        status = os.fstat(fd)
        if status.st_nlink == 0:  # replaced since it was opened: read what has taken its place
            return read_version(path, private=private, linked=linked, limit=limit)
        size = _check_plain(path, status, private=private)
        if size > limit:
            raise FileRefused(f"{path} has {size} bytes, of {limit} at most", hint=move_away(path))
        return _read_all(fd, size), (status.st_ino, status.st_mtime_ns, status.st_size)
    except OSError as error:
        raise unavailable(path, error) from None
    finally:
        close(fd)


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
        size = _check_plain(self._new, status)
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
    fd, size = _taken(reserved) or _open_ours(new)
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
            _sync(reserved.folder)
    except OSError as error:
        _discard(new)
        raise unavailable(path, error) from None
    return status.st_ino, status.st_mtime_ns, status.st_size


def open_lock(path: str) -> int:
    """Open a file to lock it: create it 0600 under any umask, or check that it is plainly ours. Nobody deletes it."""
    return _open_ours(path)[0]


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
    fd, _ = _open_ours(new)
    try:
        _allocate(fd, size)
        inode = os.fstat(fd).st_ino
        folder = _open_folder(os.path.dirname(path))
    except OSError as error:
        close(fd)
        _discard(new)
        raise unavailable(path, error) from None
    if not _POSIX:  # a file that is open cannot be replaced there, and a login may write it meanwhile
        close(fd)
        fd = -1
    return Reserved(new, fd, inode, folder)


def version(path: str) -> Version | None:
    """Return the file's version by one stat; None when there is no file. Only `read` checks that it is ours."""
    try:
        status = os.stat(path, follow_symlinks=False)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unavailable(path, error) from None
    return status.st_ino, status.st_mtime_ns, status.st_size


def is_folder(path: str) -> bool:
    """Tell, by one stat, whether a folder lies there and no symlink to one: for folders of `ensure_folder`."""
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def remove(path: str) -> None:
    """Delete the file durably; no error when it is gone already."""
    try:
        os.unlink(path)
        sync_folder(os.path.dirname(path))
    except FileNotFoundError:
        return
    except OSError as error:
        raise unavailable(path, error) from None


def ensure_folder(path: str, *, linked: bool = False) -> None:
    """Make sure that `path` is a folder of ours into which nobody else can write; create what is missing, mode 0700.

    Raises `FileRefused` for a symlink, something that is no folder, another's folder, or one that others may write to.
    With `linked` a symlink of ours to such a folder serves, too: people keep whole folders on another disk.
    """
    try:
        status = os.lstat(path)
        if linked and stat.S_ISLNK(status.st_mode):
            _check_owner(path, status)
            status = os.stat(path)
    except FileNotFoundError:
        status = _make_folder(path)
    except OSError as error:
        raise unavailable(path, error) from None
    if not stat.S_ISDIR(status.st_mode):
        raise FileRefused(f"{path} is {_kind(status.st_mode)}, not a folder", hint=move_away(path))
    _check_owner(path, status)
    if _POSIX and status.st_mode & 0o022:
        raise FileRefused(f"others may write into the folder {path}", hint=f"chmod 700 {quoted(path)}")


def sync_folder(path: str) -> None:
    """Make the names in a folder durable, where the system can. Raises OSError."""
    fd = _open_folder(path)
    if fd >= 0:
        try:
            _sync(fd)
        finally:
            close(fd)


def close(fd: int) -> None:
    """Close a file that was read, locked, or written and fsynced: an error then has nothing left to undo."""
    try:
        os.close(fd)
    except OSError:
        return


def _open_folder(path: str) -> int:
    """Open a folder to sync it; -1 where the system cannot."""
    if not _POSIX:
        return -1
    return os.open(path or ".", os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0))


def _sync(folder: int) -> None:
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise


def _taken(reserved: Reserved | None) -> tuple[int, int] | None:
    try:
        return None if reserved is None else reserved.take()
    except OSError:  # it is gone
        return None


def _open_ours(path: str) -> tuple[int, int]:
    """Open the file for writing, from its beginning on, and make it where there is none; with its size."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | _SAFE, 0o600)
    except OSError as error:
        raise _cannot_open(path, error) from None
    try:
        status = os.fstat(fd)
        size = _check_plain(path, status)
        if _POSIX and stat.S_IMODE(status.st_mode) != 0o600:  # only then, or every save would write a lock to the disk
            os.fchmod(fd, 0o600)
    except OSError as error:
        close(fd)
        raise unavailable(path, error) from None
    except FileRefused:
        close(fd)
        raise
    return fd, size


def _cannot_open(path: str, error: OSError) -> StoreError:
    """Tell a symlink (ELOOP), a folder or a socket (ENXIO) from a file that cannot be opened now."""
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return unavailable(path, error)
    return unavailable(path, error) if stat.S_ISREG(mode) else _not_a_file(path, mode)


def _check_plain(path: str, status: os.stat_result, *, private: bool = False) -> int:
    """Refuse what is not a plain file of ours; return its size."""
    if not stat.S_ISREG(status.st_mode):
        raise _not_a_file(path, status.st_mode)
    if status.st_nlink != 1:
        hint = f"cp -p {quoted(path)} {quoted(path)}.copy && mv {quoted(path)}.copy {quoted(path)}"
        raise FileRefused(f"{path} has {status.st_nlink} names (hard links)", hint=hint)
    _check_owner(path, status)
    if private and _POSIX and status.st_mode & 0o077:
        mode = stat.S_IMODE(status.st_mode)
        raise FileRefused(f"others have access to {path} (mode {mode:04o})", hint=f"chmod 600 {quoted(path)}")
    return status.st_size


def _check_owner(path: str, status: os.stat_result) -> None:
    if _POSIX and status.st_uid != os.geteuid():
        raise FileRefused(
            f"{path} belongs to user {status.st_uid}, and this process is user {os.geteuid()}",
            hint=f"chown {os.geteuid()} {quoted(path)}",
        )


def _not_a_file(path: str, mode: int) -> FileRefused:
    return FileRefused(f"{path} is {_kind(mode)}, not a file", hint=move_away(path))


def _kind(mode: int) -> str:
    names = {stat.S_IFLNK: "a symlink", stat.S_IFDIR: "a folder", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket"}
    return names.get(stat.S_IFMT(mode), "a file" if stat.S_ISREG(mode) else "a device")


def _make_folder(path: str) -> os.stat_result:
    parent = os.path.dirname(path) or "."
    if not os.path.isdir(parent):
        _make_folder(parent)
    try:
        os.mkdir(path, 0o700)
        if _POSIX:
            os.chmod(path, 0o700)  # a umask may have taken our own bits away
        sync_folder(parent)
    except FileExistsError:
        pass  # another process was faster
    except OSError as error:
        raise unavailable(path, error) from None
    return os.lstat(path)


def _read_all(fd: int, size: int) -> bytes:
    data = os.read(fd, size)
    while len(data) < size and (part := os.read(fd, size - len(data))):
        data += part
    return data


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
        if error.errno not in _UNSUPPORTED:
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
