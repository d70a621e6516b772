"""No memory of a process that holds tokens and keys is written to a disk when it crashes."""

import sys
from contextlib import suppress

_PR_SET_DUMPABLE = 4
"""Of ``prctl`` (linux/prctl.h)."""


def forbid_core_dumps() -> None:
    """Set the limit for core files of this process and its children to 0, where the system has one."""
    if sys.platform != "win32":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, hard))


def become_undumpable() -> None:
    """Let no other process of this user read the memory of this one, nor a crash handler store it (Linux only).

    It loads ctypes, which takes some milliseconds: right for a process that runs on.
    """
    if sys.platform == "linux":
        with suppress(ImportError, OSError, AttributeError):  # another C library: then the limit must do
            import ctypes

            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
