"""What a mode allows others."""

import os
import stat
from functools import lru_cache

POSIX = os.name == "posix"


def others_write(status: os.stat_result) -> bool:
    """Tell whether others may write to it. A group in which only we and root are does not count.

    Nor does a folder with the sticky bit: there nobody can rename what belongs to another.
    """
    if not POSIX or status.st_mode & stat.S_ISVTX:
        return False
    return bool(status.st_mode & 0o002) or bool(status.st_mode & 0o020 and not _ours_alone(status.st_gid))


@lru_cache(maxsize=256)
def _ours_alone(gid: int) -> bool:
    import grp
    import pwd

    try:
        ours = {pwd.getpwuid(uid).pw_name for uid in (0, os.geteuid())}
        members = set(grp.getgrgid(gid).gr_mem)
    except KeyError:
        return False
    return members | {user.pw_name for user in pwd.getpwall() if user.pw_gid == gid} <= ours


def is_plain(path: str, *, private: bool = False) -> bool:
    """Tell whether it is a plain file of ours with one name, and with `private` nobody else's to read.

    Where such a file is refused all the same, no check of kinds, owners and modes says why.
    """
    try:
        status = os.lstat(path)
    except OSError:
        return False
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
        return False
    return not POSIX or (status.st_uid == os.geteuid() and not (private and status.st_mode & 0o077))
