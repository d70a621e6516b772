"""One process of an assistant: many callers, each asking for the same account's token, at a moment given.

usage: caller.py sync|async|mixed CALLERS AT SPREAD      prints JSON: a token's digest or an error's name, per caller

AT is a Unix time, or `told`: when a line comes on standard input, after ``ready`` was printed. Then a database that is
merely slow is waited for.
"""

import asyncio
import hashlib
import json
import random
import sys
import threading
import time
from pathlib import Path

from tokenkit import AsyncTokenKit, TokenKitError
from tokenkit.grants import refresh_state

ACCOUNT = "google"

refresh_state.FIRST_BACKOFF = 200.0  # longer than a busy machine needs until the last process has asked


def main() -> None:
    mode, callers, at, spread = sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4])
    kit = AsyncTokenKit(background=False)
    delays = [random.uniform(0, spread) for _ in range(callers)]
    asynchronous = {"sync": 0, "async": callers, "mixed": callers // 2}[mode]
    results: list[str] = []
    wait(at)
    threads = [threading.Thread(target=ask, args=(kit, delay, results)) for delay in delays[asynchronous:]]
    for thread in threads:
        thread.start()
    asyncio.run(ask_all(kit, delays[:asynchronous], results))
    for thread in threads:
        thread.join()
    print(json.dumps(results))


def wait(at: str) -> None:
    if at == "told":
        sys.path.append(str(Path(__file__).parents[1]))
        import pytest

        from postgres_server import wait_for_restarts

        wait_for_restarts(pytest.MonkeyPatch())
        print("ready", flush=True)
        sys.stdin.readline()
    else:
        time.sleep(max(0.0, float(at) - time.time()))


def ask(kit: AsyncTokenKit, delay: float, results: list[str]) -> None:
    time.sleep(delay)
    try:
        results.append(digest(kit.sync.token(ACCOUNT).value))
    except TokenKitError as error:
        results.append(type(error).__name__)


async def ask_all(kit: AsyncTokenKit, delays: list[float], results: list[str]) -> None:
    async def one(delay: float) -> None:
        await asyncio.sleep(delay)
        try:
            results.append(digest((await kit.token(ACCOUNT)).value))
        except TokenKitError as error:
            results.append(type(error).__name__)

    await asyncio.gather(*map(one, delays))


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()[:12]


if __name__ == "__main__":
    main()
