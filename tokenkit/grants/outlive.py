"""A refresh that outlives the command that needs it: it runs in a forked child, so ``kill -9`` loses nothing (R7).

The command forks while it is one thread, before the lease is taken. The child, in a session of its own, takes the
lease, sends, and saves; the command waits for the end of a pipe. No token goes through the pipe: it is read from the
store. Until it is about to send, the child dies of a signal as any process; from then on it lets none end it.
"""

import marshal
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from typing import Any, NoReturn

from tokenkit import errors, signals
from tokenkit.core_dumps import become_undumpable
from tokenkit.errors import StoreUnavailable, TokenKitError
from tokenkit.os_errors import exhausted

LONGEST = 600
"""Seconds after which the child is ended by the kernel: more than a wait for the lease, a refresh and its save take."""

_ENDING = (signal.SIGTERM, signal.SIGINT, *((signal.SIGHUP,) if sys.platform != "win32" else ()))


Mask = set[int | signal.Signals]
"""The signals that are blocked, as `signal.pthread_sigmask` has them."""


_parent = 0
"""The command, in a child that it has forked."""


class ChildFault(Exception):
    """The child met a fault of ours: `kind` is the type of the exception, `places` where it was raised, line by line.

    The exception's own words stay in the child: they may quote a token (R35).
    """

    def __init__(self, kind: str, places: list[tuple[str, int, str]]) -> None:
        super().__init__(f"{kind} in the process that refreshed")
        self.kind = kind
        self.places = places


class NoChild(Exception):
    """The system gives no process, or none of what it needs: nothing was begun."""


class _Orphaned(BaseException):
    """The command has gone before anything was sent: so nothing is sent."""


def possible() -> bool:
    """Tell whether this process may be forked: on Linux, with one thread, since a child keeps others' locks."""
    if sys.platform != "linux" or threading.current_thread() is not threading.main_thread():
        return False
    with suppress(OSError):  # no /proc is mounted
        return len(os.listdir("/proc/self/task")) == 1
    return False


def run(work: Callable[[], Any], waiting: Callable[[], AbstractContextManager[None]]) -> Any:
    """Run `work` in a child and return its result, which `marshal` must be able to write; `waiting` is entered
    meanwhile.

    Our own errors arrive as they are, others as `ChildFault`; `StoreUnavailable` when the child was killed, and
    `NoChild` where none can be had. A signal that ends this process is passed on to the child, and this process waits
    until the child has ended; if it brings back a grant that it could save nowhere, that is raised all the same (R9).
    """
    parent = os.getpid()
    child, reading, writing, null, before = _forked()
    if child == 0:
        _be_the_child(work, writing, null, parent, before)
    os.close(writing)
    os.close(null)
    with waiting():
        told, came = _told(child, reading, before)
    if came and not _brings_sealed(told):
        signals.die_of(came)
    return _result(told)


def told_to_end() -> bool:
    """Tell, in the child, whether the command got a signal that ends it, and waits for the child."""
    return not signal.sigpending().isdisjoint(_ENDING)


def is_alone() -> bool:
    """Tell, in the child, whether the command has gone, and nobody is left to whom anything could be handed back."""
    return _parent not in (0, os.getppid())


def _forked() -> tuple[int, int, int, int, Mask]:
    """Fork; return the child, 0 in the child itself, two ends of a pipe, /dev/null, and the signals blocked before."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    ends: tuple[int, ...] = ()
    try:
        reading, writing = ends = _pipe()
        null = os.open(os.devnull, os.O_RDWR)  # a root of one's own may have none
        ends = (*ends, null)
        return os.fork(), reading, writing, null, before
    except OSError:
        for end in ends:
            os.close(end)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    raise NoChild


def _pipe() -> tuple[int, int]:
    """Return two ends above 2, where the child puts /dev/null: a command may have been started with stdout closed."""
    import fcntl

    ends = os.pipe()
    moved = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 3) for end in ends)
    for end in ends:
        os.close(end)
    return moved[0], moved[1]


def _be_the_child(work: Callable[[], Any], writing: int, null: int, parent: int, mask: Mask) -> NoReturn:
    global _parent
    try:
        _parent = parent
        os.setsid()
        for standard in (0, 1, 2):
            os.dup2(null, standard)
        for number in _ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(LONGEST)
        signals.before_sending(_go_on_alone)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask - {signal.SIGALRM})
        data = marshal.dumps(_outcome(work))
        while data:
            data = data[os.write(writing, data) :]
    finally:
        os._exit(0)  # and never the rest of the command, nor what it does at its exit
        os.kill(os.getpid(), signal.SIGKILL)  # where a test has replaced `os._exit`


def _go_on_alone() -> None:
    """Let no signal end the child from here on, right before the request. It ends by itself, within a deadline."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    if is_alone():
        raise _Orphaned
    with suppress(RuntimeError):  # of no more threads; it is loaded while the answer is on its way
        threading.Thread(target=become_undumpable, daemon=True).start()


def _outcome(work: Callable[[], Any]) -> tuple[Any, ...]:
    try:
        return "result", work()
    except TokenKitError as error:
        known = next(kind.__name__ for kind in type(error).__mro__ if getattr(errors, kind.__name__, None) is kind)
        return "error", known, str(error), vars(error)
    except BaseException as error:  # noqa: BLE001 - the command reports it
        if told := exhausted(error):
            return "error", type(told).__name__, str(told), vars(told)
        return "fault", type(error).__name__, places(error)


def places(error: BaseException) -> list[tuple[str, int, str]]:
    """Return where an error was raised, as file, line and function from the outermost call to the innermost."""
    from traceback import extract_tb  # for what hardly ever happens it takes long to load

    return [(frame.filename, frame.lineno or 0, frame.name) for frame in extract_tb(error.__traceback__)]


def _told(child: int, reading: int, mask: Mask) -> tuple[bytes, int]:
    """Return what the child has written until its end, and the signal that came meanwhile, else 0."""
    came: list[int] = []

    def hand_on(number: int, _: object) -> None:
        came.append(number)
        os.kill(child, signal.SIGTERM)

    heard = [number for number in _ENDING if signal.getsignal(number) not in (signal.SIG_IGN, None)]
    before = {number: signal.signal(number, hand_on) for number in heard}
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    try:
        with os.fdopen(reading, "rb") as pipe:
            told = pipe.read()
        with suppress(ChildProcessError):  # who started us ignores SIGCHLD: the kernel has waited
            os.waitpid(child, 0)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return told, came[0] if came else 0


def _brings_sealed(told: bytes) -> bool:
    kind, *rest = marshal.loads(told) if told else ("",)  # noqa: S302 - our own child has written it
    return kind == "error" and bool(rest[2].get("sealed"))


def _result(told: bytes) -> Any:
    if not told:
        raise StoreUnavailable("the process that refreshed was killed", hint="try again")
    kind, *rest = marshal.loads(told)  # noqa: S302 - our own child has written it
    if kind == "fault":
        raise ChildFault(*rest)
    if kind == "error":
        name, message, attributes = rest
        error: TokenKitError = getattr(errors, name).__new__(getattr(errors, name), message)
        error.__dict__.update(attributes)
        raise error
    return rest[0]
