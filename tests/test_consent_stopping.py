"""Ctrl-Z while a person types: the shell has its terminal back, and a secret is not shown afterwards (R35)."""

import os
import select
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator

import pytest
from tokenkit.consent.stopping import around_a_stop

from patience import PATIENCE, wait_until

SHELL = """
import fcntl, os, signal, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
child = os.fork()
if child == 0:
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpgrp())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    from tokenkit.consent.keyboard import Keyboard
    with Keyboard(prompt="key: ", hidden=True) as typed:
        line = typed.read()
    print("got", len(line), flush=True)
    os._exit(0)
assert os.WIFSTOPPED(os.waitpid(child, os.WUNTRACED)[1])
os.tcsetpgrp(0, os.getpgrp())
mode = termios.tcgetattr(0)
print("stopped", bool(mode[3] & termios.ICANON), bool(mode[3] & termios.ECHO), flush=True)
os.tcsetpgrp(0, child)
os.kill(child, signal.SIGCONT)
print("ended", os.waitpid(child, 0)[1], flush=True)
"""
"""What a shell does: it gives a program the terminal, takes it back when that stops, and lets it go on."""


class Shell:
    """A shell on a terminal of its own, in which somebody is asked for a key."""

    def __init__(self) -> None:
        self.ours, theirs = os.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", SHELL], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        os.close(theirs)
        self.shown = ""

    def read_to(self, words: str) -> None:
        while words not in self.shown:
            assert select.select([self.ours], [], [], PATIENCE)[0], self.shown
            self.shown += os.read(self.ours, 4096).decode()

    def type(self, text: str) -> None:
        os.write(self.ours, text.encode())

    def is_raw(self) -> bool:
        return not termios.tcgetattr(self.ours)[3] & (termios.ICANON | termios.ECHO)


@pytest.fixture
def shell() -> Iterator[Shell]:
    made = Shell()
    yield made
    made.process.kill()
    made.process.wait()
    os.close(made.ours)


def test_the_shell_has_its_terminal_back_and_what_is_typed_afterwards_is_not_shown(shell: Shell) -> None:
    """R35: an API key, in a shell that sets the terminal anew and in one that does not."""
    shell.read_to("key: ")
    wait_until(shell.is_raw)
    shell.type("\x1a")
    shell.read_to("stopped True True")
    wait_until(shell.is_raw)
    shell.type("secret-key\n")
    shell.read_to("ended 0")
    assert "got 11" in shell.shown
    assert "secret" not in shell.shown


def test_the_handlers_of_a_program_stay() -> None:
    """R7: signals belong to the program; without its own, they are as they were afterwards."""
    calls: list[str] = []
    before = signal.signal(signal.SIGCONT, lambda *_: calls.append("its own"))
    try:
        with around_a_stop(lambda: calls.append("leave"), lambda: calls.append("come back")):
            os.kill(os.getpid(), signal.SIGCONT)
        assert calls == ["its own"]
    finally:
        signal.signal(signal.SIGCONT, before)
    with around_a_stop(lambda: calls.append("leave"), lambda: calls.append("come back")):
        os.kill(os.getpid(), signal.SIGCONT)
    assert calls == ["its own", "come back"]
    assert (signal.getsignal(signal.SIGTSTP), signal.getsignal(signal.SIGCONT)) == (signal.SIG_DFL, signal.SIG_DFL)


def test_in_a_thread_nothing_is_done() -> None:
    """Signals can be handled in the main thread only."""
    handlers: list[object] = []

    def ask() -> None:
        with around_a_stop(lambda: None, lambda: None):
            handlers.append(signal.getsignal(signal.SIGTSTP))

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert handlers == [signal.SIG_DFL]
