"""Run a part of a test as a user who is not root: root may read and write everything."""

import os
import traceback
from collections.abc import Callable
from pathlib import Path

NOBODY = 65534

_end = os._exit
"""How the child ends: a test may have replaced it since."""


def as_another_user(folder: Path, work: Callable[[], None]) -> None:
    """Do `work` in a child process of another user, who owns `folder`; fail with what it raised.

    Who is not root does it in place.
    """
    if os.geteuid() != 0:
        work()
        return
    give(folder)
    report = folder / "raised.txt"
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            work()
        except BaseException:  # noqa: BLE001 - the parent raises it
            report.write_text(traceback.format_exc())
            _end(1)
        _end(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, report.read_text() if report.exists() else status


def give(folder: Path) -> None:
    """Make the folder and all in it the other user's, and let them pass through the folders above it."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    for above in folder.parents:
        mode = above.stat().st_mode
        if not mode & 0o001:
            above.chmod(mode | 0o011)
