"""Lines from stdin, each read whole, while something else is awaited too."""

import builtins
import contextlib
import os
import select
import socket
import sys
import time
import types
from collections.abc import Generator
from types import TracebackType
from typing import Any, Self

from tokenkit.consent.stopping import around_a_stop
from tokenkit.signals import AWAKE

AT_ONCE = 0.05
"""Seconds after a line within which the next one was pasted with it."""

LINE_LIMIT = 16 * 1024
"""Characters of a line: what is longer is no address."""

_ERASE, _ERASE_LINE, _END = ("\x7f", "\b"), "\x15", "\x04"


class Keyboard:
    """Reads what a person types or pastes, inside ``with``.

    A terminal keeps 4,096 bytes of a line and drops the rest, and an answer may be longer. So the terminal's own
    editing of lines is switched off, and done here. Where stdin is no file (a notebook), lines come from `input`.

    A terminal shows `prompt` before a line; what is typed is not shown where it is `hidden`.
    """

    def __init__(self, wake: socket.socket | None = None, *, prompt: str = "", hidden: bool = False) -> None:
        self._wake = wake
        self._prompt = prompt
        self._hidden = hidden
        self._closing = contextlib.ExitStack()
        self._terminal = False
        self._line = bytearray()

    @staticmethod
    def is_a_terminal() -> bool:
        """Tell whether a person types at a terminal."""
        file = _descriptor()
        return file is not None and os.isatty(file)

    def __enter__(self) -> Self:
        file = _descriptor()
        if file is not None and os.isatty(file):
            self._closing.enter_context(_unlimited(file))
            self._terminal = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    def read(self, timeout: float | None = None) -> str | None:
        """Return a line with its line break, empty at the end of the input.

        None when `wake` has something to read, or after `timeout` seconds; where stdin cannot be waited for (a
        notebook, Windows), only a line ends the wait. What is not text is no address: such bytes are replaced. What
        was typed of a line when the time was over stands at the beginning of the next.
        """
        file = _descriptor()
        if file is None:
            return _whole_line(self._prompt)
        if self._terminal:
            self._show(self._prompt)
        until = None if timeout is None else time.monotonic() + timeout
        line = self._line
        while len(line) < LINE_LIMIT:
            if not self._is_ready(file, until):
                return None
            byte = _byte(file)
            if not byte or (self._terminal and byte == _END.encode() and not line):
                break
            self._take(byte, line)
            if byte == b"\n":
                break
        text = line.decode("utf-8", "replace")
        line.clear()
        return text

    def read_paste(self, timeout: float | None = None) -> str | None:
        """Return a line as `read` does, and with it those that came at once: what is pasted may have several."""
        text = self.read(timeout)
        while text and text.endswith("\n") and len(text) < LINE_LIMIT and self._comes_along():
            more = self.read(timeout)
            if not more:
                break
            text += more
        return text

    def _comes_along(self) -> bool:
        file = _descriptor()
        return file is not None and bool(select.select([file], [], [], AT_ONCE)[0])

    def _is_ready(self, file: int, until: float | None) -> bool:
        sources = [file] if self._wake is None else [file, self._wake.fileno()]
        while True:
            left = AWAKE if until is None else max(0.0, until - time.monotonic())
            ready, _, _ = select.select(sources, [], [], min(left, AWAKE))
            if ready or (until is not None and left <= AWAKE):
                return ready == [file]

    def _take(self, byte: bytes, line: bytearray) -> None:
        """Add a byte to the line, or edit it as a terminal does."""
        text = byte.decode("latin-1")
        if not self._terminal:
            line += byte
        elif text in _ERASE:
            self._echo("\b \b" if line else "")
            del line[-1:]
        elif text == _ERASE_LINE:
            self._echo("\b \b" * len(line))
            line.clear()
        else:
            line += byte
            self._echo(text if text.isascii() and (text.isprintable() or text == "\n") else "")

    def _echo(self, text: str) -> None:
        self._show("\n" if self._hidden and text == "\n" else "" if self._hidden else text)

    @staticmethod
    def _show(text: str) -> None:
        if sys.stderr:
            sys.stderr.write(text)
            sys.stderr.flush()


def _byte(file: int) -> bytes:
    """Read a byte: nothing at the end of the input, or where nothing can be read, as of a terminal that is gone."""
    try:
        return os.read(file, 1)
    except OSError:
        return b""


def _descriptor() -> int | None:
    """Return the descriptor of stdin where it can be waited for; None in a notebook, on Windows, and without stdin."""
    if os.name != "posix" or input_is_replaced():
        return None
    try:
        return sys.stdin.fileno() if sys.stdin else None
    except (OSError, ValueError):
        return None


def input_is_replaced() -> bool:
    """Return whether the program around us (Jupyter, IDLE) reads for `input` in a way of its own."""
    return not isinstance(builtins.input, types.BuiltinFunctionType)


def _whole_line(prompt: str) -> str:
    try:
        if input_is_replaced():
            return f"{input(prompt)[:LINE_LIMIT]}\n"
        return sys.stdin.readline(LINE_LIMIT) if sys.stdin else ""
    except EOFError:
        return ""
    except UnicodeDecodeError:
        return "\N{REPLACEMENT CHARACTER}\n"


@contextlib.contextmanager
def _unlimited(file: int) -> Generator[None]:
    """Let a line on the terminal be of any length; Ctrl-C, Ctrl-Z and the others work as before."""
    import termios

    before = termios.tcgetattr(file)
    changed = termios.tcgetattr(file)
    changed[3] &= ~(termios.ICANON | termios.ECHO)
    changed[6][termios.VMIN], changed[6][termios.VTIME] = 1, 0

    def use(mode: list[Any]) -> None:
        if _in_foreground(file):  # else the kernel would stop this process for it, until it is in the foreground again
            with contextlib.suppress(termios.error):  # the terminal is gone
                termios.tcsetattr(file, termios.TCSADRAIN, mode)

    with around_a_stop(lambda: use(before), lambda: use(changed)):
        use(changed)
        try:
            yield
        finally:
            use(before)


def _in_foreground(file: int) -> bool:
    try:
        return os.tcgetpgrp(file) == os.getpgrp()
    except OSError:  # it controls no session: nobody can be in its background
        return True
