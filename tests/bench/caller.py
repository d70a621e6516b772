"""A process with many callers of one library, who ask at one moment: prints a token's digest or an error, per caller.

usage: caller.py MODULE CALLERS      reads the moment from stdin, so that all processes are ready before it is chosen
"""

import asyncio
import hashlib
import importlib
import inspect
import json
import os
import sys
import threading
import time

from libraries import There


def main() -> None:
    there = There(*json.loads(os.environ["THERE"]))
    library = importlib.import_module(f"libraries.{sys.argv[1]}").Library(there)
    callers = int(sys.argv[2])
    print("ready", flush=True)
    at = float(sys.stdin.readline())
    results: list[str] = []
    time.sleep(max(0.0, at - time.time()))
    if inspect.iscoroutinefunction(library.ask):
        results = asyncio.run(all_of(library, callers))
    else:
        threads = [threading.Thread(target=lambda: results.append(outcome(library.ask))) for _ in range(callers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    print(json.dumps({"ended": time.time(), "results": results}), flush=True)


def outcome(ask: object) -> str:
    try:
        return digest(ask())  # type: ignore[operator]
    except Exception as error:  # noqa: BLE001 - each library has its own
        return f"!{type(error).__name__}"


async def all_of(library: object, callers: int) -> list[str]:
    async def one() -> str:
        try:
            return digest(await library.ask())  # type: ignore[attr-defined]
        except Exception as error:  # noqa: BLE001
            return f"!{type(error).__name__}"

    return list(await asyncio.gather(*(one() for _ in range(callers))))


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()[:12]


if __name__ == "__main__":
    main()
