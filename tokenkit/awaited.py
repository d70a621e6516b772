"""Threads that coroutines await: what may block runs in one, and goes on where its coroutine is cancelled (R7)."""

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from types import TracebackType
from typing import Any, TypeVar

from tokenkit.errors import UsageError
from tokenkit.frames import no_locals
from tokenkit.grants.single_flight import flown

T = TypeVar("T")

LOOKS = 8
"""Threads that look at the disk for all coroutines; a refresh has the flight's own."""


class AwaitedThreads:
    """The threads of an asyncio kit and its owners."""

    def __init__(self) -> None:
        self._pid = 0
        self._outliving: dict[Future[Any], int] = {}

    @property
    def looks(self) -> ThreadPoolExecutor:
        """The few that look at the disk."""
        if self._pid != os.getpid():  # the first use, or the first after a fork: threads do not survive it (R7)
            self._pool = ThreadPoolExecutor(LOOKS, thread_name_prefix="tokenkit-look")
            self._pid = os.getpid()  # last: another thread's loop may look in between
        return self._pool

    def look(self, work: Callable[[], T]) -> "Future[T]":
        """Run `work` in one of the few; where they are ended at this moment, in a new one."""
        while True:
            pool = self.looks
            try:
                return pool.submit(work)
            except RuntimeError:
                if self._pid == os.getpid() and self._pool is pool:
                    return flown(work)  # the interpreter is shutting down and takes no new threads

    def outliving(self, work: Callable[[], T]) -> "Future[T]":
        """Run `work` in a thread of its own, which outlives its caller (R7)."""
        future = in_thread(work, daemon=False)
        self._outliving[future] = os.getpid()
        future.add_done_callback(lambda done: self._outliving.pop(done, None))
        return future

    def wait(self) -> None:
        """Wait for those that outlive their callers, and not for those of a parent process, which are not here (R7)."""
        wait([future for future, pid in list(self._outliving.items()) if pid == os.getpid()])

    def end(self) -> None:
        """End those that look at the disk; the next look starts new ones."""
        if self._pid == os.getpid():
            pool, self._pid = self._pool, 0
            pool.shutdown()


def in_thread(work: Callable[[], T], *, daemon: bool) -> "Future[T]":
    """Run `work` in a thread of its own; where it is a `daemon`, the program may end without what it brings."""
    future: Future[T] = Future()
    try:
        threading.Thread(target=_run, args=(future, work), name="tokenkit", daemon=daemon).start()
    except RuntimeError:  # none can be had, or the interpreter is shutting down: then here and now
        _run(future, work)
    return future


async def brought(future: "Future[T]") -> T:
    """Return what a thread brings; a cancelled coroutine stops only its waiting. Half the work of `wrap_future`."""
    loop = running_loop()
    waiter: asyncio.Future[None] = loop.create_future()
    trace: TracebackType | None = None

    def tell(future: "Future[T]") -> None:
        nonlocal trace
        failure = future.exception()
        trace = None if failure is None else failure.__traceback__
        with suppress(RuntimeError):  # the loop was closed: nobody waits any more
            loop.call_soon_threadsafe(_wake, waiter)

    future.add_done_callback(tell)
    await waiter
    failure = future.exception()
    if failure is not None:
        raise failure.with_traceback(trace)  # one error tells all who wait: it would grow with each of them
    return future.result()


def running_loop() -> asyncio.AbstractEventLoop:
    """Return the event loop of asyncio that runs here. Raises `UsageError` where none does."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise UsageError(
            "no event loop of asyncio runs here",
            hint="call it in your async def main(); beside trio, take a TokenKit: to_thread.run_sync(kit.token, NAME)",
        ) from None


def _wake(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)


def _run(future: "Future[Any]", work: Callable[[], Any]) -> None:
    try:
        with no_locals:
            result = work()
    except BaseException as error:  # noqa: BLE001 - it goes to the waiting coroutines
        del work  # its arguments are not for them: this frame goes along
        future.set_exception(error)
    else:
        future.set_result(result)
