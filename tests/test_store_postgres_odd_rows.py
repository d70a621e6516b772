"""What somebody writes into the tables by hand stops neither a worker nor a listing (R30)."""

import pytest
from tokenkit.worker.worker import LOOK_EVERY, Worker

from fleet import ask, authority, database, machine, refreshes, sign_in, url  # noqa: F401

pytest.importorskip("psycopg", reason="no psycopg: python -m pip install -e '.[test]' brings it")

pytestmark = pytest.mark.real

NO_NAME = b"google/\xff"
"""Is no UTF-8, and so no name that tokenkit has written."""


@pytest.fixture
def kit(machine, authority):  # noqa: F811
    """A machine with an account that is due."""
    kit = machine("a")
    sign_in(kit, authority)
    return kit


def due(database, **changes):  # noqa: F811
    """Make a row of what is due, with other values in some of its columns."""
    row = {"owner": b"", "id": b"google/me@example.com", "provider": b"google", "at": 0.0, **changes}
    ask(database, "INSERT INTO tokenkit.due (owner, id, provider, at) VALUES (%s, %s, %s, %s)", *row.values())


def test_rows_that_have_no_names_are_passed_over(kit, database):  # noqa: F811
    rows = "INSERT INTO tokenkit.record (kind, owner, id, data, version) VALUES ('grant', %s, %s, 'x', %s)"
    version = "00000000-0000-0000-0000-000000000000"
    ask(database, rows, NO_NAME, b"google/x", version)
    ask(database, rows, b"", NO_NAME, version)
    line = "INSERT INTO tokenkit.activity VALUES (%s, '', 'slot', now(), 'x')"
    ask(database, line, NO_NAME)
    store = kit.records.store
    assert [*store.owners()] == [""]
    assert [str(account) for account in kit.accounts()] == ["google/me@example.com"]
    assert NO_NAME not in [line for _, line in store.activity.recent()]


def test_a_worker_passes_over_what_is_no_name(kit, database, authority):  # noqa: F811
    ask(database, "DELETE FROM tokenkit.due")
    never = {"id": b"spotify/me", "provider": b"spotify", "at": float("nan")}
    for odd in ({"owner": NO_NAME}, {"id": NO_NAME}, {"id": b"noslash"}, {"owner": b"bob", "provider": NO_NAME}, never):
        due(database, **odd)
    ask(database, "UPDATE tokenkit.due SET at = '-infinity' WHERE id = 'noslash'")
    worker = Worker(kit)
    worker.run_once()
    assert worker.turn() == LOOK_EVERY, "what says no number is not asked for again and again"
    assert worker.healthy
    assert worker.figures.total("failed") == 0
    assert refreshes(authority) == 0


ODD_RATES = [
    ("-infinity", "now"),
    ("-1e9", "now"),
    ("nan", "now"),
    ("0", "infinity"),
    ("0", "-infinity"),
    ("0", "2999-01-01"),
]


def test_the_rate_of_a_provider_comes_back_to_what_it_may_be(kit, database):  # noqa: F811
    """As where the clock of the server was ahead, and is set right: what it has noted would wait for years."""
    schedule = kit.records.store.schedule
    due(database, owner=b"bob")
    for level, filled in ODD_RATES:
        ask(database, "DELETE FROM tokenkit.pace")
        ask(database, "INSERT INTO tokenkit.pace VALUES ('google', %s, 0, %s)", level, filled)
        claims = [schedule.claim("google", before=1.0, until=0.0, limit=1, rate=10_000.0) for _ in range(2)]
        assert any(claims), (level, filled)
