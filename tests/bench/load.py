"""Many accounts and steady load: a thousand expired accounts from one loop, and the slowest calls of an expiry."""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from figures import Row, row
from place import ME, Place, place
from tokenkit import AccessToken

ACCOUNTS = 1_000
DELAY = 0.05


def rows(full: bool) -> list[Row]:
    return [*expired(ACCOUNTS, 9 if full else 3), steady()]


def expired(accounts: int, rounds: int) -> list[Row]:
    """All of them are asked for at once; the server takes 50 ms for each answer."""
    with tempfile.TemporaryDirectory() as home, place(home, accounts=1, rotating=False) as here:
        names = [str(ME), *(f"google/me{number}@example.com" for number in range(1, accounts))]
        here.sign_in([name.partition("/")[2] for name in names[1:]])
        here.authority.next("token", delay=DELAY, times=10**9, acts=True)
        modes = {
            "ours": "ours",
            "reference": "threads",
            "bare threads, a connection each": "apart",
            "httpx2.AsyncClient": "httpx2",
        }
        taken: dict[str, list[float]] = {name: [] for name in modes}
        lags: list[float] = []
        peaks: dict[str, float] = {}
        for _ in range(rounds):
            end_all(here)
            for name, mode in modes.items():
                found = crowd(here, mode, accounts)
                taken[name].append(found["milliseconds"])
                lags += found["lags"]
                peaks[name] = found["peak"]
    lag = statistics.quantiles(lags, n=100)[98]
    work = f"{accounts:,} expired accounts from one event loop"
    beside = "the same POSTs + saves in 32 bare threads"
    return [
        row(work, beside, taken, unit="ms", limit=1.3),
        row(f"{work}, peak memory", beside, {name: [peak] for name, peak in peaks.items()}, unit="MB"),
        row("event-loop lag meanwhile, p99", "20 ms", {"ours": [lag * 1e3], "reference": [20.0]}, unit="ms", limit=1),
    ]


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


def some_refresh_token(here: Place) -> str:
    token = here.kit().records.get(ME).grant.refresh_token
    assert token is not None
    return token.reveal()


def steady() -> Row:
    """Ask every millisecond for some seconds, with a token of two seconds, and with one that never ends meanwhile."""
    taken: dict[str, list[float]] = {"ours": [], "reference": []}
    for _ in range(3):
        for kind, lifetime in (("ours", 2.0), ("reference", 36_000.0)):
            with tempfile.TemporaryDirectory() as home, place(home, lifetime=lifetime) as here:
                taken[kind].append(p99(here.kit_that_stays().token))
    return row(
        "p99 of `kit.token(...)` under steady load across expiries, background refresh",
        "p99 with a token that never ends", taken, unit="µs", limit=2,
    )  # fmt: skip


def p99(ask: Callable[[str], object]) -> float:
    name = str(ME)
    ask(name)
    taken = []
    ends = time.perf_counter() + 5
    while time.perf_counter() < ends:
        began = time.perf_counter()
        ask(name)
        taken.append(time.perf_counter() - began)
        time.sleep(0.001)
    return statistics.quantiles(taken, n=100)[98] * 1e6
