"""What the operating system said about a path, in words, with the command that fixes it or shows more."""

import errno
import os

from tokenkit.errors import StoreUnavailable
from tokenkit.shell import quoted

_WORDS = {
    errno.ENOSPC: ("the disk is full", "df -h {folder}"),
    errno.EDQUOT: ("the disk quota is used up", "quota -s"),
    errno.EROFS: ("the file system is read-only", "findmnt --target {folder}"),
    errno.EACCES: ("permission denied", "ls -ld {folder} {path}"),
    errno.EPERM: ("permission denied", "ls -ld {folder} {path}"),
    errno.EFBIG: ("the limit for the size of files is too small", "ulimit -f unlimited"),
    errno.EMFILE: ("too many files are open in this process", "ulimit -n 4096"),
    errno.ENFILE: ("too many files are open on this machine", "sysctl fs.file-nr"),
    errno.ENOMEM: ("no memory is left", "free -h; ulimit -v unlimited"),
    errno.EIO: ("the disk failed", "dmesg | tail"),
}


_LASTING = (
    errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EXDEV,
    errno.EINVAL, errno.EMLINK, errno.EFBIG, errno.ENOSYS, errno.EOPNOTSUPP, errno.EBADF,
)  # fmt: skip
"""What stays as it is until a person changes it. A full disk, a lost server and all that is not here may pass."""


_VARIABLES = {
    "/.local/state/": "XDG_STATE_HOME",
    "/.local/share/": "XDG_DATA_HOME",
    "/.local/": "XDG_DATA_HOME",  # which is made first of all that lies below it
    "/.config/": "XDG_CONFIG_HOME",
    "/.tokenkit/": "TOKENKIT_HOME",
}
"""The variable that moves a folder of ours in which a path lies."""

_MOVABLE = (errno.EROFS, errno.EACCES, errno.EPERM)


def unavailable(path: str, error: OSError) -> StoreUnavailable:
    """Return the error that says in words what the system said about `path`, and what to look at."""
    words, hint = _WORDS.get(error.errno or 0, ("", "ls -ld {folder} {path}"))
    said = error.strerror or type(error).__name__
    variable = next((name for part, name in _VARIABLES.items() if part in f"{path}/"), "")
    if variable and error.errno in _MOVABLE:
        hint += f"; where this folder cannot be written: export {variable}=/another/folder"
    told = StoreUnavailable(
        f"{path}: {words} ({said})" if words else f"{path}: {said}",
        hint=hint.format(path=quoted(path), folder=quoted(os.path.dirname(path) or ".")),
    )
    told.lasts = error.errno in _LASTING and os.name == "posix"  # Windows answers EACCES while a file is open
    return told


def exhausted(error: BaseException) -> StoreUnavailable | None:
    """Return the error for a system that gives no more files or memory, at whatever step; None for any other."""
    number = errno.ENOMEM if isinstance(error, MemoryError) else error.errno if isinstance(error, OSError) else 0
    if number not in (errno.EMFILE, errno.ENFILE, errno.ENOMEM):
        return None
    words, hint = _WORDS[number]
    return StoreUnavailable(words, hint=hint)


def move_away(path: str) -> str:
    """Return the command that moves what lies at `path` out of the way; the thing itself takes the place of a symlink.

    Otherwise the symlink's whole folder, with all accounts in it, would seem to be gone.
    """
    if os.path.islink(path) and os.path.exists(path):
        copy = quoted(path + ".copy")
        return f"cp -RpL {quoted(path)} {copy} && rm {quoted(path)} && mv {copy} {quoted(path)}"
    return f"mv {quoted(path)} {quoted(path + '.odd')}"
