"""The save of a refresh gives its lease back, in a real PostgreSQL, by one write: a round trip less (R5, R8)."""

import uuid

import pytest
from tokenkit.errors import Conflict, StoreUnavailable
from tokenkit.store import Name
from tokenkit.testing.store_contract import GRANT

import real_parts
from patience import PATIENCE
from postgres_server import server, with_tables
from test_store_postgres import losing

psycopg = real_parts.package("psycopg", how="python -m pip install -e '.[test]'")

from tokenkit.store.postgres.address import Address  # noqa: E402
from tokenkit.store.postgres.connections import Connections  # noqa: E402
from tokenkit.store.postgres.store import PostgresStore  # noqa: E402

pytestmark = pytest.mark.real

OTHER = Name("grant", "", "scripted/other@example.com")


@pytest.fixture(scope="module")
def url():
    with server() as url:
        yield url


@pytest.fixture
def store(url):
    store = PostgresStore(Address(with_tables(url), "the test"))
    yield store
    store.close()


def given_to_another(store):
    """Return the note that another process finds; None where it does not get the lease."""
    other = PostgresStore(store.address)
    try:
        with other.lease(GRANT, lasts=60, wait=0) as lease:
            return lease.note
    except StoreUnavailable:
        return None
    finally:
        other.close()


def test_a_save_gives_the_lease_back_with_its_note(store, monkeypatch):
    """No statement follows it; and who comes next finds the record, and what was noted of it."""
    version = store.save(GRANT, b"one", replaces=None)
    asked, once = [], Connections.once
    monkeypatch.setattr(Connections, "once", lambda *values, **how: asked.append(values[1]) or once(*values, **how))
    with store.lease(GRANT, lasts=60, wait=0) as lease:
        lease.end_with_save(b"ended")
        asked.clear()
        store.save(GRANT, b"two", replaces=version)
        lease.leave_note(b"ended")
    assert len(asked) == 1
    assert given_to_another(store) == b"ended"
    assert store.load(GRANT).data == b"two"


@pytest.mark.parametrize("done", [False, True])
def test_so_it_does_where_the_answer_is_lost(store, monkeypatch, done):
    version = store.save(GRANT, b"one", replaces=None)
    with store.lease(GRANT, lasts=60, wait=0) as lease:
        lease.end_with_save(b"ended")
        with losing(monkeypatch, done):
            store.save(GRANT, b"two", replaces=version)
        assert given_to_another(store) == b"ended"


def test_a_save_that_conflicts_leaves_the_lease_with_its_holder(store):
    """R8: a login came in between, and what follows from that is done under the lease."""
    store.save(GRANT, b"one", replaces=None)
    with store.lease(GRANT, lasts=60, wait=0) as lease:
        lease.end_with_save(b"ended")
        with pytest.raises(Conflict):
            store.save(GRANT, b"two", replaces=uuid.uuid4())
        assert given_to_another(store) is None
        store.save(GRANT, b"three", replaces=store.load(GRANT).version)
        assert given_to_another(store) is None, "only the next save was to end it"
        lease.write_note(b"overtaken")
    assert given_to_another(store) == b"overtaken"


def test_the_save_of_another_name_gives_nothing_back(store):
    with store.lease(GRANT, lasts=60, wait=0) as lease:
        lease.end_with_save(b"ended")
        store.save(OTHER, b"one", replaces=None)
        assert given_to_another(store) is None


def test_a_lease_that_was_succeeded_meanwhile_stays_with_its_successor(store):
    """R38: the save is judged by the version alone, and the note of who came later stands."""
    version = store.save(GRANT, b"one", replaces=None)
    later = PostgresStore(store.address)
    with store.lease(GRANT, lasts=0.01, wait=0) as late:
        late.end_with_save(b"late")
        with later.lease(GRANT, lasts=60, wait=PATIENCE) as lease:
            lease.write_note(b"later")
            store.save(GRANT, b"two", replaces=version)
            assert given_to_another(store) is None
    assert given_to_another(store) == b"later"
    later.close()
