"""The store through a real PgBouncer in transaction mode, where each statement may get another connection (R38)."""

import threading

import pytest
from tokenkit.configured import Configured
from tokenkit.errors import StoreUnavailable
from tokenkit.testing.store_contract import GRANT, StoreContract

import real_parts
from look_clock import clock_of_looks, wait_for_answers
from patience import wait_until
from pgbouncer import crash, pgbouncer
from postgres_server import server, wait_for_restarts, with_tables

psycopg = real_parts.package("psycopg", how="python -m pip install -e '.[test]'")

from tokenkit.store.postgres import lease as lease_module  # noqa: E402
from tokenkit.store.postgres import schema  # noqa: E402
from tokenkit.store.postgres.address import Address  # noqa: E402
from tokenkit.store.postgres.store import PostgresStore  # noqa: E402

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def url():
    with server() as url:
        yield with_tables(url)


@pytest.fixture(scope="module")
def pooled(url):
    with pgbouncer(url, size=2) as pooled:
        yield pooled


@pytest.fixture(params=["past it", "none"])
def direct(request, url):
    return url if request.param == "past it" else None


@pytest.fixture
def open_store(url, pooled):
    """Open one more handle of the store, as another process would: ``open_store(url)`` has a direct connection, too."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("TRUNCATE tokenkit.record, tokenkit.accounts, tokenkit.lease")
    opened = []

    def open_one(direct):
        address = None if direct is None else Address(direct, "the test")
        opened.append(PostgresStore(Address(pooled, "the test"), address))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.fixture
def store(open_store, direct):
    return open_store(direct)


@pytest.fixture
def no_patience(monkeypatch):
    monkeypatch.setattr(lease_module, "GONE_FOR", 0.3)
    wait_for_answers(monkeypatch)


@pytest.mark.usefixtures("no_patience")
class TestThroughPgBouncer(StoreContract):
    @pytest.fixture
    def store(self, store):
        return store

    @pytest.fixture
    def other(self, open_store, url):
        return open_store(url)


@pytest.fixture
def clock(monkeypatch):
    """What is as old as the test says."""
    wait_for_answers(monkeypatch)
    return clock_of_looks(monkeypatch)


def locks(url):
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone()
        return row[0]


def take(store):
    with store.lease(GRANT, lasts=60, wait=1):
        pass


def test_many_statements_on_few_connections_fail_for_nobody(store):
    """A statement that was prepared on one connection is not there on the next."""
    failed = []

    def save(number):
        name, version = GRANT._replace(id=f"google/{number}"), None
        try:
            for count in range(60):
                version = store.save(name, str(count).encode(), replaces=version)
                assert store.load(name).version == version
        except Exception as error:  # noqa: BLE001 - told below
            failed.append(error)

    threads = [threading.Thread(target=save, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_a_pooler_that_is_killed_and_starts_again_costs_no_call(store, pooled, monkeypatch):
    """Each call finds a connection that has ended; a lease that was taken before is held still."""
    wait_for_restarts(monkeypatch)
    version = store.save(GRANT, b"one", replaces=None)
    with store.lease(GRANT, lasts=60, wait=1) as lease:
        crash(pooled)
        lease.write_note(b"note", acts=True)
        crash(pooled)
        version = store.save(GRANT, b"two", replaces=version)
        crash(pooled)
    assert store.load(GRANT) == (b"two", version)
    assert store.note(GRANT) == b"note"
    with store.lease(GRANT, lasts=60, wait=0):
        pass


def test_no_lock_is_taken_on_a_connection_that_others_use(open_store, url):
    """R38: it would be held by all of them and by nobody, and freed by none."""
    before = locks(url)
    take(open_store(None))
    assert locks(url) == before
    take(open_store(url))
    assert locks(url) == before + 1


def test_past_the_pooler_a_holder_that_is_gone_is_succeeded_soon(open_store, url, monkeypatch):
    """R38: its sign of life is on the direct connection."""
    monkeypatch.setattr(lease_module, "GONE_FOR", 0.3)
    gone = open_store(url)
    with gone.lease(GRANT, lasts=60, wait=1):
        gone._session.close()
        with open_store(url).lease(GRANT, lasts=60, wait=30):
            pass


def test_without_a_direct_connection_a_holder_keeps_its_lease_to_the_end(open_store, url, monkeypatch):
    """R38: nothing tells whether it lives. It is not taken for dead because of that."""
    monkeypatch.setattr(lease_module, "GONE_FOR", 0.1)
    with open_store(None).lease(GRANT, lasts=60, wait=1):
        for direct in (None, url):
            with (
                pytest.raises(StoreUnavailable, match="another process has held"),
                open_store(direct).lease(GRANT, lasts=60, wait=1),
            ):
                pass


def test_past_the_pooler_changes_are_told(open_store, url, clock):
    """R39: the message of each second goes through the pooler, as a change does, and comes back past it."""
    store, other = open_store(url), open_store(None)
    version = other.save(GRANT, b"one", replaces=None)
    store._line.used(clock.now())
    wait_until(lambda: store._line.heard.line)
    wait_until(lambda: (store.versions([GRANT]) and store._look._told(GRANT)) or clock.advance(1))
    wait_until(lambda: store._line.heard.until == clock.now())
    other.save(GRANT, None, replaces=version)
    wait_until(lambda: store.versions([GRANT]) == [None])  # the clock stands still


def test_without_a_direct_connection_nobody_listens_and_a_change_is_seen_in_a_second(open_store, clock):
    """R39: behind a pooler, nothing would be heard."""
    store, other = open_store(None), open_store(None)
    version = other.save(GRANT, b"one", replaces=None)
    take(store)
    assert store.versions([GRANT]) == [version]
    other.save(GRANT, None, replaces=version)
    clock.advance(1.0)
    assert store.versions([GRANT]) == [None]
    assert not store._line.heard.line


def test_a_direct_address_of_another_database_is_not_believed(open_store, url, pooled, clock):
    """R38, R39: its lock is no sign of life here, and no message comes back on it."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS elsewhere")
        connection.execute("CREATE DATABASE elsewhere")
    elsewhere = url.replace("/postgres?", "/elsewhere?")
    schema.init(Address(elsewhere, "the test"))
    store, other = open_store(elsewhere), open_store(None)
    version = other.save(GRANT, b"one", replaces=None)
    assert store.versions([GRANT]) == [version]
    wait_until(lambda: store._line.heard.line)
    for _ in range(30):
        clock.advance(0.1)
        assert store.versions([GRANT]) == [version]
    other.save(GRANT, None, replaces=version)
    clock.advance(1.5)
    assert store.versions([GRANT]) == [None]
    take(store)


def test_both_addresses_come_from_one_place(url, pooled, home):
    """A variable for one and a file for the other would name two databases one day."""
    environ = {"HOME": str(home), "TOKENKIT_STORE": pooled, "TOKENKIT_STORE_DIRECT": url}
    store = Configured("tokenkit", environ).store()
    assert isinstance(store, PostgresStore)
    take(store)
    assert store._session.pooled is False
    store.close()
    folder = home / ".config" / "tokenkit"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(f'store = "{pooled}"\nstore_direct = "{url}"\n')
    store = Configured("tokenkit", {"HOME": str(home), "TOKENKIT_STORE_DIRECT": "postgresql://elsewhere/x"}).store()
    take(store)
    assert store._session.pooled is False
    store.close()


def test_statements_are_prepared_on_a_direct_connection_and_behind_a_pooler_none_is(open_store, url, pooled):
    """To plan a statement takes the server as long as to run it; a pooler lends each another connection."""
    for address, prepared in ((url, True), (pooled, False)):
        store = PostgresStore(Address(address, "the test"))
        store.save(GRANT, b"one", replaces=store.version(GRANT))
        for _ in range(20):
            store.load(GRANT)
        kept = store._connections.once("SELECT count(*) FROM pg_catalog.pg_prepared_statements")[0][0]
        assert (kept > 0) == prepared
        store.close()
