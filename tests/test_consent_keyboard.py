"""Reading lines from stdin: whole, whatever stdin is, and beside something else that is awaited."""

import builtins
import io
import os
import socket
import sys
import termios
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest
from tokenkit.consent import keyboard
from tokenkit.consent.keyboard import Keyboard
from tokenkit.consent.loopback import LoopbackConsent
from tokenkit.signals import AWAKE, wait_for

LONG = "http://127.0.0.1:50000/callback/google?code=" + "x" * 9000 + "&state=s\n"


class Terminal:
    """A real terminal as stdin: what is typed there, and what it shows."""

    def __init__(self) -> None:
        self.ours, self.theirs = os.openpty()
        self.stdin: IO[str] = os.fdopen(self.theirs, closefd=False)

    def type(self, text: str) -> None:
        threading.Thread(target=os.write, args=(self.ours, text.encode()), daemon=True).start()

    def mode(self) -> int:
        return termios.tcgetattr(self.theirs)[3]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    made = Terminal()
    monkeypatch.setattr(sys, "stdin", made.stdin)
    yield made
    for file in (made.ours, made.theirs):
        os.close(file)


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[IO[str]]:
    """The end at which is written what comes on stdin."""
    reading, writing = os.pipe()
    with os.fdopen(reading) as stdin, os.fdopen(writing, "w", buffering=1) as ours:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield ours


def test_a_line_longer_than_a_terminal_keeps_is_read_whole(terminal: Terminal) -> None:
    """4,096 bytes is what the kernel keeps of a line otherwise (termios(3), canonical mode)."""
    with Keyboard() as typed:
        terminal.type(LONG)
        assert typed.read() == LONG


def test_the_terminal_is_as_it_was_afterwards_also_after_an_error(terminal: Terminal) -> None:
    before = terminal.mode()

    def interrupted() -> None:
        with Keyboard():
            assert terminal.mode() != before
            assert terminal.mode() & termios.ISIG  # Ctrl-C works
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert terminal.mode() == before


def test_what_is_typed_is_shown_and_may_be_corrected(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    with Keyboard() as typed:
        terminal.type("abd\x7fc\n")
        assert typed.read() == "abc\n"
        terminal.type("wrong\x15right\n")
        assert typed.read() == "right\n"
    assert capsys.readouterr().err.startswith("abd\b \bc\n")


def test_ctrl_d_on_an_empty_line_ends_the_input(terminal: Terminal) -> None:
    with Keyboard() as typed:
        terminal.type("\x04")
        assert typed.read() == ""


def test_the_bell_or_the_time_ends_the_wait_without_a_line(pipe: IO[str]) -> None:
    bell, rope = socket.socketpair()
    with bell, rope, Keyboard(bell) as typed:
        assert typed.read(0.0) is None
        rope.send(b"!")
        assert typed.read(60.0) is None


def test_lines_of_a_pipe_are_read_one_by_one_and_nothing_more(pipe: IO[str]) -> None:
    """What comes after the answer is for the next question."""
    pipe.write("one\ntwo\nthree\n")
    with Keyboard() as typed:
        assert (typed.read(), typed.read()) == ("one\n", "two\n")
    assert sys.stdin.readline() == "three\n"
    pipe.close()
    with Keyboard() as typed:
        assert typed.read() == ""


def test_what_is_pasted_at_once_is_read_together(pipe: IO[str]) -> None:
    pipe.write("one\ntwo\nthr")
    threading.Timer(0.1, pipe.write, ["ee\n"]).start()
    with Keyboard() as typed:
        assert typed.read_paste() == "one\ntwo\nthree\n"
        pipe.close()
        assert typed.read_paste() == ""


def test_what_was_typed_when_the_time_was_over_is_not_lost(pipe: IO[str]) -> None:
    """A hint is shown while somebody types."""
    pipe.write("http://127.0.0.1:50000/call")
    pipe.flush()
    with Keyboard() as typed:
        assert typed.read(0.01) is None
        pipe.write("back\n")
        assert typed.read() == "http://127.0.0.1:50000/callback\n"


def test_a_signal_that_comes_right_before_the_wait_is_seen_within_a_second(
    pipe: IO[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python calls its handler when the wait ends, and such a signal does not end it: the wait begins anew."""
    waits: list[float | None] = []

    def wait(sources: list[object], _: object, __: object, seconds: float | None) -> tuple[list[object], ...]:
        waits.append(seconds)
        return ([] if len(waits) < 3 else sources[:1]), [], []

    monkeypatch.setattr("tokenkit.consent.keyboard.select.select", wait)
    pipe.write("x\n")
    pipe.flush()
    with Keyboard() as typed:
        assert typed.read() == "x\n"
    assert set(waits) == {AWAKE}


def test_so_is_one_that_comes_right_before_the_wait_for_a_browser() -> None:
    waits: list[float | None] = []

    class Answered(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout)
            if len(waits) == 3:
                self.set()
            return self.is_set()

    assert wait_for(Answered())
    assert waits == [AWAKE] * 3
    assert not wait_for(threading.Event(), 0.01)
    waits.clear()
    with LoopbackConsent("acme") as consent:
        consent._answered = Answered()
        consent.wait(60.0)
    assert waits == [AWAKE] * 3


def test_a_line_is_bounded(pipe: IO[str]) -> None:
    threading.Thread(target=pipe.write, args=("x" * 100_000,), daemon=True).start()
    with Keyboard() as typed:
        assert len(typed.read() or "") == keyboard.LINE_LIMIT
    sys.stdin.read(100_000 - keyboard.LINE_LIMIT)


def test_what_is_not_text_is_no_address_and_no_fault(pipe: IO[str], monkeypatch: pytest.MonkeyPatch) -> None:
    pipe.buffer.write(b"http://\xff\n")
    pipe.buffer.flush()
    with Keyboard() as typed:
        assert typed.read() == "http://\N{REPLACEMENT CHARACTER}\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"http://\xff\n"), "utf-8"))
    with Keyboard() as typed:
        assert "\N{REPLACEMENT CHARACTER}" in (typed.read() or "")


def test_a_closed_stdin_is_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with Keyboard() as typed:
        assert typed.read() == ""


def test_a_stdin_that_cannot_be_read_is_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is open to be written only, or its terminal is gone."""
    with open(os.open(tmp_path / "file", os.O_WRONLY | os.O_CREAT)) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        with Keyboard() as typed:
            assert typed.read() == ""


def test_in_a_notebook_lines_come_by_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jupyter's kernel puts a function of its own into `builtins`: its stdin is no terminal of the person."""

    def of_the_kernel(prompt: str = "") -> str:
        if not lines:
            raise EOFError
        return lines.pop(0)

    lines = ["an answer"]
    monkeypatch.setattr(builtins, "input", of_the_kernel)
    with Keyboard() as typed:
        assert (typed.read(), typed.read()) == ("an answer\n", "")


def test_what_is_hidden_is_not_shown_while_it_is_typed(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    """R35: somebody may look over the shoulder, or record the terminal."""
    with Keyboard(prompt="API key of Acme: ", hidden=True) as typed:
        terminal.type("secret-4711\x7f1\n")
        assert typed.read() == "secret-4711\n"
    assert capsys.readouterr().err == "API key of Acme: \n"
