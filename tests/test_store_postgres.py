"""The store in PostgreSQL, on a real server: the contract, leases and who succeeds whom, answers that are lost."""

import os
import threading
import time
import uuid
from contextlib import contextmanager
from functools import partial

import pytest
from tokenkit.elapsed import elapsed
from tokenkit.errors import Conflict, StoreUnavailable
from tokenkit.testing.store_contract import GRANT, StoreContract

import real_parts
from failover import rolled_back
from fault_table import tell
from look_clock import wait_for_answers
from patience import PATIENCE, wait_until
from postgres_server import crash, end_connections, new_database, server, wait_for_restarts, with_tables

psycopg = real_parts.package("psycopg", how="python -m pip install -e '.[test]'")

from tokenkit.store.postgres import lease as lease_module  # noqa: E402
from tokenkit.store.postgres import schema  # noqa: E402
from tokenkit.store.postgres.address import Address  # noqa: E402
from tokenkit.store.postgres.connections import ANSWER_IN, Connections, _until  # noqa: E402
from tokenkit.store.postgres.errors import AnswerLost, NotDone, translated  # noqa: E402
from tokenkit.store.postgres.look import LOOK_IN  # noqa: E402
from tokenkit.store.postgres.store import PostgresStore  # noqa: E402

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def url():
    with server() as url:
        yield url


@pytest.fixture
def database(url):
    """The URL of a database with our tables, empty."""
    return with_tables(url)


@pytest.fixture
def open_store(database):
    """Open one more handle of the store, as another process would."""
    opened = []

    def open_one():
        opened.append(PostgresStore(Address(database, "the test")))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.fixture
def store(open_store):
    return open_store()


def ask(database, statement, *values):
    with psycopg.connect(database, autocommit=True) as connection:
        return connection.execute(statement, values).fetchall()


@pytest.fixture
def no_patience(monkeypatch):
    monkeypatch.setattr(lease_module, "GONE_FOR", 0.3)
    wait_for_answers(monkeypatch)


@pytest.mark.usefixtures("no_patience")
class TestPostgresStore(StoreContract):
    @pytest.fixture
    def store(self, store):
        return store

    @pytest.fixture
    def other(self, open_store):
        return open_store()

    @pytest.fixture
    def losing(self, monkeypatch):
        yield partial(losing, monkeypatch)
        tell("the answer of a commit is lost", "the row tells whether it was done")

    @pytest.fixture
    def restoring(self, database):
        return lambda: rolled_back(database)


@contextmanager
def losing(monkeypatch, done):
    """Lose the answer of the next statement that writes, once it was done or before it was sent."""
    once, lost = Connections.once, []

    def lose(self, text, values=(), **options):
        if lost or "count(*) FROM saved" not in text:
            return once(self, text, values, **options)
        lost.append(text)
        if done:
            once(self, text, values, **options)
        raise AnswerLost("the connection ended")

    with monkeypatch.context() as patch:
        patch.setattr(Connections, "once", lose)
        yield
    assert lost


def test_all_handles_see_one_store(store, open_store):
    version = store.save(GRANT, b"one", replaces=None)
    other = open_store()
    assert other.load(GRANT) == (b"one", version)
    other.save(GRANT, None, replaces=version)
    with pytest.raises(Conflict):
        store.save(GRANT, b"late", replaces=version)


def test_a_lease_is_one_over_all_handles(store, open_store):
    """R5, R38: of two machines, one holds it, and the other one is told that it is busy."""
    with (
        store.lease(GRANT, lasts=60, wait=0),
        pytest.raises(StoreUnavailable, match="another process has held"),
        open_store().lease(GRANT, lasts=60, wait=0.1),
    ):
        pass


def test_a_lease_ends_by_the_clock_of_the_database(store, open_store):
    """R38: the second holder need not be told by the first, and the first one's note is refused from then on."""
    with store.lease(GRANT, lasts=0.2, wait=0) as late:
        with open_store().lease(GRANT, lasts=60, wait=PATIENCE) as lease:
            lease.write_note(b"mine")
            with pytest.raises(StoreUnavailable, match="is lost: this process was away"):
                late.write_note(b"late")
        assert late.left() < 0
    assert store.note(GRANT) == b"mine"


@pytest.fixture
def later(monkeypatch):
    """Move the clock by which a holder counts on by so many seconds."""
    return lambda seconds: monkeypatch.setattr(lease_module, "elapsed", lambda: elapsed() + seconds)


def test_a_lease_that_is_prolonged_lasts_from_then_on_by_the_line_that_its_holder_has_now(
    store, open_store, database, later, no_patience
):
    """R8: a process that holds what nobody else has may have lost its line, and that is no death."""
    left = "SELECT ends > clock_timestamp() + interval '50 seconds' FROM tokenkit.lease"
    with store.lease(GRANT, lasts=60, wait=1) as held:
        ask(database, "UPDATE tokenkit.lease SET ends = clock_timestamp() + interval '5 seconds' RETURNING 1")
        end_connections(database)
        held.prolong()
        assert ask(database, left) == [(True,)]
        with pytest.raises(StoreUnavailable, match="has held"), open_store().lease(GRANT, lasts=60, wait=1):
            raise AssertionError("it is held")
        later(21)
        ask(database, "UPDATE tokenkit.lease SET ends = clock_timestamp() + interval '5 seconds' RETURNING 1")
        held.prolong()
        assert ask(database, left) == [(True,)]
        assert held.left() > 50


@pytest.mark.parametrize("lasts", [0.2, 60.0])
def test_who_acts_and_lives_is_not_succeeded_at_an_end_that_a_clock_has_jumped_to(store, open_store, database, lasts):
    """R38: however short the lease is that is asked for, the other one is at it for as long as a refresh takes."""
    with store.lease(GRANT, lasts=60, wait=1) as held:
        held.write_note(b"", acts=True)
        ask(database, "UPDATE tokenkit.lease SET ends = clock_timestamp() - interval '1 hour' RETURNING 1")
        with pytest.raises(StoreUnavailable, match="has held"), open_store().lease(GRANT, lasts=lasts, wait=0.5):
            raise AssertionError("it is held")
    with open_store().lease(GRANT, lasts=lasts, wait=PATIENCE):
        pass


def test_a_lease_that_another_has_by_now_is_not_prolonged(store, open_store, database):
    """R38: it is that one's."""
    with store.lease(GRANT, lasts=60, wait=1) as held:
        ask(database, "UPDATE tokenkit.lease SET ends = clock_timestamp() RETURNING 1")
        with open_store().lease(GRANT, lasts=60, wait=PATIENCE):
            before = ask(database, "SELECT holder, ends, session FROM tokenkit.lease")
            held.prolong()
            assert ask(database, "SELECT holder, ends, session FROM tokenkit.lease") == before


def test_no_connection_is_held_while_a_lease_is(store):
    """R38: many refreshes that wait for their providers leave the connections to others."""
    names = [GRANT._replace(id=f"google/{number}") for number in range(12)]
    threads, inside, leave = [], threading.Barrier(len(names) + 1), threading.Event()

    def hold(name):
        with store.lease(name, lasts=60, wait=PATIENCE):
            inside.wait(PATIENCE)
            leave.wait(PATIENCE)

    for name in names:
        threads.append(threading.Thread(target=hold, args=(name,)))
        threads[-1].start()
    inside.wait(PATIENCE)
    assert store.load(GRANT) is None
    leave.set()
    for thread in threads:
        thread.join()


@pytest.fixture
def killed_holder(database):
    """Begin a lease in a process that is killed with it; ``killed_holder(b"note")`` has written a note before."""

    def kill(note=b"", *, acts=False):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            with PostgresStore(Address(database, "the test")).lease(GRANT, lasts=60, wait=5) as lease:
                if note:
                    lease.write_note(note, acts=acts)
                os.write(writing, b"x")
                time.sleep(60)
        os.close(writing)
        assert os.read(reading, 1) == b"x"
        os.close(reading)
        os.kill(child, 9)
        os.waitpid(child, 0)

    return kill


forks = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


@forks
def test_a_killed_holder_that_has_sent_nothing_is_succeeded_soon(store, killed_holder, no_patience):
    """R38: not only when its lease ends, a minute later."""
    killed_holder()
    with store.lease(GRANT, lasts=60, wait=30) as lease:
        assert lease.note == b""
    tell("kill -9 before the request is sent", "the others wait for 5 seconds")


@forks
def test_a_killed_holder_that_has_sent_what_may_be_sent_twice_is_succeeded_soon(store, killed_holder, no_patience):
    """R38: where nothing rotates, another request does no harm."""
    killed_holder(b"begun")
    with store.lease(GRANT, lasts=60, wait=30) as lease:
        assert lease.note == b"begun"


@forks
def test_a_killed_holder_that_may_have_sent_is_succeeded_at_the_end_of_its_lease(store, killed_holder, no_patience):
    """R38: what it sent may be under way, and a second request would end the session. The error says dead, not busy."""
    killed_holder(b"begun", acts=True)
    with pytest.raises(StoreUnavailable, match="is gone, and what it has sent"), store.lease(GRANT, lasts=60, wait=1.5):
        pass
    assert store.note(GRANT) == b"begun"


def test_a_lease_that_a_crash_takes_back_is_given_to_the_process_that_gave_it_back(store, open_store, database):
    """R38: it knows that it is done, and the others wait for the end."""
    with store.lease(GRANT, lasts=60, wait=0) as lease:
        lease.write_note(b"begun", acts=True)
        ((holder,),) = ask(database, "SELECT holder FROM tokenkit.lease")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("UPDATE tokenkit.lease SET holder = %s", (holder,))  # as if it were not given back
    with pytest.raises(StoreUnavailable, match="another process"), open_store().lease(GRANT, lasts=60, wait=0.1):
        pass
    with store.lease(GRANT, lasts=60, wait=0) as again:
        assert again.note == b"begun"


def test_a_holder_whose_line_was_cut_learns_that_it_was_succeeded_before_it_sends(
    store, open_store, database, no_patience
):
    """R38: it lives, and its session was gone; right before the request it asks whether the lease is its own."""
    with store.lease(GRANT, lasts=60, wait=0) as cut:
        end_connections(database)
        with open_store().lease(GRANT, lasts=60, wait=30), pytest.raises(StoreUnavailable, match="is lost"):
            cut.write_note(b"begun", acts=True)


def test_a_holder_whose_line_was_cut_after_it_has_begun_is_not_succeeded(store, open_store, database, no_patience):
    """R38: a cut line looks like a death, and is none."""
    with store.lease(GRANT, lasts=60, wait=0) as lease:
        lease.write_note(b"begun", acts=True)
        end_connections(database)
        with pytest.raises(StoreUnavailable), open_store().lease(GRANT, lasts=60, wait=1.5):
            pass
        lease.write_note(b"done")
    assert open_store().note(GRANT) == b"done"


def test_connections_that_the_server_ends_cost_no_call(store, database, monkeypatch):
    """As in a restart: what was not done is done again, and what was done is not done twice."""
    wait_for_restarts(monkeypatch)
    stop = threading.Event()

    def cut():
        while not stop.wait(0.02):
            end_connections(database)

    version = store.save(GRANT, b"0", replaces=None)
    cutting = threading.Thread(target=cut)
    cutting.start()
    try:
        for number in range(1, 25):
            version = store.save(GRANT, str(number).encode(), replaces=version)
    finally:
        stop.set()
        cutting.join()
    assert store.load(GRANT) == (b"24", version)
    tell("connections are cut every 20 ms during saves", "each save is done once")


def test_a_locked_table_is_an_error_in_time(store, database, monkeypatch):
    """An answer that does not come is given up: libpq would wait for ever, for the table stays locked."""
    store.save(GRANT, b"one", replaces=None)
    with psycopg.connect(database) as connection:
        connection.execute("LOCK TABLE tokenkit.record")
        with pytest.raises(StoreUnavailable, match="did not answer in time"):
            store.version(GRANT)
    assert store.version(GRANT) is not None


def test_a_statement_that_nobody_waits_for_leaves_no_connection_behind_a_lock(store, database, monkeypatch):
    """The server would not notice: each try would leave one more, until there were none for any program."""
    monkeypatch.setattr("tokenkit.store.postgres.connections.ENDED_AFTER", 0.5)
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with psycopg.connect(database) as connection, psycopg.connect(database, autocommit=True) as looking:
        assert store.owners(), "it is connected"
        connection.execute("LOCK TABLE tokenkit.record")
        with pytest.raises(StoreUnavailable):
            store._connections.once("SELECT FROM {s}.record", within=0.1)
        wait_until(lambda: looking.execute(waiting).fetchone() == (0,))


@pytest.mark.parametrize("bound", ["0", "1min", "300ms", "5s"])
def test_a_bound_that_an_administrator_has_set_stays_if_it_is_closer(store, database, bound):
    """Only what nobody would wait for is ended by ours."""
    role, name = ask(database, "SELECT current_user, current_database()")[0]
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"ALTER ROLE {role} IN DATABASE {name} SET statement_timeout = '{bound}'")
        try:
            found = store._connections.ask("SELECT current_setting('statement_timeout')")[0][0]
        finally:
            connection.execute(f"ALTER ROLE {role} IN DATABASE {name} RESET statement_timeout")
    assert found == (bound if bound in ("300ms", "5s") else "12s")


def test_a_server_that_has_become_a_replica_is_left_for_one_that_takes_changes(store, database):
    """An address that leads elsewhere after a failover: a connection to the server of before would fail for ever."""
    store.save(GRANT, b"one", replaces=None)
    for connection in store._connections._idle:
        connection.execute("SET default_transaction_read_only = on")
    before = [*store._connections._idle]
    store.save(GRANT, b"two", replaces=store.version(GRANT))
    assert all(connection.closed for connection in before)
    assert store.load(GRANT).data == b"two"


@pytest.mark.parametrize(
    ("state", "kind", "hint"),
    [
        ("53100", StoreUnavailable, "free some space"),
        ("53200", StoreUnavailable, "tokenkit store status"),
        ("54000", StoreUnavailable, "tokenkit store status"),
        ("55P03", NotDone, "SET lock_timeout"),
        ("57014", NotDone, "SET statement_timeout"),
        ("25P04", NotDone, "SET transaction_timeout"),
        ("25006", NotDone, "try again"),
        ("57P01", AnswerLost, "try again"),
        ("08006", AnswerLost, "try again"),
    ],
)
def test_only_the_end_of_a_connection_leaves_open_whether_a_statement_was_done(state, kind, hint):
    said = translated(psycopg.errors.lookup(state)("its own words"))
    assert type(said) is kind
    assert hint in said.hint
    assert "its own words" not in str(said)


def test_a_psycopg_that_knows_no_time_out_of_its_own_serves_too(open_store, monkeypatch):
    """That of 3.2, which is allowed, and of most of 3.3: to wait with one came with a patch of that."""
    wait = psycopg.Connection.wait
    monkeypatch.setattr(psycopg.Connection, "wait", lambda self, gen, interval=0.1: wait(self, gen, interval))
    store = open_store()
    version = store.save(GRANT, b"one", replaces=None)
    assert store.load(GRANT) == (b"one", version)


ENCODINGS = ["SQL_ASCII", "LATIN1", "EUC_JP"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_database_of_any_encoding_keeps_any_name(url, encoding):
    """Names lie in it as bytes; what the server says of itself comes as text."""
    with psycopg.connect(url, autocommit=True) as connection:
        name = f"in_{encoding.lower()}"
        connection.execute(f"DROP DATABASE IF EXISTS {name}")
        locale = "LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
        connection.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' {locale}")
    address = url.replace("/postgres?", f"/{name}?")
    assert schema.init(Address(address, "the test")).role == "postgres"
    store = PostgresStore(Address(address, "the test"))
    odd = GRANT._replace(owner="Zoë 日本 'x' \"", id="google/日本@example.com")
    store.save(odd, b"one", replaces=None)
    assert [*store.owners()] == [odd.owner]
    assert [*store.names("grant", odd.owner)] == [odd]
    assert isinstance(store.identity(), str)
    store.close()


def test_serializable_transactions_of_the_server_change_nothing(url):
    database = new_database(url)
    schema.init(Address(database, "the test"))
    name = database.split("/")[3].split("?")[0]
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = serializable")
    store = PostgresStore(Address(database, "the test"))
    version, barrier, won = store.save(GRANT, b"", replaces=None), threading.Barrier(4), []

    def save(number):
        barrier.wait(PATIENCE)
        try:
            store.save(GRANT, bytes([number]), replaces=version)
        except Conflict:
            return
        won.append(number)

    threads = [threading.Thread(target=save, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()
    assert len(won) == 1


def test_a_listing_goes_over_many_pages(store, monkeypatch):
    ids = [f"google/{number:04}" for number in range(1100)]
    for id in ids[:20]:
        store.save(GRANT._replace(id=id), b"x", replaces=None)
    store._connections.once(
        "INSERT INTO {s}.record (kind, owner, id, data, version) "
        "SELECT 'grant', '', convert_to('google/' || lpad(n::text, 4, '0'), 'UTF8'), 'x', %s "
        "FROM generate_series(20, 1099) AS n",
        (uuid.uuid4(),),
    )
    assert [name.id for name in store.names("grant")] == ids


def test_nothing_is_shown_that_was_in_the_address(database):
    assert database not in repr(vars(PostgresStore(Address(database, "the test"))))


@forks
def test_a_forked_child_speaks_on_connections_of_its_own(store):
    """R7: two processes on one connection would read each other's answers."""
    store.save(GRANT, b"one", replaces=None)
    with store.lease(GRANT, lasts=60, wait=0):
        child = os.fork()
        if child == 0:
            store.close()
            loaded = store.load(GRANT)
            os._exit(0 if loaded is not None and loaded.data == b"one" else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert store.load(GRANT) is not None
    with store.lease(GRANT, lasts=60, wait=0):
        pass


@pytest.mark.slow
def test_a_server_that_is_stopped_at_once_and_starts_again_costs_no_call(store, database, monkeypatch):
    """What was confirmed is there, who asks meanwhile waits, and a lease that has begun stays its holder's (R38)."""
    wait_for_restarts(monkeypatch)
    store.save(GRANT, b"0", replaces=None)
    stop, failed, counts = threading.Event(), [], []

    def save(number):
        name, version, count = GRANT._replace(id=f"google/{number}"), None, 0
        try:
            while count < 2 or not stop.is_set():  # however slow the machine is, one before and one after
                count += 1
                version = store.save(name, str(count).encode(), replaces=version)
                assert store.load(name) == (str(count).encode(), version)
        except Exception as error:  # noqa: BLE001 - told below
            failed.append(error)
        counts.append(count)

    threads = [threading.Thread(target=save, args=(number,)) for number in range(4)]
    with store.lease(GRANT, lasts=60, wait=0) as lease:
        lease.write_note(b"begun", acts=True)
        for thread in threads:
            thread.start()
        try:
            crash(database)
            time.sleep(0.5)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        with pytest.raises(StoreUnavailable), store.lease(GRANT, lasts=60, wait=0.5):
            pass
        lease.write_note(b"done")
    assert failed == []
    assert min(counts) > 1
    assert store.note(GRANT) == b"done"


def test_where_memory_has_nothing_a_far_server_is_waited_for(store, monkeypatch):
    """R14: the second and a half of a look are for those whose token in memory is good; to connect may take longer."""
    asked, ask_for = [], Connections.ask

    def noting(self, text, values=(), *, within=ANSWER_IN):
        asked.append(within)
        return ask_for(self, text, values, within=within)

    monkeypatch.setattr(Connections, "ask", noting)
    store.version(GRANT)
    store.version(GRANT._replace(id="scripted"))
    assert {*asked} == {ANSWER_IN}
    asked.clear()
    store.versions([GRANT])
    assert {*asked} == {LOOK_IN}


def test_an_answer_that_has_come_is_taken_however_late():
    """R9: a process that was stopped must not take what the server has confirmed for lost."""

    def waiting():
        return (yield "wanted")

    late = _until(float("-inf"), waiting())
    next(late)
    with pytest.raises(StopIteration) as taken:
        late.send(1)
    assert taken.value.value == 1
    stalled = _until(float("-inf"), waiting())
    next(stalled)
    with pytest.raises(psycopg.OperationalError, match="no answer in time"):
        stalled.send(0)
