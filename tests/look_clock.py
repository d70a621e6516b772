"""The clock by which a look at the versions in PostgreSQL is timed: a test moves it, and no busy machine does."""

import pytest
from tokenkit.store.postgres import line, look
from tokenkit.store.postgres.store import PostgresStore
from tokenkit.testing.clock import Clock

from patience import PATIENCE


def clock_of_looks(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock that tells how old an answer is. Answers come when they come, and messages as well."""
    clock = Clock(1024.0)
    for module in (line, look):
        monkeypatch.setattr(module, "elapsed", clock.now)
    return clock


def wait_for_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a look wait for a server that is merely slow."""
    monkeypatch.setattr(look, "LOOK_IN", PATIENCE)
    monkeypatch.setattr("tokenkit.store.postgres.store.LOOK_IN", PATIENCE)


def waits_of(store: PostgresStore) -> list[float]:
    """Return the seconds that callers are ready to wait for an answer from now on, each time that one is."""
    answered, waits = store._look._answered, list[float]()
    wait = answered.wait

    def noting(seconds: float) -> bool:
        waits.append(seconds)
        return wait(seconds)

    answered.wait = noting  # type: ignore[assignment, method-assign]
    return waits
