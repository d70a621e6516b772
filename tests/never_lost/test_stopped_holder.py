"""Whoever holds the lease is stopped (SIGSTOP, a frozen container): the others wait no longer than it can need (R5)."""

import os
import signal
import subprocess
import sys

import pytest
from never_lost_paths import touched
from tokenkit import AccessToken, StoreUnavailable, TokenKit
from tokenkit.net.lazy_http import http_context

from lock_times import clock_of_locks

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no SIGSTOP here")]

STOPPED = """
import os, signal
from tokenkit import Account, TokenKit
from tokenkit.grants.sealed_store import grant_name
with TokenKit().records.store.lease(grant_name(Account("google", "me@example.com")), lasts=90, wait=5):
    print("held", flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)
"""


@pytest.fixture
def stopped(assistant):
    """An assistant of which one process holds the lease, and is stopped."""
    assistant.expire()
    process = subprocess.Popen([sys.executable, "-c", STOPPED], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield assistant
    process.kill()
    process.communicate()


@pytest.fixture
def clock(monkeypatch):
    """The time of who waits for the holder."""
    return clock_of_locks(monkeypatch)


def held_since(assistant, clock, seconds):
    """Let the lease have been taken so many seconds ago."""
    lock = next(path for path in touched(assistant.home) if path.endswith("me@example.com.refresh"))
    os.utime(lock, (clock.now() - seconds, clock.now() - seconds))


def test_who_comes_after_the_holder_must_have_ended_fails_at_once_and_not_each_anew(stopped, clock):
    """R5: they share its failure; nothing is sent, and nobody is signed out."""
    held_since(stopped, clock, 91)
    for _ in range(3):
        began = clock.now()
        with pytest.raises(StoreUnavailable, match="locked for more than 90 seconds"):
            stopped.kit().token("google")
        assert clock.now() - began < 3
    assert stopped.refreshes() == 0


def test_who_came_before_waits_no_longer_than_until_then(stopped, clock):
    """R5: from when the lease was taken, whenever they came."""
    held_since(stopped, clock, 88)
    began = clock.now()
    with pytest.raises(StoreUnavailable):
        stopped.kit().token("google")
    assert 1 < clock.now() - began < 5


def test_a_token_with_life_left_is_served_meanwhile(stopped, clock):
    """R14: after three seconds, though the holder may need the lease for longer."""
    records = stopped.kit().records
    account = records.accounts()[0]
    held = records.get(account)
    now = clock.now()
    token = AccessToken("alive", expires_at=now + 9, obtained_at=now - 3591)
    records.save(account, held.grant.renewed(access_tokens={"": token}), replaces=held.version)
    began = clock.now()
    context = http_context(30.0, tuple)._replace(now=lambda: now)
    assert TokenKit(background=False, context=context).token("google").value == "alive"
    assert 1 < clock.now() - began < 5
