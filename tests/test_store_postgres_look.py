"""What is known of versions without a question to the database, and for how long that is believed (R1, R14, R39)."""

import os
import threading
import time

import pytest
from tokenkit.errors import StoreUnavailable
from tokenkit.store import Name
from tokenkit.testing.store_contract import GRANT

import real_parts
from link import Link
from postgres_server import server

psycopg = real_parts.package("psycopg", how="python -m pip install -e '.[test]'")

from tokenkit.store.postgres import schema  # noqa: E402
from tokenkit.store.postgres.address import Address  # noqa: E402
from tokenkit.store.postgres.connections import Connections  # noqa: E402
from tokenkit.store.postgres.store import PostgresStore  # noqa: E402

pytestmark = pytest.mark.real

EVERYONE = Name("grant", "", "google")
NOISE = 0.3
"""Seconds that a busy machine may take to do nothing."""


@pytest.fixture(scope="module")
def url():
    with server() as url:
        schema.init(Address(url, "the test"))
        yield url


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


def listens(store, names=(GRANT,)):
    """Look until changes of these names are told."""
    wait_until(lambda: store.versions(names) and store._line.heard.until > 0)
    wait_until(lambda: all(store._look._told(name) for name in names) or store.versions(names) is None)


def wait_until(holds, within=10.0):
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def seconds_until(holds):
    began = time.monotonic()
    wait_until(holds)
    return time.monotonic() - began


def test_while_changes_are_told_a_look_asks_nothing(open_store, asked):
    """R39: a thousand accounts cost one message a second, not a thousand questions."""
    store = open_store()
    version = store.save(GRANT, b"one", replaces=None)
    listens(store)
    asked.clear()
    end = time.monotonic() + 2.5
    while time.monotonic() < end:
        assert store.versions([GRANT]) == [version]
        time.sleep(0.01)
    assert asked == []


def test_what_another_machine_changes_is_told_at_once(open_store):
    """R1: a save, a sign-out and a sign-in, of the account and of the provider's set."""
    store, other = open_store(), open_store()
    version = other.save(GRANT, b"one", replaces=None)
    listens(store, (GRANT, EVERYONE))
    for data in (b"two", None, b"three"):
        before = store.versions([GRANT, EVERYONE])
        version = other.save(GRANT, data, replaces=version)

        def changed(before=before):
            return not set(before) & set(store.versions([GRANT, EVERYONE]))

        assert seconds_until(changed) < NOISE
        assert store.versions([GRANT]) == [version]


def test_what_an_administrator_changes_is_told(open_store, url):
    """R39: a row that was put back or deleted by hand is a change as any other."""
    store = open_store()
    store.save(GRANT, b"one", replaces=None)
    listens(store)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DELETE FROM tokenkit.record")
    assert seconds_until(lambda: store.versions([GRANT]) == [None]) < NOISE


def test_no_name_is_told(open_store, url):
    """Every role of the database may listen, and names are people's addresses."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("LISTEN tokenkit")
        open_store().save(GRANT._replace(owner="alice"), b"one", replaces=None)
        (told,) = list(connection.notifies(timeout=5, stop_after=1))
    assert len(told.payload.split()) == 2
    assert not any(word in told.payload for word in ("alice", "google", "example"))


def test_with_the_line_stalled_a_sign_out_is_seen_within_a_second_and_a_half(open_store, link):
    """R39: a silent line and no news look alike. With the second of R1, a sign-out is seen within 2.5 seconds."""
    store, other = open_store(direct=link.url), open_store()
    version = other.save(GRANT, b"one", replaces=None)
    listens(store)
    link.stall()
    other.save(GRANT, None, replaces=version)
    assert store.versions([GRANT]) == [version], "nobody has told yet"
    assert 0.2 < seconds_until(lambda: store.versions([GRANT]) == [None]) < 1.5 + NOISE


def test_a_line_that_was_cut_is_not_believed_and_begun_anew(open_store, link):
    """R39: what changed in between was never told."""
    store, other = open_store(direct=link.url), open_store()
    version = other.save(GRANT, b"one", replaces=None)
    listens(store)
    line = store._line.heard.line
    link.cut()
    wait_until(lambda: store._line.heard.line == 0)
    other.save(GRANT, None, replaces=version)
    assert seconds_until(lambda: store.versions([GRANT]) == [None]) < 1.0 + NOISE
    link.restore()
    listens(store)
    assert store._line.heard.line > line


def test_without_a_line_one_question_a_second_asks_for_all(open_store, link, asked):
    """R39: a thousand accounts behind a pooler are one question."""
    link.cut()
    store = open_store(direct=link.url)
    names = [GRANT._replace(id=f"google/{number}") for number in range(40)]
    versions = [store.save(name, b"x", replaces=None) for name in names]
    end = time.monotonic() + 3.2
    while time.monotonic() < end:
        for name, version in zip(names, versions, strict=True):
            assert store.versions([name]) == [version]
            time.sleep(0.002)
    whole = [question for question in asked if len(question) == len(names)]
    assert 2 <= len(whole) <= 4
    assert len(asked) <= 40 + 4, "each name once until it is known to be asked for"


def test_a_store_that_stalls_is_given_up_in_time_and_then_at_once(open_store, link):
    """R14: a caller with a good token in memory waits once, and the others not at all."""
    store = open_store(at=link.url)
    version = store.save(GRANT, b"one", replaces=None)
    listens(store)
    link.stall()
    wait_until(lambda: _fails(store), within=5)
    for _ in range(50):
        began = time.monotonic()
        assert _fails(store)
        assert time.monotonic() - began < 0.1
        time.sleep(0.05)
    link.restore()
    wait_until(lambda: not _fails(store), within=15)
    assert store.versions([GRANT]) == [version]


def test_many_callers_of_a_store_that_stalls_wait_for_one_answer(open_store, link):
    """R14: also where each asks for another account, and more than there are connections."""
    store = open_store(at=link.url)
    store.save(GRANT, b"one", replaces=None)
    link.stall()
    waited = []

    def look(number):
        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            store.versions([GRANT._replace(id=f"google/{number}")])
        waited.append(time.monotonic() - began)

    threads = [threading.Thread(target=look, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(waited) < 1.5 + NOISE


def _fails(store):
    began = time.monotonic()
    try:
        store.versions([GRANT])
    except StoreUnavailable:
        return True
    finally:
        assert time.monotonic() - began < 1.5 + NOISE
    return False


def test_a_failure_of_long_ago_is_nobody_elses(open_store, link):
    """R14: who asks when the store is back is answered, and not told what somebody met before."""
    store = open_store(at=link.url)
    store.save(GRANT, b"one", replaces=None)
    link.cut()
    assert _fails(store)
    link.restore()
    time.sleep(2.1)
    assert not _fails(store)


def test_nobody_listens_once_the_store_is_closed(open_store):
    store = open_store()
    store.save(GRANT, b"one", replaces=None)
    listens(store)
    store.close()
    wait_until(lambda: not any(thread.name.startswith("tokenkit") for thread in threading.enumerate()))
    assert store.versions([GRANT]) != [None], "who asks again is answered"


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_looks_and_listens_for_itself(open_store):
    """R7: the thread that listened does not exist there, and the connection is the parent's."""
    store = open_store()
    version = store.save(GRANT, b"one", replaces=None)
    listens(store)
    child = os.fork()
    if child == 0:
        try:
            assert store._look._known, "it was forked with what the parent knew"
            listens(store)
            os._exit(0 if store.versions([GRANT]) == [version] else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    second = store.save(GRANT, b"two", replaces=version)
    assert store.versions([GRANT]) == [second]
