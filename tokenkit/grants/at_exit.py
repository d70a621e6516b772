"""What a process that ends does with the grants that only its memory holds: it tries once more, and prints them (R9).

Each is printed sealed, within the command that puts it back: nobody can use it without the key (R35).
"""

import atexit
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from typing import Any

from tokenkit import signals
from tokenkit.account import Account
from tokenkit.grants.unsaved import TRY_EVERY, Unsaved, all_of_process, on_keeping
from tokenkit.shell import our_program, quoted

AT_EXIT = 5.0
"""Seconds for which a process that ends tries to save what waits: who told it to may kill it after ten."""


LINE = 512
"""Characters of a line that is printed to be pasted: a terminal keeps 4,096 of one, and BusyBox's shell a thousand."""


def waiting() -> bool:
    """Tell whether this process holds a grant that could be saved nowhere."""
    return any(kit.accounts for kit in [*all_of_process])


def all_printed(kits: Iterable[Unsaved] = all_of_process) -> bool:
    """Tell whether all that waits was printed, so that nothing is lost with this process."""
    return all(kit.printed.issuperset(kit.accounts) for kit in [*kits])


def saved_or_sealed(seconds: float, enough: Callable[[], bool] = lambda: False) -> list[tuple[Account, bytes]]:
    """Try for so many seconds to save all that waits in this process; return the rest, sealed, by account.

    Not for so long where no place will take it, as on a read-only file system, or it is `enough`. For a program that
    is about to end: what is returned is lost with it unless it is kept elsewhere.
    """
    _try(seconds, all_of_process, enough)
    return [(account, kit.sealed(account)) for kit in [*all_of_process] for account in kit.accounts]


def save_or_print(
    seconds: float, kits: Iterable[Unsaved] = all_of_process, speak: Callable[[str], object] | None = None
) -> None:
    """Try for so many seconds to save what waits, and print what is left and was not printed before.

    Where all of it was printed before, it is tried once: nobody waits for what is not lost. A signal that ends the
    process ends the tries, and goes on once all is printed: it gets to stderr, or to `speak`.
    """
    try:
        _try_aside(0.0 if all_printed(kits) else seconds, kits)
    finally:
        with signals.ignored():
            for kit in [*kits]:
                for account in set(kit.accounts) - kit.printed:
                    told = _told(kit, account)
                    if account in kit:  # a try that goes on aside may just have saved it
                        (speak or _print)(told)
                        kit.printed.add(account)


def how_to_restore(program: str, account: str, sealed: bytes) -> str:
    """Return what is printed: a sealed grant within the command of our `program` that puts it back."""
    text = sealed.decode()
    lines = "\n".join(text[at : at + LINE] for at in range(0, len(text), LINE))
    return (
        f"tokenkit: what keeps {account} signed in can be written nowhere, and is lost with this process but for this, "
        f"sealed. Once the disk is well, paste:\n"
        f"{program} refresh {quoted(account)} --restore <<'END'\n{lines}\nEND"
    )


def _told(kit: Unsaved, account: Account) -> str:
    try:
        return how_to_restore(our_program(kit.app, account.owner), str(account), kit.sealed(account))
    except Exception as error:  # noqa: BLE001 - of the others as much as can be is printed
        return f"tokenkit: what keeps {account} signed in is lost, for it cannot be sealed: {type(error).__name__}"


def _try_aside(seconds: float, kits: Iterable[Unsaved]) -> None:
    """Try in a thread, and wait for it no longer: in a database that stalls, a try of all that waits takes minutes."""
    over = threading.Event()

    def trying() -> None:
        try:
            _try(seconds, kits)
        finally:
            over.set()

    try:
        threading.Thread(target=trying, name="tokenkit-at-exit", daemon=True).start()
    except RuntimeError:  # the interpreter is at its end, and takes no new threads
        _try(seconds, kits)
    else:
        signals.wait_for(over, max(seconds, AT_EXIT))


def _try(seconds: float, kits: Iterable[Unsaved], enough: Callable[[], bool] = lambda: False) -> None:
    until = time.monotonic() + seconds
    while True:
        may_help = [kit.try_all() for kit in [*kits]]
        left = until - time.monotonic()
        if left <= 0 or enough() or not any(may_help):
            break
        time.sleep(min(TRY_EVERY, left))


def _print(text: str) -> None:
    stream: Any = sys.stderr
    with suppress(AttributeError, OSError, ValueError):  # there is none: it is None then, closed, or full
        stream.write(f"{text}\n")
        stream.flush()


def _at_exit() -> None:
    with suppress(BaseException):  # the interpreter ends: nobody is there to be told
        save_or_print(AT_EXIT)


@cache
def _at_end_of_worker(process: int) -> None:
    """Do it at the end of a process of `multiprocessing`, as of a pool, too: that runs finalizers and no `atexit`."""
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        util.Finalize(None, _at_exit, exitpriority=0)


atexit.register(_at_exit)
on_keeping.append(lambda: _at_end_of_worker(os.getpid()))
