"""How long a test waits for what must come. No test says how fast anything is: a busy machine would make it fail."""

import time
from collections.abc import Callable

PATIENCE = 120.0
"""Seconds after which what has not come hangs. Many times what the slowest machine needs."""


def wait_until(holds: Callable[[], object], every: float = 0.01) -> None:
    """Ask every so many seconds, and fail where it hangs."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it hangs"
        time.sleep(every)
