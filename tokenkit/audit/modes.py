"""What a mode allows others."""

import os
import stat

POSIX = os.name == "posix"


def others_write(status: os.stat_result) -> bool:
    """Tell whether others may write to it. The group that only we are in, as on many systems, does not count.

    Nor does a folder with the sticky bit: there nobody can rename what belongs to another.
    """
    if not POSIX or status.st_mode & stat.S_ISVTX:
        return False
    return bool(status.st_mode & 0o002) or bool(status.st_mode & 0o020 and not _own_group(status.st_gid))


def _own_group(gid: int) -> bool:
    import grp
    import pwd

    try:
        me, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(gid)
    except KeyError:
        return False
    return me.pw_gid == gid and group.gr_name == me.pw_name and set(group.gr_mem) <= {me.pw_name}
