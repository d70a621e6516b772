"""Every way in which a server, or what stands before it, may read the path of a URL (R32).

One proxy walks dot segments before it decodes, the next one decodes first; one server drops ``;parameters``, another
takes a backslash for a slash. A path that one of them lets through may mean another one to the next, and so each step
is tried after each other step until nothing new comes up.
"""

import re
import unicodedata
from collections.abc import Callable
from urllib.parse import unquote

MOST = 256
"""Readings of one path beyond which it is no honest one: what people write has a handful."""

_PLAIN = re.compile(r"(?:/(?!\.{1,2}(?:/|\Z))[^/%\\;?#\0]+)*/?")
"""A path that everybody reads as it is written: no empty or dot segment, and nothing that is decoded or dropped."""


def readings(path: str) -> frozenset[str]:
    """Return all readings of a path (it begins with a slash), itself among them; none when there are too many."""
    if _PLAIN.fullmatch(path):
        return frozenset({path})
    found, new = {path}, [path]
    while new:
        read = new.pop()
        for step in _STEPS:
            other = step(read)
            if other not in found:
                found.add(other)
                new.append(other)
        if len(found) > MOST:
            return frozenset()
    return frozenset(found)


def _walked(path: str) -> str:
    """Walk the dot segments (RFC 3986 section 5.2.4)."""
    kept: list[str] = []
    for segment in path.split("/")[1:]:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    return "/" + "/".join(kept)


def _without_parameters(path: str) -> str:
    """Drop what follows a semicolon in each segment, as servlet containers do."""
    return re.sub(r";[^/]*", "", path)


def _with_slashes(path: str) -> str:
    return path.replace("\\", "/")


def _merged(path: str) -> str:
    """Take several slashes for one, as nginx does."""
    return re.sub("/{2,}", "/", path)


def _decoded_oddly(path: str) -> str:
    """Decode what some servers do besides: ``%u002e`` (IIS), and UTF-8 longer than it may be (``%c0%ae``)."""
    path = re.sub(r"%u00([0-9a-fA-F]{2})", r"%\1", path, flags=re.IGNORECASE)
    return _OVERLONG.sub(lambda found: chr((int(found[1], 16) & 1) << 6 | int(found[2], 16) & 63), path)


def _narrowed(path: str) -> str:
    """Take characters of full width, which look the same, for those of ASCII (NFKC)."""
    return path if path.isascii() else unicodedata.normalize("NFKC", path)


def _trimmed(path: str) -> str:
    """Drop control characters and spaces: some servers ignore them."""
    return re.sub(r"[\0-\x20\x7f]", "", path)


def _cut(path: str) -> str:
    """End where a query or fragment begins that was written encoded, or where a string of C ends."""
    return re.split(r"[?#\0]", path, maxsplit=1)[0] or "/"


_OVERLONG = re.compile(r"%(c[01])%([89ab][0-9a-f])", re.IGNORECASE)

_STEPS: tuple[Callable[[str], str], ...] = (
    unquote, _walked, _without_parameters, _with_slashes, _merged, _cut, _decoded_oddly, _narrowed, _trimmed,
)  # fmt: skip
