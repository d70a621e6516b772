"""Ctrl-Z while a person types: the shell finds the terminal as it was, and what is hidden stays hidden afterwards.

Some shells set the terminal anew when they let a program go on, so that it would show a secret as it is typed; others
leave it as the program had it, so that nobody sees what they type to the shell.
"""

import os
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager


@contextmanager
def around_a_stop(leave: Callable[[], None], come_back: Callable[[], None]) -> Generator[None]:
    """Call `leave` before Ctrl-Z stops this process, and `come_back` when it goes on, as long as the ``with`` lasts.

    Where a program has handlers of its own for that, they stay, and nothing is done; so in another thread.
    """
    import signal

    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGTSTP"):
        yield
        return
    signals = (signal.SIGTSTP, signal.SIGCONT)
    if any(signal.getsignal(number) is not signal.SIG_DFL for number in signals):
        yield
        return

    def stop(number: int, _: object) -> None:
        leave()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)  # it goes on from here
        signal.signal(number, stop)

    def go_on(number: int, _: object) -> None:
        come_back()

    signal.signal(signal.SIGTSTP, stop)
    signal.signal(signal.SIGCONT, go_on)
    try:
        yield
    finally:
        for number in signals:
            signal.signal(number, signal.SIG_DFL)
