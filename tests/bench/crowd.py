"""A process that asks for many expired accounts at once: prints milliseconds, the loop's lags and its peak memory.

usage: crowd.py MODE ACCOUNTS URL REFRESH_TOKEN      the home is the environment's; MODE is one of

  ours      tokenkit
  waves     tokenkit, five times
  threads   a POST and a save for each, in 32 threads that keep their connections
  apart     the same, with a connection for each POST, as tokenkit has it to know whether anything was sent
  httpx2    the POSTs alone

A process of its own, so that the server that it asks does not share its interpreter.
"""

import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

import httpcore
import httpx
import httpx2
from place import CLIENT
from tokenkit import AsyncTokenKit

from store import bare_save

TICK = 0.005


def main() -> None:
    mode, accounts, url, refresh_token = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
    lags: list[float] = []
    resident: list[float] = []
    if mode == "waves":
        took = asyncio.run(ask_again_and_again(accounts, resident))
    elif mode == "ours":
        took = asyncio.run(ask_all(accounts, lags))
    elif mode == "threads":
        took = bare_threads(accounts, kept_connections(url, fields(refresh_token)))
    elif mode == "apart":
        took = bare_threads(accounts, own_connections(url, fields(refresh_token)))
    else:
        took = asyncio.run(async_posts(accounts, url, fields(refresh_token)))
    print(json.dumps({"milliseconds": took * 1e3, "lags": lags, "peak": memory("VmHWM"), "resident": resident}))


def memory(line: str) -> float:
    """Megabytes of this program alone: `getrusage` counts what its parent had when it was forked."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition(f"{line}:")[2].split()[0]) / 1024


def all_names(accounts: int) -> list[str]:
    return ["google/me@example.com", *(f"google/me{number}@example.com" for number in range(1, accounts))]


async def ask_again_and_again(accounts: int, resident: list[float]) -> float:
    kit, names = AsyncTokenKit(background=False), all_names(accounts)
    began = time.perf_counter()
    for _ in range(5):
        await asyncio.gather(*map(kit.refresh, names))
        resident.append(memory("VmRSS"))
    return time.perf_counter() - began


async def ask_all(accounts: int, lags: list[float]) -> float:
    kit, names = AsyncTokenKit(background=False), all_names(accounts)
    ticking = asyncio.create_task(tick(lags))
    began = time.perf_counter()
    await asyncio.gather(*map(kit.token, names))
    took = time.perf_counter() - began
    ticking.cancel()
    return took


async def tick(lags: list[float]) -> None:
    while True:
        began = time.perf_counter()
        await asyncio.sleep(TICK)
        lags.append(max(0.0, time.perf_counter() - began - TICK))


def kept_connections(url: str, data: dict[str, str]) -> Callable[[], bytes]:
    local = threading.local()

    def post() -> bytes:
        if not hasattr(local, "client"):
            local.client = httpx.Client()
        return local.client.post(url, data=data).raise_for_status().content  # type: ignore[no-any-return]

    return post


def own_connections(url: str, data: dict[str, str]) -> Callable[[], bytes]:
    origin, body = httpcore.URL(url).origin, urlencode(data).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Connection": "close"}

    def post() -> bytes:
        with httpcore.HTTPConnection(origin) as connection:
            return connection.request("POST", url, headers=headers, content=body).content

    return post


def bare_threads(accounts: int, post: Callable[[], bytes]) -> float:
    folder = os.environ["HOME"]

    def one(index: int) -> None:
        answer = json.loads(post())
        assert answer["access_token"]
        bare_save(os.path.join(folder, f"bare{index}"), json.dumps(answer).encode())

    began = time.perf_counter()
    with ThreadPoolExecutor(32) as pool:
        list(pool.map(one, range(accounts)))
    return time.perf_counter() - began


async def async_posts(accounts: int, url: str, data: dict[str, str]) -> float:
    began = time.perf_counter()
    async with httpx2.AsyncClient(timeout=120, limits=httpx2.Limits(max_connections=32)) as client:
        await asyncio.gather(*(client.post(url, data=data) for _ in range(accounts)))
    return time.perf_counter() - began


def fields(refresh_token: str) -> dict[str, str]:
    assert CLIENT.client_secret is not None
    return {
        "grant_type": "refresh_token",
        "refresh_token": refresh_token,
        "client_id": CLIENT.client_id,
        "client_secret": CLIENT.client_secret.reveal(),
    }


if __name__ == "__main__":
    main()
