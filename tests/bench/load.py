"""Many accounts and steady load: a thousand expired accounts from one loop, and the slowest calls of an expiry."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from figures import Row, row
from place import ME, Place, place
from slow_authority import slow_authority
from tokenkit import AccessToken

ACCOUNTS = 1_000

SHORT = 5.0
"""Seconds that a token lasts under steady load: its refresh is due after four."""

CLOSE = (3, 5, 7, 9)
"""Seconds from the first call on, between which the two refreshes fall."""


def rows(full: bool) -> list[Row]:
    return [*expired(ACCOUNTS, 9 if full else 3), *steady(5 if full else 3)]


def expired(accounts: int, rounds: int) -> list[Row]:
    """All of them are asked for at once; the server, a process of its own, takes 50 ms for each answer."""
    with (
        slow_authority() as server,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home,
        place(home, server=server) as here,
    ):
        here.multiply(accounts, "me")
        modes = {
            "ours": "ours",
            "reference": "threads",
            "bare threads, a connection each": "apart",
            "httpx2.AsyncClient": "httpx2",
        }
        taken: dict[str, list[float]] = {name: [] for name in modes}
        peaks: dict[str, list[float]] = {name: [] for name in modes}
        lags: list[float] = []
        order = list(modes)
        for _ in range(rounds):
            for name in order:
                end_all(here)  # also where nobody reads them: all find the disk as busy
                found = crowd(here, modes[name], accounts)
                taken[name].append(found["milliseconds"])
                peaks[name].append(found["peak"])
                lags += found["lags"]
            order.append(order.pop(0))
        waves = crowd(here, "waves", accounts)["resident"]
        end_all(here)
        few = crowd(here, "ours", accounts // 10)["peak"]
    lag = statistics.quantiles(lags, n=100)[98]
    work = f"{accounts:,} expired accounts from one event loop"
    beside = "the same POSTs + saves in 32 bare threads"
    peak = statistics.median(peaks["ours"])
    return [
        row(work, beside, taken, unit="ms", limit=1.3),
        row("event-loop lag meanwhile, p99", "20 ms", {"ours": [lag * 1e3], "reference": [20.0],
            "the longest": [max(lags) * 1e3]}, unit="ms", limit=1),
        row("peak memory meanwhile", beside, peaks, unit="MB"),
        row("peak memory meanwhile", f"with {accounts // 10:,} accounts",
            {"ours": [peak], "reference": [few]}, unit="MB"),
        row("memory after the fifth such crowd", "after the second",
            {"ours": [waves[4]], "reference": [waves[1]]}, unit="MB", limit=1.05),
    ]  # fmt: skip


def crowd(here: Place, mode: str, accounts: int) -> Any:
    """One run of `crowd.py`, in a process of its own."""
    command = [sys.executable, str(Path(__file__).with_name("crowd.py")), mode, str(accounts)]
    command += [f"{here.base_url}/google/token", some_refresh_token(here)]
    return json.loads(subprocess.run(command, env=here.environ, stdout=subprocess.PIPE, text=True, check=True).stdout)


def end_all(here: Place) -> None:
    records = here.kit().records
    for account in records.accounts():
        held = records.get(account)
        token = held.grant.access_token
        assert token is not None
        spent = AccessToken(token.value, expires_at=3600.0, obtained_at=0.0, scopes=token.scopes)
        records.save(account, held.grant.renewed(access_tokens={"": spent}), replaces=held.version)
    os.sync()


def some_refresh_token(here: Place) -> str:
    token = here.kit().records.get(ME).grant.refresh_token
    assert token is not None
    return token.reveal()


def steady(rounds: int) -> list[Row]:
    """A call is due every millisecond, over two expiries at a server that takes 50 ms, or with a token without an end.

    A call takes from the moment that it is due: who waits for a refresh makes fifty others late. Counted are those
    within a second of a refresh.
    """
    with slow_authority(SHORT) as server:
        taken: dict[str, list[list[float]]] = {"ours": [], "reference": []}
        for _ in range(rounds):
            for kind, lifetime in (("ours", SHORT), ("reference", 36_000.0)):
                with tempfile.TemporaryDirectory() as home, place(home, lifetime=lifetime, server=server) as here:
                    taken[kind].append(late(here, expiries=2 if kind == "ours" else 0))
    work, beside = "across expiries, background refresh", "with a token that never ends"
    return [
        row(f"p99 of `kit.token(...)` under steady load {work}", f"p99 {beside}",
            {kind: [statistics.quantiles(one, n=100)[98] for one in runs] for kind, runs in taken.items()},
            unit="µs", limit=2),
        row(f"the slowest of them {work}", beside,
            {kind: [max(one) for one in runs] for kind, runs in taken.items()}, unit="µs"),
    ]  # fmt: skip


def late(here: Place, *, expiries: int) -> list[float]:
    """Microseconds from the moment that each call was due until its token was there."""
    ask, name = here.kit_that_stays().token, str(ME)
    taken, seen = [], {ask(name).value}
    began = time.perf_counter()
    for number in range(1, CLOSE[-1] * 1_000):
        due = began + number / 1_000
        time.sleep(max(0.0, due - time.perf_counter()))
        token = ask(name)
        took = time.perf_counter() - due
        seen.add(token.value)
        if CLOSE[0] <= due - began < CLOSE[1] or CLOSE[2] <= due - began:
            taken.append(took * 1e6)
    assert len(seen) == expiries + 1, seen
    return taken
