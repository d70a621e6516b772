"""A process that keeps many people signed in: prints threads, and kB for each owner after each round of refreshes.

usage: many_owners.py OWNERS ROUNDS      the home is the environment's, see `owners.populate`
"""

import asyncio
import gc
import json
import sys
import threading

from crowd import memory
from tokenkit import AsyncTokenKit

AT_ONCE = 200
"""Requests that a server of many people works on at a time."""


def owner(number: int) -> str:
    return f"person-{number}"


def main() -> None:
    owners, rounds = int(sys.argv[1]), int(sys.argv[2])
    print(json.dumps(asyncio.run(refreshed(owners, rounds))))


async def refreshed(owners: int, rounds: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {"threads": [], "most": [], "kilobytes": []}
    async with AsyncTokenKit() as kit:
        slots = asyncio.Semaphore(AT_ONCE)

        async def refresh(number: int) -> None:
            async with slots:
                await kit.for_owner(owner(number)).refresh("google")
                await kit.for_owner(owner(number)).token("google")

        await asyncio.gather(*map(refresh, range(AT_ONCE)))  # modules, threads and connections are there
        gc.collect()
        before = memory("VmRSS")
        for _ in range(rounds):
            await asyncio.gather(*map(refresh, range(owners)))
            found["most"].append(float(threading.active_count()))
            await asyncio.sleep(2)  # the log is written, and what is idle has ended
            gc.collect()
            found["threads"].append(float(threading.active_count()))
            found["kilobytes"].append((memory("VmRSS") - before) * 1024 / owners)
    return found


if __name__ == "__main__":
    main()
