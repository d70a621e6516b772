"""One refresh of an account at a time in this process, in a thread that no caller owns (R5, R7).

The interpreter waits at its exit for flights on their way; a caller that is cancelled, times out or is interrupted
leaves its flight to go on. At most `THREADS` a provider, so that one provider that hangs delays nobody else's accounts.
The threads of a provider end with its last flight: to start one costs a hundredth of a refresh, and a program that
keeps many people signed in would else keep them for nothing (R37).
"""

import os
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from tokenkit.account import Account
from tokenkit.errors import UsageError
from tokenkit.frames import no_locals

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

T = TypeVar("T")

THREADS = 32
"""At once at one provider: fewer would wait for its answers one after the other where the machine is fast, and more
would make an event loop wait longer for its turn among them."""


class SingleFlight:
    """The flights of one process: an account, its owner included, is in the air at most once (R37)."""

    def __init__(self) -> None:
        self._clear()
        _all.add(self)

    def run(self, account: Account, work: Callable[[], T]) -> "Future[T]":
        """Start `work`, or join the account's flight that is on its way; its failure is shared, too.

        Where no thread can be had, it is done here and now, and holds up nobody else. Raises `UsageError` in a flight
        of the account itself, as in a callback that is told of it, and in one that the account's waits for: that would
        wait for its own end.
        """

        def fly() -> T:
            me = threading.get_ident()
            with self._lock:
                self._pilots[account], self._awaits[me] = me, None
            try:
                with no_locals:
                    return work()
            finally:
                with self._lock:
                    self._flights.pop(account, None)
                    self._pilots.pop(account, None)
                    self._awaits.pop(me, None)
                    self._end_idle(account.provider)

        with self._lock:
            self._note_wait(account)
            flight = self._flights.get(account)
            if flight is not None:
                return flight
            try:
                flight = self._flights[account] = self._pool(account.provider).submit(fly)
                return flight
            except RuntimeError:  # the system gives none, or the interpreter is shutting down
                flight = self._flights[account] = new_future()
        return flown(fly, flight)

    def _note_wait(self, account: Account) -> None:
        """Note what a flight waits for, unless that waits for this thread, or for any to be free; locked."""
        me, last = threading.get_ident(), account
        while (pilot := self._pilots.get(last)) is not None and pilot != me:
            awaited = self._awaits.get(pilot)
            if awaited is None:
                break
            last = awaited
        if pilot == me or (pilot is None and me in self._awaits and self._is_full_without(account)):
            raise UsageError(
                f"a callback that is told of a refresh of {last} cannot wait for another one",
                hint="ask in a thread of your own, or register it with AsyncTokenKit.on, which calls back in the loop",
            )
        if me in self._awaits:
            self._awaits[me] = account

    def _is_full_without(self, account: Account) -> bool:
        """Tell whether the other flights of the provider take all its threads: all could wait for this one."""
        return sum(other.provider == account.provider for other in self._flights if other != account) >= THREADS

    def close(self) -> None:
        """Wait for the flights on their way, and end the threads. What is asked for later starts new ones.

        A flight, as in a callback of its own, waits for no other: that one may wait for it.
        """
        with self._lock:
            pools, threads = [*self._pools.values()], [*self._threads]
            self._pools.clear()
        waits = threading.current_thread() not in threads
        for pool in pools:
            pool.shutdown(wait=waits)
        for thread in threads if waits else ():
            thread.join()

    def _end_idle(self, provider: str) -> None:
        """Let the threads of a provider end where none of its accounts is in the air; the lock is held."""
        idle = provider in self._pools and all(account.provider != provider for account in self._flights)
        if idle:
            self._pools.pop(provider).shutdown(wait=False)  # this very thread is one of them

    def _pool(self, provider: str) -> "ThreadPoolExecutor":
        if provider not in self._pools:
            from concurrent.futures import ThreadPoolExecutor  # heavy, and a good token needs no flight

            self._pools[provider] = ThreadPoolExecutor(
                THREADS, thread_name_prefix=f"tokenkit-{provider}", initializer=self._begin_thread
            )
        return self._pools[provider]

    def _begin_thread(self) -> None:
        with self._lock:
            self._threads.add(threading.current_thread())

    def _clear(self) -> None:
        self._lock = threading.RLock()
        self._flights: dict[Account, Future[Any]] = {}
        self._pilots: dict[Account, int] = {}
        """The thread of each flight."""
        self._awaits: dict[int, Account | None] = {}
        """What the flight of a thread has asked for last. It never leads in a circle."""
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._threads: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
        """Those that live, which `close` waits for: some microseconds longer than the last flight of their pool."""


def new_future() -> "Future[Any]":
    """Return one that holds nothing yet."""
    from concurrent.futures import Future

    return Future()


def flown(work: Callable[[], T], flight: "Future[T] | None" = None) -> "Future[T]":
    """Do `work` here and now, and return a `Future`, `flight` or a new one, that holds what came of it."""
    flight = new_future() if flight is None else flight
    try:
        flight.set_result(work())
    except BaseException as error:  # noqa: BLE001 - the future gives it to the callers
        flight.set_exception(error)
    return flight


_all: "weakref.WeakSet[SingleFlight]" = weakref.WeakSet()


def _empty_in_child() -> None:
    for flights in _all:
        flights._clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_empty_in_child)
