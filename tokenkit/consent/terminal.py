"""Speaking to the person at the terminal: on stderr, for stdout is the data and nothing else."""

import sys
from collections.abc import Callable

Say = Callable[[str], None]


def say(text: str) -> None:
    """Write a line to stderr, at once."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def plain(text: str) -> str:
    """What a provider sent, without the control characters that would let it steer the terminal."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else "?" for character in text)
