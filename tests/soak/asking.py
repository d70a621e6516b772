"""A process that asks for many accounts' tokens until a moment given: by coroutines, or by threads (COROUTINES is 0).

usage: asking.py UNTIL ACCOUNTS COROUTINES      prints JSON: calls, errors by name, tokens that had ended, and resources
                                                at a fifth of the time and at its end
"""

import asyncio
import json
import os
import random
import sys
import threading
import time
from collections import Counter

from tokenkit import AsyncTokenKit, TokenKitError

THREADS = 4


class Tally:
    """What one process saw."""

    def __init__(self) -> None:
        self.calls = 0
        self.errors: Counter[str] = Counter()
        self.ended = 0
        self.late = 0

    def judge(self, asked_at: float, expires_at: float | None) -> None:
        """A token that had ended when it was asked for is a fault; one that ended on its way is a busy machine."""
        self.calls += 1
        self.ended += expires_at is not None and expires_at <= asked_at
        self.late += expires_at is not None and asked_at < expires_at <= time.time()


def main() -> None:
    until, accounts, coroutines = float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    kit = AsyncTokenKit()
    names = [f"google/me{number}@example.com" for number in range(accounts)]
    tally = Tally()
    settled = time.time() + (until - time.time()) / 5
    early: dict[str, int] = {}
    watcher = threading.Thread(target=look_at, args=(settled, early))
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
    seen = {"calls": tally.calls, "errors": tally.errors, "ended": tally.ended, "late": tally.late}
    print(json.dumps({**seen, "at first": early, "at last": resources()}))


def ask(kit: AsyncTokenKit, names: list[str], tally: Tally, until: float) -> None:
    while time.time() < until:
        try:
            asked_at = time.time()
            tally.judge(asked_at, kit.sync.token(random.choice(names)).expires_at)
        except TokenKitError as error:
            tally.errors[f"{type(error).__name__}: {error}"] += 1
        time.sleep(0.05)


async def ask_async(kit: AsyncTokenKit, names: list[str], tally: Tally, until: float, coroutines: int) -> None:
    async def one() -> None:
        while time.time() < until:
            try:
                asked_at = time.time()
                tally.judge(asked_at, (await kit.token(random.choice(names))).expires_at)
            except TokenKitError as error:
                tally.errors[f"{type(error).__name__}: {error}"] += 1
            await asyncio.sleep(0.5)

    await asyncio.gather(*(one() for _ in range(coroutines)))


def look_at(moment: float, into: dict[str, int]) -> None:
    time.sleep(max(0.0, moment - time.time()))
    into.update(resources())


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
