"""How a command speaks: data on stdout, words to the person on stderr, nothing that steers a terminal."""

import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager

from tokenkit.consent.terminal import plain
from tokenkit.errors import UsageError

QUIET = 0.5
"""Seconds that a wait may last before it is spoken of."""


def printable(text: str) -> str:
    """The text, its line breaks kept: what a provider wrote, or an account's name, must not steer the terminal."""
    return "\n".join(map(plain, text.split("\n")))


def data(text: str) -> None:
    """Print what was asked for."""
    from typer import echo  # not loaded before it is needed: the fast lane has errors to tell, and does without

    echo(text)


def say(text: str = "") -> None:
    """Speak to the person."""
    _spoken(f"{printable(text)}\n")


def _spoken(text: str) -> None:
    if sys.stderr:  # there is none where it was closed
        sys.stderr.write(text)
        sys.stderr.flush()


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
    if not sys.stdin.isatty():
        raise UsageError(question, hint=otherwise)
    say(question)
    return ask("Go on? [y/N] ").lower() in ("y", "yes")


def ask(prompt: str) -> str:
    """A line from stdin; on a terminal `prompt` stands before it, on stderr."""
    if sys.stdin.isatty():
        _spoken(prompt)
    line = sys.stdin.readline()
    if not line:
        raise UsageError("stdin ended before the answer", hint="pipe the answer in, or run this in a terminal")
    return line.strip()


def ask_secret(prompt: str) -> str:
    """A line from stdin that on a terminal is not shown while it is typed (R35)."""
    if not sys.stdin.isatty():
        return ask(prompt)
    from getpass import getpass

    return getpass(prompt, stream=sys.stderr).strip()
