"""Nine process trees of different homes ask at one moment for one expired token: one request (R5, R38)."""

import json
import sys
from pathlib import Path

import pytest
from shared_store_paths import CALLER

from fault_table import tell
from patience import PATIENCE
from pgbouncer import pgbouncer

PROGRAM = Path(sys.executable).with_name("tokenkit")

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture
def ways(url):
    """How three machines reach the database: the address of each, and that past the pooler."""
    with pgbouncer(url, size=2) as pooled:
        yield (url, None), (pooled, None), (pooled, url)


def test_a_storm_over_nine_machines_makes_one_request(fleet, ways):
    """R5, R38: 8 callers each; a second request with the spent token would end the session."""
    machines = [fleet.start(CALLER, "mixed", 8, "told", 0.3, store=s, direct=d) for s, d in ways for _ in range(3)]
    fleet.go(*map(fleet.until_ready, machines))
    told = []
    for machine in machines:
        out, err = machine.communicate(timeout=PATIENCE)
        assert machine.returncode == 0, err
        told += json.loads(out)
    assert len(told) == 72
    assert len(set(told)) == 1
    assert "Error" not in told[0]
    assert "Unavailable" not in told[0]
    assert fleet.refreshes() == 1
    out, err = fleet.start(PROGRAM, "token", "google").communicate(timeout=PATIENCE)
    assert out.strip(), err  # a command of one more machine, by its fast way
    assert fleet.refreshes() == 1
    tell(
        "a storm of 9 machines of 8 callers: directly, through PgBouncer, and so with a connection past it",
        "one request, no error",
    )
