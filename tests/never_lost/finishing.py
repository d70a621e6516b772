"""A host of the library that is told to end in the middle of a refresh.

usage: finishing.py main | thread | background | asyncio | lifespan | pool | dashboard
The first four have asked for `finish_on_signals`; the fifth closes its kit when uvicorn tells it to shut down.
"""

import asyncio
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from multiprocessing import get_context
from socket import socket

from tokenkit import AsyncTokenKit, TokenKit, finish_on_signals


def main() -> None:
    TokenKit(background=False).token("google")


def beside_a_thread() -> None:
    """A signal may be delivered to any thread of a process."""
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    main()


def in_the_background() -> None:
    threading.Thread(target=main).start()
    time.sleep(60)


def on_a_loop() -> None:
    async def ask() -> None:
        await AsyncTokenKit(background=False).token("google")

    asyncio.run(ask())


def under_uvicorn() -> None:
    """It ends by the signal's default action, once the application has shut down."""
    import uvicorn
    from starlette.applications import Starlette

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with AsyncTokenKit(background=False) as kit:
            asking = asyncio.create_task(kit.token("google"))
            yield
            asking.cancel()

    uvicorn.run(Starlette(lifespan=lifespan), port=0, log_level="error")


def in_a_pool() -> None:
    """It ends its processes by SIGTERM, once the ``with`` is over."""
    with get_context("fork").Pool(1, initializer=finish_on_signals) as pool:
        pool.apply_async(main)
        sys.stdin.readline()
    sys.exit()


def dashboard() -> None:
    """``tokenkit dashboard``, which answers a request in a thread of its server."""
    import uvicorn
    from starlette.concurrency import run_in_threadpool
    from tokenkit.cli.fast_path import main as program

    startup = uvicorn.Server.startup

    async def up(self: uvicorn.Server, sockets: list[socket] | None = None) -> None:
        await startup(self, sockets)
        self.asking = asyncio.create_task(run_in_threadpool(main))

    uvicorn.Server.startup = up
    sys.argv[1:] = ["dashboard", "--no-browser"]
    program()


if sys.argv[1] not in ("lifespan", "pool", "dashboard"):
    finish_on_signals()
HOSTS = {
    "main": main,
    "thread": beside_a_thread,
    "background": in_the_background,
    "asyncio": on_a_loop,
    "lifespan": under_uvicorn,
    "pool": in_a_pool,
    "dashboard": dashboard,
}
HOSTS[sys.argv[1]]()
time.sleep(60)  # the signal ends it, and nothing else
