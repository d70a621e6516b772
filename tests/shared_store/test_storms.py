"""Eight process trees of different homes ask at one moment for one expired token: one request (R5, R38)."""

import json
import time

import pytest
from shared_store_paths import CALLER

from fault_table import tell
from patience import PATIENCE
from pgbouncer import pgbouncer

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture(params=["through PgBouncer", "through PgBouncer, with a connection past it"])
def way(request, url):
    """How the machines reach the database: in words, and both addresses."""
    with pgbouncer(url, size=2) as pooled:
        yield request.param, pooled, url if "past" in request.param else None


def test_a_storm_over_eight_machines_makes_one_request(fleet, way, rounds):
    """R5, R38: 8 callers each; a second request with the spent token would end the session."""
    words, store, direct = way
    for number in range(1, rounds(1, 20) + 1):
        at = str(time.time() + 4)
        machines = [fleet.start(CALLER, "mixed", 8, at, 0.3, store=store, direct=direct) for _ in range(8)]
        told = []
        for machine in machines:
            out, err = machine.communicate(timeout=PATIENCE)
            assert machine.returncode == 0, err
            told += json.loads(out)
        assert len(told) == 64
        assert len(set(told)) == 1
        assert "Error" not in told[0]
        assert "Unavailable" not in told[0]
        assert fleet.refreshes() == number
        fleet.expire()
    tell(f"a storm of 8 machines of 8 callers, {words}", "one request, no error")
