"""A signal that ends the process waits for the answers that are under way, until they are saved (R7).

Between a request that makes a provider rotate and the saved record, the default action of SIGTERM or SIGHUP would lose
the session. No handler takes a lock: it runs in the main thread, which may hold it.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache

from tokenkit.errors import ProviderUnavailable, UsageError

_PID = os.getpid()

AWAKE = 1.0
"""Seconds after which a wait in the main thread is begun anew: a signal that comes right before one, such as Ctrl-C,
does not end it, and Python calls the handler only then."""


def wait_for(event: threading.Event, seconds: float = float("inf")) -> bool:
    """Wait for the event for so many seconds, and tell whether it came; a signal is seen within a second."""
    until = time.monotonic() + seconds
    while not event.is_set() and (left := until - time.monotonic()) > 0:
        event.wait(min(left, AWAKE))
    return event.is_set()


class _State:
    """What this process is doing: the requests whose answers are not saved yet, and the signal that waits for them."""

    def __init__(self) -> None:
        self.under_way: set[object] = set()
        self.ending = 0
        self.told = False
        self.before_sending: Callable[[], None] = _nothing


def _nothing() -> None:
    """Do nothing: only a child that `tokenkit.grants.outlive` has forked has something to do before a request."""


_state = _State()

only_here: set[object] = set()
"""What the memory of this process holds, and no disk: while there is any, a signal ends it as `sys.exit` does, so that
`tokenkit.grants.at_exit` gets to print it."""


@contextmanager
def sending() -> Generator[None]:
    """Hold off the signals that end the process, from right before a request to the saved result of its answer.

    After a signal nothing new is sent: then `ProviderUnavailable`, whose `sent` is False.
    """
    request = object()
    _state.before_sending()
    _state.under_way.add(request)  # before the look at `ending`: of the two, the handler does them the other way round
    try:
        if _state.ending:
            raise ProviderUnavailable(
                "this process was told to end, so nothing more is sent", sent=False, hint="ask in another process"
            )
        yield
    finally:
        _state.under_way.discard(request)
        if _state.ending and not _state.under_way:
            os.kill(os.getpid(), _state.ending)  # the handler ends the process now: it alone may change handlers


def before_sending(call: Callable[[], None]) -> None:
    """Let `call` run whenever `sending` is entered; what it raises stops the request."""
    _state.before_sending = call


def finish_on_signals() -> None:
    """Make SIGTERM and SIGHUP wait until each refresh that was sent is saved, at most 90 seconds; then die of them.

    It is for a program that leaves these signals to their default action, which ends it at once and loses the session
    of a refresh under way. Call it once, in the main thread; `UsageError` elsewhere. A signal that your program
    ignores or handles itself stays as it is: a handler that ends in `SystemExit` (``sys.exit``) loses nothing, for the
    interpreter waits for a refresh when it exits. The library never calls this: signals belong to the program (R7).
    """
    postpone("SIGTERM", "SIGHUP")


def postpone(*names: str) -> None:
    """Do for these signals what `finish_on_signals` does, where nobody else handles or ignores them."""
    import signal

    for number in (getattr(signal, name) for name in names if hasattr(signal, name)):
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            try:
                signal.signal(number, _end)
            except ValueError:
                raise UsageError(
                    "signals can be handled in the main thread only", hint="call finish_on_signals() where it starts"
                ) from None


@contextmanager
def ending_by_itself(told: Callable[[], None], *names: str) -> Generator[None]:
    """Send nothing new after one of these signals, and call `told`: this program ends by itself, once all is saved.

    `told` runs in the handler, perhaps several times, and must not take a lock. Enter it in the main thread.
    """
    import signal

    def heard(number: int, _: object) -> None:
        _state.ending, _state.told = number, True
        told()

    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = [(number, signal.signal(number, heard)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def told_to_end() -> bool:
    """Tell whether one of these signals came: who sent it may wait for ten seconds, and kill then."""
    return _state.told


def ended_unasked() -> bool:
    """Tell whether this process is likely to be ended whatever it still does, and without a word to it.

    One of a `multiprocessing.Pool` is sent SIGTERM, and one that was forked for a job, as RQ does, ends by `os._exit`.
    """
    process = sys.modules.get("multiprocessing.process")
    return _is_forked(os.getpid()) or (process is not None and bool(process.current_process().daemon))


@cache
def _is_forked(pid: int) -> bool:
    """Tell whether this process runs on after a fork. Linux knows it of one, too, that has imported this later."""
    if pid != _PID:
        return True
    try:
        with open("/proc/self/stat", "rb") as file:
            flags = int(file.read().rpartition(b")")[2].split()[6])
    except (OSError, ValueError, IndexError):
        return False
    return bool(flags & 0x40)  # PF_FORKNOEXEC of linux/sched.h; proc(5) has the fields


@contextmanager
def ignored() -> Generator[None]:
    """Let none of the signals that end a process cut off what takes no time; in the main thread, elsewhere nothing."""
    try:
        import signal
    except (ImportError, OSError):  # a disk that takes nothing may give nothing either
        yield
        return
    with ExitStack() as stack:
        for number in (getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGINT") if hasattr(signal, name)):
            with suppress(ValueError):
                stack.callback(signal.signal, number, signal.signal(number, signal.SIG_IGN) or signal.SIG_DFL)
        yield


def _end(number: int, _: object) -> None:
    _state.ending, _state.told = number, True
    if not _state.under_way:
        die_of(number)


def die_of(number: int) -> None:
    """End this process by the signal's default action, so that its parent sees why; for Ctrl-C do as Python does.

    The first process of a container survives that; then it exits with the code that a shell would report.
    """
    import signal

    _state.ending = 0
    if (only_here or number == signal.SIGINT) and not threading.main_thread().is_alive():
        return  # the interpreter has come to its end, and waits for what is under way alone
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    if only_here:
        sys.exit(128 + number)
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    sys.exit(128 + number)


def _empty_in_child() -> None:
    """Forget the requests of the parent: a forked child has none of them under way."""
    _state.under_way.clear()
    _state.ending = 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_empty_in_child)
