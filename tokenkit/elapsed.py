"""The clock by which deadlines count that may not pass unnoticed (R38)."""

import time

_BOOT = getattr(time, "CLOCK_BOOTTIME", None)


def elapsed() -> float:
    """Return seconds, since whatever time, of a clock that also counts the time for which the machine was suspended."""
    return time.monotonic() if _BOOT is None else time.clock_gettime(_BOOT)
