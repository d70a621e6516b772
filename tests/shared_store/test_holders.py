"""A machine that holds a lease is killed, stopped, or loses its line to the database: no session is lost (R38)."""

import itertools
import os
import signal
import threading
import time

import pytest
from tokenkit.elapsed import elapsed
from tokenkit.grants import insistently
from tokenkit.store.postgres import lease, session, store

import real_parts
from fault_table import tell
from held_answers import HELD
from look_clock import wait_for_answers
from patience import PATIENCE, wait_until

psycopg = real_parts.package("psycopg", how="python -m pip install -e '.[test]'")

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Let those who ask meanwhile wait for a database that is merely slow."""
    wait_for_answers(monkeypatch)


GONE_FOR = lease.GONE_FOR

BRIEFLY = 0.25
"""Seconds for which these tests wait for a holder that is gone, in place of `GONE_FOR`."""


def said(holder):
    """Wait for what the holder was told."""
    out, err = holder.communicate(timeout=PATIENCE)
    assert out, err
    return out.strip()


def is_token(told):
    return len(told) == 6


def one(told):
    (only,) = set(told)
    return only


def test_one_that_is_killed_before_the_provider_has_acted_is_succeeded_at_the_end_of_its_lease(fleet):
    """R38: what it has sent may be under way still, and a rotating provider ends the session at a second request."""
    fleet.authority.next("token", delay=HELD, drop=True)
    holder = fleet.holder()
    fleet.go(holder)
    fleet.refreshing()
    holder.kill()
    fleet.answers.let_go()
    ends = fleet.end_lease_in(1.0)
    assert is_token(one(fleet.asked()))
    assert fleet.authority.requested[1] >= ends
    assert (fleet.refreshes(), fleet.alive()) == (2, True)
    tell(
        "kill -9 between the request and the provider's act, tokens rotate", "the others wait for the end of the lease"
    )


@pytest.mark.parametrize("fleet", ["keeps"], indirect=True)
def test_one_that_is_killed_where_nothing_rotates_is_succeeded_long_before_its_lease_ends(fleet, monkeypatch):
    """R38: declared and observed, so a second request does no harm; its lease would last for 90 seconds."""
    monkeypatch.setattr(lease, "GONE_FOR", BRIEFLY)
    fleet.authority.next("token", delay=HELD, drop=True)
    holder = fleet.holder()
    fleet.go(holder)
    fleet.refreshing()
    killed, ends = time.time(), fleet.lease_ends()
    holder.kill()
    fleet.answers.let_go()
    assert is_token(one(fleet.asked()))
    assert killed + BRIEFLY <= fleet.authority.requested[1] < ends
    assert (fleet.refreshes(), fleet.alive()) == (2, True)
    tell("the same, where the provider keeps its refresh tokens", f"the others wait for {GONE_FOR:g} seconds")


def test_one_that_is_killed_after_the_provider_has_rotated_takes_the_session_with_it_and_that_is_told(fleet):
    """R8, R12: the one window that nobody can close. It is named, and not mistaken for a refusal."""
    fleet.authority.next("token", drop=True, acts=True)
    holder = fleet.holder()
    fleet.go(holder)
    fleet.refreshing()
    holder.kill()
    fleet.end_lease_in(0)
    told = fleet.asked()
    assert one(told).startswith("ConsentRequired")
    assert "answer to an earlier refresh was lost" in one(told)
    assert fleet.refreshes() == 2
    tell(
        "kill -9 after the provider has rotated, before the save",
        "a new sign-in is needed; the error says that an answer was lost",
    )


def test_one_that_cannot_save_what_it_got_is_not_succeeded_while_it_lives(fleet, monkeypatch):
    """R8: a locked table, as while an index is made. Who asks after the end of a lease would send the spent token."""
    fleet.authority.next("token", delay=HELD)
    with psycopg.connect(fleet.url) as connection:
        with monkeypatch.context() as hasty:
            hasty.setattr(store, "ANSWER_IN", 0.2)
            hasty.setattr(insistently, "SAVE_PAUSES", ())
            told = fleet.waiting(1)
            fleet.refreshing()
            connection.execute("LOCK TABLE tokenkit.record IN SHARE MODE")
            fleet.answers.let_go()
            assert "This process keeps it" in one(told())
            ends = fleet.end_lease_in(0)
            hasty.setattr(lease, "elapsed", lambda: elapsed() + 60)
            wait_until(lambda: fleet.lease_ends() > ends + 60)
        assert "the newest grant of google/me@example.com is held by process" in one(fleet.asked(2))
    wait_until(lambda: is_token(one(fleet.asked(1))))
    assert (fleet.refreshes(), fleet.alive()) == (1, True)
    tell(
        "the table takes no saves for longer than a lease lasts, as while an index is made, after the provider has "
        "rotated",
        "the process that has the newest grant is waited for, and saves it then",
    )


def stall(link):
    link.stall()
    time.sleep(2 * BRIEFLY)


def cut(link):
    link.cut()
    time.sleep(4 * BRIEFLY)


def flap(link):
    for _ in range(10):
        link.end_connections()
        time.sleep(BRIEFLY / 5)


TROUBLE = {
    stall: "stalls",
    cut: "is cut, for longer than a dead one is waited for,",
    flap: "is cut ten times",
}


@pytest.mark.parametrize("trouble", TROUBLE, ids=["stalls", "is cut", "flaps"])
def test_one_whose_line_is_lost_in_mid_request_makes_no_second_one(fleet, link, trouble, monkeypatch):
    """R38: a lost line looks like a death, and is none. All get the token that it brought."""
    monkeypatch.setattr(lease, "GONE_FOR", BRIEFLY)
    fleet.authority.next("token", delay=HELD)
    holder = fleet.holder(store=link.url)
    fleet.go(holder)
    fleet.refreshing()
    results = fleet.waiting()
    trouble(link)
    fleet.answers.let_go()
    trouble(link)
    link.restore()
    told = results()
    assert is_token(one(told))
    assert said(holder) == one(told)
    assert (fleet.refreshes(), fleet.alive()) == (1, True)
    tell(f"the holder's line to the database {TROUBLE[trouble]} in mid-request", "one request, and all get its token")


@pytest.mark.parametrize("where", ["checked", "connected"])
def test_one_that_is_stopped_before_it_sends_sends_nothing_when_it_goes_on(fleet, where, monkeypatch):
    """R38: its lease has ended, and another has spent the refresh token. It gets what that one has brought.

    Its line lives, so that one has seen the end for as long as a refresh takes: here, at each look for 30 seconds more.
    """
    monkeypatch.setattr(session, "elapsed", itertools.count(step=30.0).__next__)
    holder = fleet.holder(where)
    fleet.go(holder)
    assert holder.stdout.readline() == "stops\n"
    fleet.end_lease_in(0)
    told = fleet.asked()
    assert is_token(one(told))
    os.kill(holder.pid, signal.SIGCONT)
    assert said(holder) == one(told)
    assert (fleet.refreshes(), fleet.alive()) == (1, True)
    when = {"checked": "its last check and the request", "connected": "its connection and the first byte"}[where]
    tell(f"SIGSTOP between {when}, for longer than its lease", "it sends nothing when it goes on; one request")


def test_a_clock_of_the_database_that_is_set_forward_makes_no_second_request(fleet, monkeypatch):
    """R38: all leases have ended by it at once, and who acts is still at it. Here they are moved, and not the clock."""
    looked, look = [], lease.Leases._may_be_succeeded

    def noting(*arguments):
        looked.append(arguments)
        return look(*arguments)

    monkeypatch.setattr(lease.Leases, "_may_be_succeeded", noting)
    fleet.authority.next("token", delay=HELD)
    holder = fleet.holder()
    fleet.go(holder)
    fleet.refreshing()
    fleet.end_lease_in(-600.0)
    results = fleet.waiting()
    wait_until(lambda: len(looked) >= 8 or fleet.refreshes() > 1)
    fleet.answers.let_go()
    told = results()
    assert is_token(one(told))
    assert said(holder) == one(told)
    assert (fleet.refreshes(), fleet.alive()) == (1, True)
    tell("the clock of the database is set forward by minutes in mid-request", "one request, and all get its token")


def test_many_on_one_connection_each_wait_for_one_request(fleet, monkeypatch):
    """R38: no connection is held while the provider is waited for."""
    monkeypatch.setattr("tokenkit.store.postgres.connections.AT_MOST", 1)
    fleet.authority.next("token", delay=HELD)
    kits, told = [fleet.kit() for _ in range(2)], []
    threads = [
        threading.Thread(target=lambda kit=kits[n % 2]: told.append(kit.token("google").value)) for n in range(32)
    ]
    for thread in threads:
        thread.start()
    fleet.refreshing()
    for kit in kits:
        assert kit.accounts(), "each has its connection for what else is asked"
    assert told == []
    fleet.answers.let_go()
    for thread in threads:
        thread.join()
    assert (len(told), len(set(told)), fleet.refreshes()) == (32, 1, 1)
    tell("a pool of one connection, 2 machines of 16 callers, a provider that is slow", "one request, no error")
