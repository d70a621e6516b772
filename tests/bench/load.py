"""Many accounts and steady load: a thousand expired accounts from one loop, and the slowest calls of an expiry."""

import asyncio
import json
import os
import resource
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import httpx2
from figures import Row, row
from place import CLIENT, ME, Place, place
from tokenkit import AccessToken, AsyncTokenKit

from store import bare_save

ACCOUNTS = 1_000
DELAY = 0.05


def rows(full: bool) -> list[Row]:
    accounts = ACCOUNTS if full else ACCOUNTS // 5
    return [*expired(accounts), steady()]


def expired(accounts: int) -> list[Row]:
    """All of them are asked for at once; the server takes 50 ms for each answer."""
    with tempfile.TemporaryDirectory() as home, place(home, accounts=1, rotating=False) as here:
        names = [str(ME), *(f"google/me{number}@example.com" for number in range(1, accounts))]
        here.sign_in([name.partition("/")[2] for name in names[1:]])
        here.authority.next("token", delay=DELAY, times=10**9, acts=True)
        taken: dict[str, list[float]] = {"ours": [], "reference": [], "httpx2.AsyncClient": []}
        lags: list[float] = []
        for _ in range(3):
            end_all(here, names)
            refresh_token = some_refresh_token(here)
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            taken["ours"].append(asyncio.run(ask_all(here, names, lags)))
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            taken["reference"].append(bare_threads(here, accounts, refresh_token))
            taken["httpx2.AsyncClient"].append(asyncio.run(async_posts(here, accounts, refresh_token)))
    lag = statistics.quantiles(lags, n=100)[98]
    work = f"{accounts:,} expired accounts from one event loop"
    return [
        row(work, "the same POSTs + saves in 32 bare threads", taken, unit="ms", limit=1.3,
            note=f"peak memory grew by {grown / 1024:.1f} MB in the last round"),
        row("event-loop lag meanwhile, p99", "20 ms", {"ours": [lag * 1e3], "reference": [20.0]}, unit="ms", limit=1),
    ]  # fmt: skip


def end_all(here: Place, names: list[str]) -> None:
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


async def ask_all(here: Place, names: list[str], lags: list[float]) -> float:
    kit = AsyncTokenKit(environ=here.environ, background=False)
    ticking = asyncio.create_task(tick(lags))
    began = time.perf_counter()
    await asyncio.gather(*map(kit.token, names))
    took = time.perf_counter() - began
    ticking.cancel()
    return took * 1e3


async def tick(lags: list[float]) -> None:
    while True:
        began = time.perf_counter()
        await asyncio.sleep(0.005)
        lags.append(max(0.0, time.perf_counter() - began - 0.005))


def fields(refresh_token: str) -> dict[str, str]:
    assert CLIENT.client_secret is not None
    return {
        "grant_type": "refresh_token",
        "refresh_token": refresh_token,
        "client_id": CLIENT.client_id,
        "client_secret": CLIENT.client_secret.reveal(),
    }


def bare_threads(here: Place, number: int, refresh_token: str) -> float:
    data, url, folder = fields(refresh_token), f"{here.base_url}/google/token", here.environ["HOME"]
    local = threading.local()

    def one(index: int) -> None:
        if not hasattr(local, "client"):
            local.client = httpx.Client()
        answer = local.client.post(url, data=data)
        assert answer.status_code == 200
        bare_save(os.path.join(folder, f"bare{index}"), json.dumps(answer.json()).encode())

    began = time.perf_counter()
    with ThreadPoolExecutor(32) as pool:
        list(pool.map(one, range(number)))
    return (time.perf_counter() - began) * 1e3


async def async_posts(here: Place, number: int, refresh_token: str) -> float:
    data, url = fields(refresh_token), f"{here.base_url}/google/token"
    began = time.perf_counter()
    async with httpx2.AsyncClient(timeout=120, limits=httpx2.Limits(max_connections=32)) as client:
        await asyncio.gather(*(client.post(url, data=data) for _ in range(number)))
    return (time.perf_counter() - began) * 1e3


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
