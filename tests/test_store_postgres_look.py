"""What is known of versions without a question to the database, and for how long that is believed (R1, R14, R39).

The server is real, and so are its messages. The clock that tells how old an answer is belongs to the test.
"""

import os
import threading

import pytest
from tokenkit.errors import StoreUnavailable
from tokenkit.store import Name
from tokenkit.testing.store_contract import GRANT

import real_parts
from link import Link
from patience import PATIENCE, wait_until
from postgres_server import server

psycopg = real_parts.package("psycopg", how="python -m pip install -e '.[test]'")

from tokenkit.store.postgres import schema  # noqa: E402
from tokenkit.store.postgres.address import Address  # noqa: E402
from tokenkit.store.postgres.connections import Connections  # noqa: E402
from tokenkit.store.postgres.store import PostgresStore  # noqa: E402

from look_clock import clock_of_looks, wait_for_answers, waits_of  # noqa: E402

pytestmark = pytest.mark.real

EVERYONE = Name("grant", "", "google")
STEP = 1 / 16
"""Seconds between two looks. Exact in binary, so that what is left to a second is, too."""


@pytest.fixture(scope="module")
def url():
    with server() as url:
        schema.init(Address(url, "the test"))
        yield url


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """What is as old as the test says."""
    return clock_of_looks(monkeypatch)


@pytest.fixture
def patient(monkeypatch):
    wait_for_answers(monkeypatch)


@pytest.fixture
def link(url):
    link = Link(url)
    yield link
    link.close()


@pytest.fixture
def open_store(url):
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("TRUNCATE tokenkit.record, tokenkit.accounts, tokenkit.lease")
    opened = []

    def open_one(at=url, direct=None):
        address = None if direct is None else Address(direct, "the test")
        opened.append(PostgresStore(Address(at, "the test"), address))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.fixture
def asked(monkeypatch):
    """The names of each question for versions."""
    once, questions = Connections.once, []

    def counting(self, text, values=(), **options):
        if "unnest" in text:
            questions.append([bytes(id).decode() for id in values["ids"]])
        return once(self, text, values, **options)

    monkeypatch.setattr(Connections, "once", counting)
    return questions


def listens(store, clock, names=(GRANT,)):
    """Look until changes of these names are told, and all until now has been."""
    store._line.used(clock.now())
    wait_until(lambda: store._line.heard.line)
    wait_until(lambda: (store.versions(names) and all(map(store._look._told, names))) or clock.advance(STEP))
    wait_until(lambda: store._line.heard.until == clock.now())


def test_while_changes_are_told_a_look_asks_nothing(open_store, asked, clock, patient):
    """R39: a thousand accounts cost one message a second, not a thousand questions."""
    store = open_store()
    version = store.save(GRANT, b"one", replaces=None)
    listens(store, clock)
    asked.clear()
    for _ in range(2):
        for _ in range(16):
            clock.advance(STEP)
            assert store.versions([GRANT]) == [version]
        wait_until(lambda: store._line.heard.until == clock.now())
    assert asked == []


def test_what_another_machine_changes_is_told_at_once(open_store, clock, patient):
    """R1: a save, a sign-out and a sign-in, of the account and of the provider's set. The clock stands still."""
    store, other = open_store(), open_store()
    version = other.save(GRANT, b"one", replaces=None)
    listens(store, clock, (GRANT, EVERYONE))
    for data in (b"two", None, b"three"):
        before = store.versions([GRANT, EVERYONE])
        version = other.save(GRANT, data, replaces=version)

        def changed(before=before):
            return not set(before) & set(store.versions([GRANT, EVERYONE]))

        wait_until(changed)
        assert store.versions([GRANT]) == [version]


def test_what_an_administrator_changes_is_told(open_store, url, clock, patient):
    """R39: a row that was put back or deleted by hand is a change as any other."""
    store = open_store()
    store.save(GRANT, b"one", replaces=None)
    listens(store, clock)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DELETE FROM tokenkit.record")
    wait_until(lambda: store.versions([GRANT]) == [None])


def test_no_name_is_told(open_store, url):
    """Every role of the database may listen, and names are people's addresses."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("LISTEN tokenkit")
        open_store().save(GRANT._replace(owner="alice"), b"one", replaces=None)
        (told,) = list(connection.notifies(timeout=PATIENCE, stop_after=1))
    digest, of_all, date, proof = told.payload.split()
    assert (len(digest), len(of_all), len(proof)) == (24, 24, 24)
    assert float(date)
    assert not any(word in told.payload for word in ("alice", "google", "example"))


def test_with_the_line_stalled_a_sign_out_is_seen_within_a_second_and_a_half(open_store, link, clock, patient):
    """R39: a silent line and no news look alike. With the second of R1, a sign-out is seen within 2.5 seconds."""
    store, other = open_store(direct=link.url), open_store()
    version = other.save(GRANT, b"one", replaces=None)
    listens(store, clock)
    link.stall()
    other.save(GRANT, None, replaces=version)
    clock.advance(1.5 - STEP)
    assert store.versions([GRANT]) == [version], "nobody has told yet"
    clock.advance(STEP)
    assert store.versions([GRANT]) == [None]


def test_a_line_that_was_cut_is_not_believed_and_begun_anew(open_store, link, clock, patient):
    """R39: what changed in between was never told."""
    store, other = open_store(direct=link.url), open_store()
    version = other.save(GRANT, b"one", replaces=None)
    listens(store, clock)
    line = store._line.heard.line
    link.cut()
    wait_until(lambda: store._line.heard.line == 0)
    other.save(GRANT, None, replaces=version)
    clock.advance(1.0)
    assert store.versions([GRANT]) == [None]
    link.restore()
    listens(store, clock)
    assert store._line.heard.line > line


def test_without_a_line_one_question_a_second_asks_for_all(open_store, link, asked, clock, patient):
    """R39: a thousand accounts behind a pooler are one question."""
    link.cut()
    store = open_store(direct=link.url)
    names = [GRANT._replace(id=f"google/{number}") for number in range(40)]
    versions = [store.save(name, b"x", replaces=None) for name in names]
    for _ in range(51):
        for name, version in zip(names, versions, strict=True):
            assert store.versions([name]) == [version]
        clock.advance(STEP)
    whole = [question for question in asked if len(question) == len(names)]
    assert 2 <= len(whole) <= 4, "three seconds have passed"
    assert len(asked) <= 40 + 4, "each name once until it is known to be asked for"


def test_a_store_that_stalls_is_given_up_in_time_and_then_at_once(open_store, link, clock):
    """R14: a caller with a good token in memory waits once, and the others not at all."""
    store = open_store(at=link.url)
    version = store.save(GRANT, b"one", replaces=None)
    listens(store, clock)
    waits = waits_of(store)
    link.stall()
    clock.advance(1.5)
    for _ in range(50):
        assert _fails(store)
        clock.advance(0.05)
    assert waits == [1.5]
    link.restore()
    wait_until(lambda: clock.advance(STEP) or not _fails(store))
    assert store.versions([GRANT]) == [version]


def test_many_callers_of_a_store_that_stalls_wait_for_one_answer(open_store, link):
    """R14: also where each asks for another account, and more than there are connections."""
    store = open_store(at=link.url)
    store.save(GRANT, b"one", replaces=None)
    waits, failed = waits_of(store), []
    link.stall()

    def look(number):
        with pytest.raises(StoreUnavailable):
            store.versions([GRANT._replace(id=f"google/{number}")])
        failed.append(number)

    threads = [threading.Thread(target=look, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(failed), set(waits)) == (32, {1.5})
    assert len(waits) <= 32, "each waits once, or not at all"


def _fails(store):
    try:
        store.versions([GRANT])
    except StoreUnavailable:
        return True
    return False


def test_a_failure_of_long_ago_is_nobody_elses(open_store, link, clock):
    """R14: who asks when the store is back is answered, and not told what somebody met before."""
    store = open_store(at=link.url)
    store.save(GRANT, b"one", replaces=None)
    link.cut()
    assert _fails(store)
    wait_until(lambda: not store._look._asking)  # so that nobody finds out that it is back
    link.restore()
    clock.advance(2.1)
    assert not _fails(store)


def test_nobody_listens_once_the_store_is_closed(open_store, clock):
    before, store = threading.enumerate(), open_store()
    store.save(GRANT, b"one", replaces=None)
    listens(store, clock)
    store.close()
    begun = (thread for thread in threading.enumerate() if thread not in before)
    for thread in [thread for thread in begun if thread.name.startswith("tokenkit")]:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    assert store.versions([GRANT]) != [None], "who asks again is answered"


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_looks_and_listens_for_itself(open_store, clock):
    """R7: the thread that listened does not exist there, and the connection is the parent's."""
    store = open_store()
    version = store.save(GRANT, b"one", replaces=None)
    listens(store, clock)
    child = os.fork()
    if child == 0:
        try:
            assert store._look._known, "it was forked with what the parent knew"
            listens(store, clock)
            os._exit(0 if store.versions([GRANT]) == [version] else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    second = store.save(GRANT, b"two", replaces=version)
    assert store.versions([GRANT]) == [second]
