"""The database restarts, stalls, is locked or is away while all machines ask: no call fails that could be served."""

import signal
import threading
import time
from pathlib import Path

import pytest
from tokenkit import ConsentRequired, ProviderUnavailable, TokenKitError, UnknownAccount
from tokenkit.grants import refresh_state
from tokenkit.net.lazy_http import http_context
from tokenkit.testing.clock import Clock

import real_parts
from failover import folder_of
from fault_table import tell
from held_answers import HELD
from look_clock import clock_of_looks, wait_for_answers, waits_of
from patience import PATIENCE, wait_until
from postgres_server import crash, end_connections, wait_for_restarts

psycopg = real_parts.package("psycopg", how="python -m pip install -e '.[test]'")

from tokenkit.store.postgres import schema  # noqa: E402
from tokenkit.store.postgres.address import Address  # noqa: E402

pytestmark = [pytest.mark.real, pytest.mark.slow]

STEP = 1 / 16
"""Seconds between two looks. Exact in binary."""


class Asking:
    """Threads that ask for the token without a pause: how often, and what failed."""

    def __init__(self, kits):
        self.asked, self.failed = 0, []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(kit,)) for kit in kits]
        for thread in self._threads:
            thread.start()

    def _ask(self, kit):
        while not self._stop.is_set():
            try:
                kit.token("google/me@example.com")
            except TokenKitError as error:
                self.failed.append(f"{type(error).__name__}: {error}")
            self.asked += 1
            time.sleep(0.02)

    def go_on(self, refreshed=lambda: True):
        """Wait until they have asked a hundred times more, and there was a refresh."""
        before = self.asked
        wait_until(lambda: self.asked >= before + 100 and refreshed())

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join()
        return self


RESTARTS = {
    signal.SIGINT: "is restarted",
    signal.SIGQUIT: "is stopped at once and starts again",
    signal.SIGKILL: "is killed with all its processes and starts again",
}


@pytest.mark.parametrize("how", RESTARTS, ids=["restart", "immediate stop", "kill"])
def test_a_server_that_ends_and_starts_again_fails_nobody(fleet, how, monkeypatch):
    """R38, R14: tokens of two seconds, so that refreshes are under way at every moment; the session lives."""
    wait_for_restarts(monkeypatch)
    fleet.authority.lifetimes.access = 2.0
    asking = Asking([fleet.kit() for _ in range(4)] * 2)
    try:
        asking.go_on(lambda: fleet.refreshes() > 0)
        crash(fleet.url, how)
        before = fleet.refreshes()
        asking.go_on(lambda: fleet.refreshes() > before)
    finally:
        asking.stop()
    assert asking.failed == []
    assert fleet.alive()
    tell(f"the database {RESTARTS[how]} under load", "no error, the session lives")


def test_a_store_that_stalls_delays_a_caller_with_a_good_token_once(fleet, link):
    """R14: memory serves for a minute; only the first look waits, for a second and a half."""
    clock = Clock(time.time())
    kit = fleet.kit(store=link.url, context=http_context(30.0, tuple)._replace(now=clock.now))
    good = kit.token("google/me@example.com")
    link.stall()
    waits = waits_of(kit.records.store)
    for _ in range(59):
        clock.advance(1)
        assert kit.token("google/me@example.com") == good
    assert 0 < waits[0] <= 1.5
    assert len(waits) <= 3, "one a second and a half, where this machine is slow"
    tell(
        "the whole line to the database stalls, a good token in memory",
        "it is served for 60 seconds; only the first look waits, 1.5 seconds",
    )


def test_with_the_line_of_messages_stalled_a_sign_out_is_seen_in_two_and_a_half_seconds(fleet, link, monkeypatch):
    """R39: nobody who was signed out on another machine is served for longer. Both clocks are the test's."""
    looks, clock = clock_of_looks(monkeypatch), Clock(time.time())
    wait_for_answers(monkeypatch)
    kit = fleet.kit(direct=link.url, context=http_context(30.0, tuple)._replace(now=clock.now))
    store = kit.records.store

    def asks(after):
        for each in (looks, clock):
            each.advance(after)
        return not _is_signed_out(kit)

    wait_until(lambda: asks(STEP) and store._line.heard.line)
    for _ in range(3):
        assert asks(1)
    wait_until(lambda: store._line.heard.until == looks.now())
    link.stall()
    fleet.kit().logout("google/me@example.com")
    assert asks(1.5 - STEP), "looked at, and nobody has told yet"
    assert asks(1.0 - STEP), "memory serves"
    assert not asks(2 * STEP)
    tell("the line of messages stalls, a sign-out on another machine", "seen within 2.5 seconds")


def _is_signed_out(kit):
    try:
        kit.token("google/me@example.com")
    except (UnknownAccount, ConsentRequired):
        return True
    return False


def test_a_locked_table_delays_callers_until_it_is_free(fleet, monkeypatch):
    """An administrator's lock is waited for; who asks for a token then gets it."""
    wait_for_restarts(monkeypatch)
    with psycopg.connect(fleet.url) as connection, psycopg.connect(fleet.url, autocommit=True) as looking:
        connection.execute("LOCK TABLE tokenkit.record")
        results = fleet.waiting(8)
        wait_until(lambda: looking.execute("SELECT count(*) = 8 FROM pg_locks WHERE NOT granted").fetchone()[0])
    told = results()
    assert len(set(told)) == 1
    assert ":" not in told[0]
    assert (fleet.refreshes(), fleet.alive()) == (1, True)
    tell("an administrator locks the table for some seconds", "callers wait for it; one request")


def test_serializable_isolation_fails_nobody(fleet):
    """What the server gives up is done again."""
    with psycopg.connect(fleet.url, autocommit=True) as connection:
        connection.execute("ALTER ROLE postgres SET default_transaction_isolation = serializable")
        try:
            told = fleet.asked(8)
        finally:
            connection.execute("ALTER ROLE postgres RESET default_transaction_isolation")
    assert len(set(told)) == 1
    assert ":" not in told[0]
    assert (fleet.refreshes(), fleet.alive()) == (1, True)
    tell("the server's default isolation is serializable", "one request, no error")


def test_machines_whose_clocks_are_minutes_apart_back_off_as_one(fleet, monkeypatch):
    """R12, R38: the provider is down; two requests, the second one the retry, and not two for each machine."""
    monkeypatch.setattr(refresh_state, "FIRST_BACKOFF", 200.0)  # longer than a busy machine needs for all of them
    fleet.authority.next("token", status=503, times=100)
    for apart in (-240.0, 0.0, 240.0, 600.0):
        context = http_context(30.0, tuple)
        kit = fleet.kit(context=context._replace(now=lambda apart=apart: time.time() + apart))
        with pytest.raises(ProviderUnavailable):
            kit.token("google/me@example.com")
    assert fleet.refreshes() == 2
    tell("clocks up to 14 minutes apart, the provider is down", "one back-off for all: two requests in place of eight")


@pytest.fixture
def password(fleet, tmp_path, monkeypatch):
    """Let a role of its own need a password; return its address, and what changes the password on either side."""
    rules = Path(folder_of(fleet.url), "pg_hba.conf")
    before, file = rules.read_text(), tmp_path / "pgpass"
    monkeypatch.setenv("PGPASSFILE", str(file))

    def in_the_file(word):
        file.write_text(f"*:*:*:changing:{word}\n")
        file.chmod(0o600)

    def at_the_server(word):
        run(f"ALTER ROLE changing PASSWORD '{word}'")

    def run(*statements):
        with psycopg.connect(fleet.url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    rules.write_text(f"local all changing scram-sha-256\n{before}")
    run("CREATE ROLE changing LOGIN", "SELECT pg_reload_conf()")
    schema.init(Address(fleet.url, "the test"), "changing")
    yield fleet.url.replace("postgres:@", "changing@"), in_the_file, at_the_server
    rules.write_text(before)
    end_connections(fleet.url)
    run("SELECT pg_reload_conf()", "DROP OWNED BY changing", "DROP ROLE changing")


def test_a_password_that_is_changed_in_mid_request_costs_no_session(fleet, password, monkeypatch):
    """Its connections end, and none can be made before the new one stands where the process reads it, each time."""
    wait_for_restarts(monkeypatch)
    store, in_the_file, at_the_server = password
    in_the_file("before")
    at_the_server("before")
    kit, told = fleet.kit(store=store), []
    assert kit.accounts()
    fleet.authority.next("token", delay=HELD)
    asking = threading.Thread(target=lambda: told.append(kit.token("google").value))
    asking.start()
    fleet.refreshing()
    at_the_server("after")
    end_connections(fleet.url)
    refused, connect = threading.Event(), Address.connect

    def connecting(*arguments):
        try:
            return connect(*arguments)
        except psycopg.OperationalError:
            refused.set()
            raise

    monkeypatch.setattr(Address, "connect", connecting)
    fleet.answers.let_go()
    assert refused.wait(PATIENCE)
    in_the_file("after")
    asking.join()
    assert len(told) == 1
    assert (fleet.refreshes(), fleet.alive()) == (1, True)
    tell(
        "the password is changed, and all connections end, in mid-request",
        "the new one is read from its file; one request, no error",
    )
