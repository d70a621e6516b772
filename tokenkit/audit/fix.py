"""What ``tokenkit audit --fix`` does: modes are narrowed and strays put aside. Nothing is ever deleted.

A repair looks again at the moment it acts, follows no link, and touches only what is ours; where that no longer holds
it does nothing and says so.
"""

import os
import stat
import time
from collections.abc import Iterable
from typing import NamedTuple

from tokenkit import private_file
from tokenkit.errors import FileRefused, StoreError
from tokenkit.os_errors import unavailable

OTHERS = 0o077
"""The bits of a mode that give rights to others."""

OTHERS_WRITE = 0o022
"""Those that let others write."""

STRAYS = ".strays"
"""The folder, in that of the tokens, into which strays are put."""

_NOT_FOLLOWED = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


class Narrow(NamedTuple):
    """Take from the mode of a file or folder what `mode` does not have."""

    path: str
    mode: int

    def __str__(self) -> str:
        return f"give {self.path} the mode {self.mode:04o}"

    def act(self) -> None:
        """Do it. Raises `FileRefused` where something else lies there by now, and OSError."""
        fd = os.open(self.path, os.O_RDONLY | _NOT_FOLLOWED)
        try:
            found = os.fstat(fd)
            plain = stat.S_ISDIR(found.st_mode) or (stat.S_ISREG(found.st_mode) and found.st_nlink == 1)
            if not plain or found.st_uid != os.geteuid():
                raise FileRefused(f"{self.path} is not plainly ours any more", hint="tokenkit audit")
            os.fchmod(fd, stat.S_IMODE(found.st_mode) & self.mode)
        finally:
            os.close(fd)


class SetAside(NamedTuple):
    """Move a stray from the tokens folder into `STRAYS`, under a name of its own there."""

    path: str
    tokens: str

    def __str__(self) -> str:
        return f"move {self.path} into {os.path.join(self.tokens, STRAYS)}"

    def act(self) -> None:
        """Do it. Raises `StoreError` and OSError."""
        folder = os.path.join(self.tokens, STRAYS)
        private_file.ensure_folder(folder)
        relative = os.path.relpath(self.path, self.tokens).replace(os.sep, "_")
        os.rename(self.path, os.path.join(folder, f"{time.time_ns()}_{relative[-150:]}"))


Fix = Narrow | SetAside


class Done(NamedTuple):
    """A repair that was tried, and why it failed, else empty."""

    fix: Fix
    failure: str = ""


def plan(fixes: Iterable[Fix | None]) -> list[Fix]:
    """Return what is to be done, each once: folders before what lies in them, so that every path can be reached."""
    return sorted({fix for fix in fixes if fix is not None}, key=lambda fix: (fix.path, str(fix)))


def act(fixes: Iterable[Fix]) -> list[Done]:
    """Do it, one after another; one that fails stops no other."""
    return [Done(fix, _failure(fix)) for fix in fixes]


def _failure(fix: Fix) -> str:
    try:
        fix.act()
    except StoreError as error:
        return str(error)
    except OSError as error:
        return str(unavailable(fix.path, error))
    return ""
