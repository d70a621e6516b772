"""A program that holds a grant which no disk takes, as it ends.

usage: ending.py HOW ACCOUNT      prints ``held`` once it is so; how it ends is one of ENDS
"""

import asyncio
import errno
import os
import signal
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from socket import socket

from tokenkit import AsyncTokenKit, StoreUnavailable, TokenKit, finish_on_signals
from tokenkit.cli.fast_path import main
from tokenkit.grants import at_exit, command_refresh, insistently, unsaved
from tokenkit.os_errors import unavailable
from tokenkit.store.files import FileStore

save, account = FileStore.save, sys.argv[2]


def refuse(self, name, data, *, replaces, due=None):
    if name.kind in ("grant", "unsaved") and data is not None:
        raise unavailable("the disk", OSError(refuse.errno, ""))
    return save(self, name, data, replaces=replaces)


refuse.errno = errno.EROFS


def hold(kit: TokenKit | None = None) -> None:
    """Get a grant that nothing takes."""
    with suppress(StoreUnavailable):
        (kit or TokenKit(background=False)).token(account)
    os.write(1, b"held\n")


def serving() -> None:
    """``tokenkit dashboard``, once it answers; another part of its process holds the grant."""
    import uvicorn

    startup = uvicorn.Server.startup

    async def up(self: uvicorn.Server, sockets: list[socket] | None = None) -> None:
        await startup(self, sockets)
        hold()

    uvicorn.Server.startup = up
    sys.argv[1:] = ["dashboard", "--no-browser"]
    main()


def working() -> None:
    """``tokenkit worker``, which has refreshed by itself."""

    def watch() -> None:
        while not any(kit.accounts for kit in unsaved.all_of_process):
            time.sleep(0.01)
        os.write(1, b"held\n")

    threading.Thread(target=watch).start()
    sys.argv[1:] = ["worker"]
    main()


def working_and_told_again() -> None:
    """``tokenkit worker``, and who ends it loses patience while it tries, and while it prints."""

    def told_again(method: str) -> None:
        does = getattr(at_exit, method)

        def telling(*arguments: object, **named: object) -> object:
            setattr(at_exit, method, does)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                os.kill(os.getpid(), number)
            return does(*arguments, **named)

        setattr(at_exit, method, telling)

    told_again("_try")
    told_again("_print")
    working()


def closed() -> None:
    """Close the kit, and end without `atexit`, as some servers do after a signal."""
    with TokenKit(background=False) as kit:
        hold(kit)
    os._exit(0)


def closed_on_a_loop() -> None:
    async def run() -> None:
        async with AsyncTokenKit(background=False) as kit:
            with suppress(StoreUnavailable):
                await kit.token(account)
            os.write(1, b"held\n")

    asyncio.run(run())
    os._exit(0)


def told() -> None:
    finish_on_signals()
    hold()
    time.sleep(3600)  # the signal ends it: its turn comes after that of others


def command() -> None:
    """``tokenkit token``, told to end while its child tries for as long as may help."""
    parent = os.getpid()

    def told_and_refused(*arguments: object, **named: object) -> None:
        FileStore.save = refuse
        os.kill(parent, signal.SIGTERM)
        refuse(*arguments, **named)

    FileStore.save, refuse.errno, command_refresh.GO_ON_FOR = told_and_refused, errno.EIO, 10_000.0
    os.write(1, b"held\n")
    sys.argv[1:] = ["token", account]
    main()


def killed() -> None:
    """``tokenkit token``, killed while no disk takes what its child has got; three tries later one does."""
    parent, refused = os.getpid(), []

    def killed_and_refused(*arguments: object, **named: object) -> object:
        while os.getppid() == parent:
            os.kill(parent, signal.SIGKILL)
        refused.append(1)
        return save(*arguments, **named) if len(refused) > 6 else refuse(*arguments, **named)

    FileStore.save, command_refresh.GO_ON_FOR = killed_and_refused, 0.0
    command_refresh.TRY_EVERY = unsaved.TRY_EVERY = 0.01
    os.write(1, b"held\n")
    sys.argv[1:] = ["token", account]
    main()


def pooled() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:
        pool.submit(hold).result()


def forked() -> None:
    if os.fork() == 0:
        hold()
    else:
        os.wait()


ENDS = {
    "dashboard": serving,
    "worker": working,
    "impatient worker": working_and_told_again,
    "command": command,
    "killed": killed,
    "closed": closed,
    "closed on a loop": closed_on_a_loop,
    "told": told,
    "pool": pooled,
    "fork": forked,
}

if __name__ == "__main__":
    insistently.SAVE_PAUSES = ()
    FileStore.save = refuse
    ENDS[sys.argv[1]]()
