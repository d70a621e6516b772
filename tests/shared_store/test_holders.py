"""A machine that holds a lease is killed, stopped, or loses its line to the database: no session is lost (R38)."""

import os
import signal
import threading
import time

import pytest
from tokenkit.store.postgres.lease import GONE_FOR

from fault_table import tell
from held_answers import HELD
from look_clock import wait_for_answers
from patience import PATIENCE

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Let those who ask meanwhile wait for a database that is merely slow."""
    wait_for_answers(monkeypatch)


def go(holder):
    holder.stdin.write("go\n")
    holder.stdin.flush()


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
    fleet.authority.next("token", delay=1.0, drop=True)
    holder = fleet.holder()
    go(holder)
    fleet.refreshing()
    holder.kill()
    ends = fleet.end_lease_in(1.5)
    assert is_token(one(fleet.asked()))
    assert fleet.authority.requested[1] >= ends
    assert (fleet.refreshes(), fleet.alive()) == (2, True)
    tell(
        "kill -9 between the request and the provider's act, tokens rotate", "the others wait for the end of the lease"
    )


@pytest.mark.parametrize("fleet", ["keeps"], indirect=True)
def test_one_that_is_killed_where_nothing_rotates_is_succeeded_after_five_seconds(fleet):
    """R38: declared and observed, so a second request does no harm; its lease would last for 90."""
    fleet.authority.next("token", delay=1.0, drop=True)
    holder = fleet.holder()
    go(holder)
    fleet.refreshing()
    killed, ends = time.time(), fleet.lease_ends()
    holder.kill()
    assert is_token(one(fleet.asked()))
    assert killed + GONE_FOR <= fleet.authority.requested[1] < ends
    assert (fleet.refreshes(), fleet.alive()) == (2, True)
    tell("the same, where the provider keeps its refresh tokens", "the others wait for 5 seconds")


def test_one_that_is_killed_after_the_provider_has_rotated_takes_the_session_with_it_and_that_is_told(fleet):
    """R8, R12: the one window that nobody can close. It is named, and not mistaken for a refusal."""
    fleet.authority.next("token", drop=True, acts=True)
    holder = fleet.holder()
    go(holder)
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


def stall(link, seconds):
    link.stall()
    time.sleep(seconds)
    link.restore()


def cut(link, seconds):
    link.cut()
    time.sleep(seconds)
    link.restore()


def flap(link, seconds):
    for _ in range(10):
        link.end_connections()
        time.sleep(seconds / 10)


@pytest.mark.parametrize("trouble", [stall, cut, flap], ids=["stalls", "is cut", "flaps"])
def test_one_whose_line_is_lost_in_mid_request_makes_no_second_one(fleet, link, trouble):
    """R38: a lost line looks like a death, and is none. All get the token that it brought."""
    fleet.authority.next("token", delay=0.7)
    holder = fleet.holder(store=link.url)
    go(holder)
    fleet.refreshing()
    results = fleet.waiting()
    trouble(link, 5.5 if trouble is cut else 2.0)
    told = results()
    assert is_token(one(told))
    assert said(holder) == one(told)
    assert (fleet.refreshes(), fleet.alive()) == (1, True)
    what = {stall: "stalls for 2 seconds", cut: "is cut for 5.5 seconds", flap: "is cut ten times in 2 seconds"}[
        trouble
    ]
    tell(f"the holder's line to the database {what} in mid-request", "one request, and all get its token")


@pytest.mark.parametrize("where", ["checked", "connected"])
def test_one_that_is_stopped_before_it_sends_sends_nothing_when_it_goes_on(fleet, where):
    """R38: its lease has ended, and another has spent the refresh token. It gets what that one has brought."""
    holder = fleet.holder(where)
    go(holder)
    assert holder.stdout.readline() == "stops\n"
    fleet.end_lease_in(0)
    told = fleet.asked()
    assert is_token(one(told))
    os.kill(holder.pid, signal.SIGCONT)
    assert said(holder) == one(told)
    assert (fleet.refreshes(), fleet.alive()) == (1, True)
    when = {"checked": "its last check and the request", "connected": "its connection and the first byte"}[where]
    tell(f"SIGSTOP between {when}, for longer than its lease", "it sends nothing when it goes on; one request")


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
