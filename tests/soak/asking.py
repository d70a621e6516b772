"""A process that asks for many accounts' tokens until a moment given: by coroutines, or by threads (COROUTINES is 0).

usage: asking.py UNTIL ACCOUNTS COROUTINES      prints JSON: calls, errors by name, how often a token had ended by
                                                account, and what the process held at each of 60 moments under load
"""

import asyncio
import json
import os
import random
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tokenkit import AsyncTokenKit, TokenKitError
from tokenkit.grants import single_flight

THREADS = 4
SAMPLES = 60


class Tally:
    """What one process saw; its threads share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.calls = 0
        self.slowest = 0.0
        self.errors: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()
        self.ended_on_the_way: Counter[str] = Counter()

    def judge(self, name: str, asked_at: float, expires_at: float | None) -> None:
        """A token that had ended when it was asked for is a fault; one that ended on its way is a busy machine."""
        now = time.time()
        with self._lock:
            self.calls += 1
            self.slowest = max(self.slowest, now - asked_at)
            if expires_at is not None and expires_at <= now:
                (self.ended if expires_at <= asked_at else self.ended_on_the_way)[name] += 1

    def failed(self, error: TokenKitError) -> None:
        with self._lock:
            self.errors[f"{type(error).__name__}: {error}"] += 1


def main() -> None:
    until, accounts, coroutines = float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    kit = AsyncTokenKit()
    names = [f"google/me{number}@example.com" for number in range(accounts)]
    fill_pool(kit, names)
    tally = Tally()
    samples: list[dict[str, int]] = []
    watcher = threading.Thread(target=watch, args=(until, samples))
    watcher.start()
    if coroutines:
        asyncio.run(ask_async(kit, names, tally, until, coroutines))
    else:
        threads = [threading.Thread(target=ask, args=(kit, names, tally, until)) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    watcher.join()
    seen = {"calls": tally.calls, "slowest": tally.slowest, "errors": tally.errors, "ended": tally.ended}
    print(json.dumps({**seen, "ended on the way": tally.ended_on_the_way, "samples": samples}))


def fill_pool(kit: AsyncTokenKit, names: list[str]) -> None:
    """A pool's threads are made as they are needed, and stay: once all are there, what still grows is a leak."""
    with ThreadPoolExecutor(2 * single_flight.THREADS) as callers:
        list(callers.map(kit.sync.refresh, names[: 2 * single_flight.THREADS]))


def ask(kit: AsyncTokenKit, names: list[str], tally: Tally, until: float) -> None:
    while time.time() < until:
        name = random.choice(names)
        try:
            asked_at = time.time()
            tally.judge(name, asked_at, kit.sync.token(name).expires_at)
        except TokenKitError as error:
            tally.failed(error)
        time.sleep(0.05)


async def ask_async(kit: AsyncTokenKit, names: list[str], tally: Tally, until: float, coroutines: int) -> None:
    async def one() -> None:
        while time.time() < until:
            name = random.choice(names)
            try:
                asked_at = time.time()
                tally.judge(name, asked_at, (await kit.token(name)).expires_at)
            except TokenKitError as error:
                tally.failed(error)
            await asyncio.sleep(0.5)

    await asyncio.gather(*(one() for _ in range(coroutines)))


def watch(until: float, samples: list[dict[str, int]]) -> None:
    """Look at what this process holds in equal steps, the last one before the load ends."""
    began = time.time()
    step = (until - began) / SAMPLES
    for number in range(1, SAMPLES):
        time.sleep(max(0.0, began + number * step - time.time()))
        samples.append(resources())


def resources() -> dict[str, int]:
    """Memory in KB, open descriptors, threads."""
    with open("/proc/self/status", encoding="ascii") as file:
        status = dict(line.split(":", 1) for line in file)
    return {
        "memory": int(status["VmRSS"].split()[0]),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "threads": int(status["Threads"]),
    }


if __name__ == "__main__":
    main()
