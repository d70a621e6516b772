"""Files that a check looks into: plain ones only, so that nothing waits for a writer, and not all of a huge one."""

import glob
import os

LIMIT = 8 << 20
"""Bytes of a file that are looked at."""

TEMPLATES = (".example", ".sample", ".template", ".dist")
"""How files end that only show what a .env file looks like."""


def read_start(path: str, limit: int = LIMIT) -> bytes:
    """Return the beginning of a plain file; nothing where it is none, or cannot be read."""
    if not os.path.isfile(path):
        return b""
    try:
        with open(path, "rb") as file:
            return file.read(limit)
    except OSError:
        return b""


def lines(path: str) -> list[bytes]:
    """Return the lines of a plain file; none where it is none, or cannot be read."""
    return read_start(path).split(b"\n")


def escaped(place: str) -> str:
    """Return the folder as glob takes it; a last ``*`` or ``.*`` stands for the folders in it."""
    head, tail = os.path.split(place)
    return os.path.join(glob.escape(head), tail) if tail in ("*", ".*") else glob.escape(place)
