"""What is installed: it takes a twentieth of a second to find out, hundreds of tests ask, and it stays as it is."""

import importlib.metadata
import sys
from functools import cache
from importlib.metadata import EntryPoints, entry_points
from typing import Any

look = entry_points
"""Looks anew each time, for a test that installs something."""


@cache
def _found(path: tuple[str, ...], which: tuple[tuple[str, Any], ...]) -> EntryPoints:
    return look(**dict(which))


def remembered(**which: Any) -> EntryPoints:
    """Return the entry points on this path, as they were when somebody asked first."""
    return _found(tuple(sys.path), tuple(which.items()))


def remember() -> None:
    """Let all code of this process ask only once."""
    importlib.metadata.entry_points = remembered
