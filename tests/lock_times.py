"""What this process would wait for files that others have locked: told by a clock of the test, or counted."""

import time
from types import SimpleNamespace

import pytest
from tokenkit.store import file_lock
from tokenkit.testing.clock import Clock


def clock_of_locks(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock by which such a wait is timed; it passes at once."""
    clock = Clock(time.time())
    monkeypatch.setattr(file_lock, "time", SimpleNamespace(monotonic=clock.now, time=clock.now, sleep=clock.sleep))
    return clock


def lock_waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the seconds of each such wait from now on, of which a slow machine makes none longer."""
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        time.sleep(seconds)

    monkeypatch.setattr(file_lock, "time", SimpleNamespace(monotonic=time.monotonic, time=time.time, sleep=sleep))
    return waits
