"""Files and folders that are plainly ours: 0600 and 0700 under any umask, and refused if they are anything else (R26).

`durable_file` writes them. What Windows lacks (modes, owners, O_NOFOLLOW, fsync of folders) is skipped there.
"""

import errno
import os
import stat

from tokenkit.errors import FileRefused, StoreError, StoreUnavailable
from tokenkit.os_errors import move_away, unavailable
from tokenkit.shell import quoted

Version = tuple[int, int, int]
"""Inode, mtime in nanoseconds, size: it changes with every `write` and never comes back."""

LARGEST = 16 << 20
"""Bytes of a file: a record of the largest answer (`net.http.LIMIT`) has half of it, if all of that is escaped."""

POSIX = os.name == "posix"
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_SAFE = _NO_LINK | sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))
UNSUPPORTED = (errno.EINVAL, errno.ENOSYS, getattr(errno, "ENOTSUP", errno.EINVAL), errno.EOPNOTSUPP)


def read(path: str, *, private: bool = False, linked: bool = False, limit: int = LARGEST) -> bytes | None:
    """Return what the file holds, None only when there is none.

    Raises `FileRefused` for a symlink, hard link, FIFO, folder, device, another's file, or more than `limit` bytes;
    with `private` (keys) also for a file that others may read or write. Without it (sealed records) a wide mode is left
    for the audit to report: a backup that was restored under another umask must not cost the session. With `linked` a
    symlink is followed, and all this is asked of its target: people link to what they configure.
    """
    found = read_version(path, private=private, linked=linked, limit=limit)
    return None if found is None else found[0]


def read_version(
    path: str, *, private: bool = False, linked: bool = False, limit: int = LARGEST
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
        size = check_plain(path, status, private=private)
        if size > limit:
            raise FileRefused(f"{path} has {size} bytes, of {limit} at most", hint=move_away(path))
        data = os.read(fd, size)
        if len(data) < size:
            data = _read_on(fd, data, size)
        return data, (status.st_ino, status.st_mtime_ns, size)
    except OSError as error:
        raise unavailable(path, error) from None
    finally:
        close(fd)


def open_lock(path: str) -> int:
    """Open a file to lock it: create it 0600 under any umask, or check that it is plainly ours. Nobody deletes it."""
    return open_ours(path)[0]


def version(path: str) -> Version | None:
    """Return the file's version by one stat; None when there is no file. Only `read` checks that it is ours."""
    try:
        status = os.stat(path, follow_symlinks=False)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _not_reached(path, error) from None
    return status.st_ino, status.st_mtime_ns, status.st_size


def check_way(base: str, path: str) -> bool:
    """Tell whether all folders between `base` and the file at `path` are there. Raises `FileRefused` for a symlink.

    `O_NOFOLLOW` looks at the last part of a path only. `base` itself may lead anywhere. Raises `StoreUnavailable` for
    what is neither.
    """
    end = path.find(os.sep, len(base) + 1)
    while end > 0:
        try:
            mode = os.lstat(path[:end]).st_mode
        except FileNotFoundError:
            return False
        except OSError as error:
            raise _not_reached(path, error) from None
        if not stat.S_ISDIR(mode):
            raise _not_a_folder(path[:end], mode) if stat.S_ISLNK(mode) else _in_the_way(path[:end])
        end = path.find(os.sep, end + 1)
    return True


def is_folder(path: str) -> bool:
    """Tell, by one stat, whether a folder lies there and no symlink to one: for folders of `ensure_folder`."""
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


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
        raise _not_a_folder(path, status.st_mode)
    _check_owner(path, status)
    if POSIX and status.st_mode & 0o022:
        raise FileRefused(f"others may write into the folder {path}", hint=f"chmod 700 {quoted(path)}")


def sync_folder(path: str) -> None:
    """Make the names in a folder durable, where the system can. Raises OSError."""
    fd = open_folder(path)
    if fd >= 0:
        try:
            sync(fd)
        finally:
            close(fd)


def close(fd: int) -> None:
    """Close a file that was read, locked, or written and fsynced: an error then has nothing left to undo."""
    try:
        os.close(fd)
    except OSError:
        return


def open_folder(path: str) -> int:
    """Open a folder to sync it; -1 where the system cannot."""
    if not POSIX:
        return -1
    return os.open(path or ".", os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0))


def sync(folder: int) -> None:
    """Make the names in an open folder durable, where the system can. Raises OSError."""
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise


def open_ours(path: str) -> tuple[int, int]:
    """Open the file for writing, from its beginning on, and make it where there is none; with its size."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | _SAFE, 0o600)
    except OSError as error:
        raise _cannot_open(path, error) from None
    try:
        status = os.fstat(fd)
        size = check_plain(path, status)
        if POSIX and stat.S_IMODE(status.st_mode) != 0o600:  # only then, or every save would write a lock to the disk
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
        return _not_reached(path, error)
    return unavailable(path, error) if stat.S_ISREG(mode) else _not_a_file(path, mode)


def check_plain(path: str, status: os.stat_result, *, private: bool = False) -> int:
    """Refuse what is not a plain file of ours; return its size."""
    if not stat.S_ISREG(status.st_mode):
        raise _not_a_file(path, status.st_mode)
    if status.st_nlink != 1:
        hint = f"cp -p {quoted(path)} {quoted(path)}.copy && mv {quoted(path)}.copy {quoted(path)}"
        raise FileRefused(f"{path} has {status.st_nlink} names (hard links)", hint=hint)
    _check_owner(path, status)
    if private and POSIX and status.st_mode & 0o077:
        mode = stat.S_IMODE(status.st_mode)
        raise FileRefused(f"others have access to {path} (mode {mode:04o})", hint=f"chmod 600 {quoted(path)}")
    return status.st_size


def _check_owner(path: str, status: os.stat_result) -> None:
    if POSIX and status.st_uid != os.geteuid():
        raise FileRefused(
            f"{path} belongs to user {status.st_uid}, and this process is user {os.geteuid()}",
            hint=f"chown {os.geteuid()} {quoted(path)}",
        )


def _not_reached(path: str, error: OSError) -> StoreUnavailable:
    """Return the error for a path that cannot be looked at now; it names a file that lies in a folder's place."""
    above = path
    while isinstance(error, NotADirectoryError) and not os.path.lexists(above):
        above = os.path.dirname(above)
    return unavailable(path, error) if above == path or os.path.isdir(above) else _in_the_way(above)


def _in_the_way(path: str) -> StoreUnavailable:
    told = StoreUnavailable(f"{path} is a file, not a folder", hint=move_away(path))
    told.lasts = True
    return told


def _not_a_folder(path: str, mode: int) -> FileRefused:
    return FileRefused(f"{path} is {_kind(mode)}, not a folder", hint=move_away(path))


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
        if POSIX:
            os.chmod(path, 0o700)  # a umask may have taken our own bits away
        sync_folder(parent)
    except FileExistsError:
        pass  # another process was faster
    except OSError as error:
        raise unavailable(path, error) from None
    return os.lstat(path)


def _read_on(fd: int, data: bytes, size: int) -> bytes:
    while len(data) < size and (part := os.read(fd, size - len(data))):
        data += part
    return data
