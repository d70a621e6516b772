"""The entry points of the installed packages."""

import os
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints


class _All(Protocol):
    """All entry points, in any version of Python."""

    def select(self, *, group: str) -> "EntryPoints": ...


def entry_points(group: str) -> "EntryPoints":
    """Return the entry points in a group, of all packages that are installed now."""
    from importlib import metadata  # heavy, and a stored token needs no package

    changed = tuple((folder, _changed(folder)) for folder in sys.path)
    return _read(metadata.entry_points, changed).select(group=group)


@lru_cache(maxsize=1)
def _read(read: Callable[[], _All], changed: tuple[object, ...]) -> _All:
    """Read them anew only where a folder of packages has changed: they lie in a file for each package."""
    return read()


def _changed(folder: str) -> int | None:
    try:
        return os.stat(folder or os.curdir).st_mtime_ns
    except OSError:
        return None
