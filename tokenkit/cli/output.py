"""How a command speaks: data on stdout, words to the person on stderr, nothing that steers a terminal."""

import os
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager

from tokenkit.consent import terminal
from tokenkit.errors import TokenKitError, UsageError

QUIET = 0.5
"""Seconds that a wait may last before it is spoken of."""

_options_given: list[str] = []
"""The options that stood before the command, as a shell takes them."""


def keep_options(options: list[str]) -> None:
    """Remember what stood before the command, for `to_paste`."""
    _options_given[:] = options


def to_paste(text: str) -> str:
    """The text, every command of ours in it with the options that stood before the one that runs now.

    They say whose accounts are meant: pasted without them, a command works on others.
    """
    if not _options_given:
        return text
    import re

    from tokenkit.cli.commands import SECTIONS

    names = "|".join(name for section in SECTIONS.values() for name in section)
    whole = " ".join(("tokenkit", *_options_given))
    return re.sub(rf"(?<![\w./-])tokenkit(?= (?:{names})\b)", lambda _: whole, text)


def printable(text: str) -> str:
    """Return each line of `text` as `terminal.printable` leaves it."""
    return "\n".join(map(terminal.printable, text.split("\n")))


def data(text: str) -> None:
    """Print what was asked for."""
    from typer import echo  # not loaded before it is needed: the fast path has errors to tell, and does without

    with to_stdout():
        echo(text)


@contextmanager
def to_stdout() -> Generator[None]:
    """Print within it: `TokenKitError` where stdout is closed or cannot take it, and not a fault of ours."""
    require_stdout()
    try:
        yield
    except BrokenPipeError:
        raise  # whoever reads may stop when they have enough
    except OSError as error:
        drop(sys.stdout.fileno())
        raise TokenKitError(f"stdout cannot be written: {error.strerror}", hint="send it elsewhere") from None


def require_stdout() -> None:
    """Raise `TokenKitError` where stdout was closed: what is printed there would be lost without a word."""
    if not sys.stdout:
        raise TokenKitError("stdout is closed, so nothing can be printed", hint="send it to a file or a pipe")


def drop(file: int) -> None:
    """Let what is left to write there go nowhere, or the interpreter would complain of it when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), file)


def say(text: str = "") -> None:
    """Speak to the person; the commands that are named work as they are, see `to_paste`."""
    _spoken(f"{printable(to_paste(text))}\n")


def _spoken(text: str) -> None:
    if sys.stderr:  # there is none where it was closed
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except OSError:  # the disk that it goes to is full, or its reader has gone: words hold up no work
            drop(sys.stderr.fileno())


@contextmanager
def waiting(what: str) -> Generator[None]:
    """Show what is waited for, on a terminal, once it takes a while."""
    if not (sys.stderr and sys.stderr.isatty()):
        yield
        return
    over = threading.Event()
    thread = threading.Thread(target=_show, args=(what, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _show(what: str, over: threading.Event) -> None:
    if over.wait(QUIET):
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status(escape(printable(what))):
        over.wait()


def agree(question: str, *, otherwise: str) -> bool:
    """Ask for a yes. Where there is no terminal nobody can be asked: `UsageError`, with `otherwise` as the hint."""
    if not someone_is_there():
        raise UsageError(f"nobody can be asked here whether to go on. {question}", hint=otherwise)
    say(question)
    return ask("Go on? [y/N] ").lower() in ("y", "yes")


def ask(prompt: str) -> str:
    """A line from stdin; on a terminal `prompt` stands before it, on stderr."""
    if someone_is_there():
        _spoken(prompt)
    try:
        line = sys.stdin.readline() if sys.stdin else ""
    except UnicodeDecodeError:
        raise UsageError("what stdin holds is not text", hint="write it in UTF-8") from None
    if not line:
        raise UsageError("stdin ended before the answer", hint="pipe the answer in, or run this in a terminal")
    return line.strip()


def someone_is_there() -> bool:
    """Whether stdin is a terminal. In a service it may be closed."""
    return bool(sys.stdin and sys.stdin.isatty())


def read_stdin() -> bytes:
    """All of stdin, which is nothing where it was closed."""
    return sys.stdin.buffer.read() if sys.stdin else b""


def ask_secret(prompt: str) -> str:
    """A line from stdin that on a terminal is not shown while it is typed (R35)."""
    if not someone_is_there():
        return ask(prompt)
    from getpass import getpass

    return getpass(prompt, stream=sys.stderr).strip()
