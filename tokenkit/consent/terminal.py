"""Speaking to the person at the terminal: on stderr, for stdout is the data and nothing else."""

import sys
from collections.abc import Callable
from contextlib import suppress

from tokenkit.errors import UsageError

Say = Callable[[str], None]


def say(text: str) -> None:
    """Write a line to stderr, at once; nothing where that is closed, or its reader has gone."""
    with suppress(OSError, ValueError):
        if sys.stderr:
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()


def require_reader(speaks: Say) -> None:
    """Raise `UsageError` where `say` speaks and stderr is closed: nobody would see the address that they must open."""
    if speaks is say and not sys.stderr:
        raise UsageError(
            "stderr is closed, so nobody would see where to sign in",
            hint="leave it open; in a program: kit.login(..., show=...)",
        )


def printable(text: str) -> str:
    """Return `text` with a ``?`` for each character that could steer the terminal, break the line or hide others.

    What a provider sent, or how a file is called, is anybody's choice.
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else "?" for character in text)
