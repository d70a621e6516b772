"""Records that are read in one statement, in a real PostgreSQL: each serves once, and none is old news."""

import threading

import pytest
from tokenkit.store import Name
from tokenkit.testing.store_contract import GRANT

from postgres_server import server

psycopg = pytest.importorskip("psycopg", reason="no psycopg: python -m pip install -e '.[test]' brings it")

from tokenkit.store.postgres import schema  # noqa: E402
from tokenkit.store.postgres.address import Address  # noqa: E402
from tokenkit.store.postgres.store import PostgresStore  # noqa: E402

pytestmark = pytest.mark.real

UNSAVED = GRANT._replace(kind="unsaved")
OTHER = Name("metadata", "alice\0", "other")


@pytest.fixture(scope="module")
def url():
    with server() as url:
        schema.init(Address(url, "the test"))
        yield url


@pytest.fixture
def store(url):
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DELETE FROM tokenkit.record")
    store = PostgresStore(Address(url, "the test"))
    store.asked = []
    once = store._connections.once

    def counted(text, *arguments, **options):
        store.asked.append(text)
        return once(text, *arguments, **options)

    store._connections.once = counted
    yield store
    store.close()


def test_many_records_are_read_by_one_statement(store):
    versions = [store.save(name, name.kind.encode(), replaces=None) for name in (GRANT, OTHER)]
    store.asked.clear()
    with store.reading([GRANT, UNSAVED, OTHER]):
        found = [store.load(name) for name in (GRANT, UNSAVED, OTHER)]
    assert found == [(b"grant", versions[0]), None, (b"metadata", versions[1])]
    assert len(store.asked) == 1


def test_the_note_of_a_record_comes_with_it_and_serves_once(store):
    """R12: who looks at many accounts asks no question more for what their refreshes have noted."""
    store.save(GRANT, b"sealed", replaces=None)
    with store.lease(GRANT, lasts=60, wait=0) as lease:
        lease.write_note(b"first")
    store.asked.clear()
    with store.reading([GRANT, UNSAVED]):
        assert (store.load(GRANT).data, store.note(GRANT), len(store.asked)) == (b"sealed", b"first", 1)
        with store.lease(GRANT, lasts=60, wait=0) as lease:
            lease.write_note(b"second")
        assert store.note(GRANT) == b"second"
        assert store.note(UNSAVED) == b""


def test_what_was_read_ahead_serves_once_and_not_beyond(store):
    """R8: who reads again wants to know what is there now."""
    version = store.save(GRANT, b"one", replaces=None)
    with store.reading([GRANT]):
        store.load(GRANT)
        other = PostgresStore(store.address)
        other.save(GRANT, b"two", replaces=version)
        other.close()
        assert store.load(GRANT).data == b"two"
    with store.reading([GRANT]):
        pass
    store.save(GRANT, b"three", replaces=store.load(GRANT).version)
    assert store.load(GRANT).data == b"three"


def test_a_save_is_seen_by_the_next_load(store):
    version = store.save(GRANT, b"one", replaces=None)
    with store.reading([GRANT]):
        store.save(GRANT, b"two", replaces=version)
        assert store.load(GRANT).data == b"two"


def test_other_threads_see_nothing_of_it(store):
    version = store.save(GRANT, b"one", replaces=None)
    found = []
    with store.reading([GRANT]):
        store._connections.once(
            "UPDATE {s}.record SET data = 'two', version = gen_random_uuid() WHERE version = %s", (version,)
        )
        thread = threading.Thread(target=lambda: found.append(store.load(GRANT).data))
        thread.start()
        thread.join()
    assert found == [b"two"]
