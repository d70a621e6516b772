"""Speaking to the person at the terminal: on stderr, for stdout is the data and nothing else."""

import sys
from collections.abc import Callable

Say = Callable[[str], None]


def say(text: str) -> None:
    """Write a line to stderr, at once."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def printable(text: str) -> str:
    """Return `text` with a ``?`` for each character that could steer the terminal, break the line or hide others.

    What a provider sent, or how a file is called, is anybody's choice.
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else "?" for character in text)
