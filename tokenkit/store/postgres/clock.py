"""The clock by which deadlines count here."""

import time


def clock() -> float:
    """Return seconds of a clock that also counts the time for which the machine was suspended."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
