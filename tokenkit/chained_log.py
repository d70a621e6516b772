"""A log of JSON lines in files 0600 that are only ever appended to, each line chained to the one before it.

A line ends with ``"chain"``: half of SHA-256 over the line before it and itself. So a lost, torn, changed or inserted
line shows. It is no signature: whoever may write here can write the whole log anew, or cut off its end.

The log is a folder of segments, called by the time in seconds at which each was begun. The first line of a segment
names the last one before it as ``"prev"``, so that the oldest segment can go.
"""

import json
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from itertools import pairwise
from typing import Any, NamedTuple, cast

from tokenkit import private_file
from tokenkit.errors import StoreError
from tokenkit.fork_lock import ForkLock
from tokenkit.store.file_lock import locked

SEGMENT_SIZE = 1 << 20
"""Bytes after which a new segment is begun."""

SEGMENT_LASTS = 30 * 86400.0
"""Seconds after which a new segment is begun."""

SEGMENTS = 12
"""Segments that are kept; the oldest goes when one more is begun."""

KEPT = 400 * 86400.0
"""Seconds after which a segment goes, and any file in a folder below."""

LIMIT = 4 << 20
"""Bytes of a segment that are read: far more than are ever written."""

LOCK_WAIT = 1.0

_TAIL = 1 << 16
_CHAIN = ',"chain":"'
_SUFFIX = ".jsonl"


class Line(NamedTuple):
    """A line of the log: where it stands, what it says, None if unreadable, and whether it is as it was written."""

    segment: str
    number: int
    entry: Mapping[str, Any] | None
    sound: bool


class Writer:
    """Writes one log for the threads of a process: who comes while another writes leaves the work to that one."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._waiting: deque[Callable[[], None]] = deque()
        self._writing = ForkLock()
        self._pid = os.getpid()

    def do(self, work: Callable[[], None]) -> None:
        """Have `work` done by a thread that holds the log's lock, this one or the one that holds it now.

        Raises the last OSError or `StoreError` of the work done here, after which the rest was done all the same; and
        those of the lock, without which all that waits is lost.
        """
        if self._pid != os.getpid():  # in a forked child: what waits there is the parent's
            self._waiting, self._pid = deque(), os.getpid()
        self._waiting.append(work)
        while self._waiting and (lock := self._writing.lock).acquire(blocking=False):
            try:
                self._do_all()
            finally:
                lock.release()

    def append(self, entry: Mapping[str, object], now: float) -> None:
        """Append one line, by one write; only out of `do`."""
        _append(self._folder, entry, now)

    def _do_all(self) -> None:
        failure: OSError | StoreError | None = None
        try:
            private_file.ensure_folder(self._folder)
            with locked(os.path.join(self._folder, ".lock"), wait=LOCK_WAIT):
                while self._waiting:
                    try:
                        self._waiting.popleft()()
                    except (OSError, StoreError) as error:  # of one account's marker, perhaps: no other's line is lost
                        failure = error
        except BaseException:
            self._waiting.clear()
            raise
        if failure is not None:
            raise failure


def _append(folder: str, entry: Mapping[str, object], now: float) -> None:
    last = next(reversed(segments(folder)), "")
    if last and os.path.getsize(last) < SEGMENT_SIZE and now < _begun(last) + SEGMENT_LASTS:
        return _write(last, entry)
    begins = max(int(now), _begun(last) + 1) if last else int(now)
    _write(os.path.join(folder, f"{begins:012d}{_SUFFIX}"), {**entry, "prev": _last_chain(last) if last else ""})
    return _retire(folder, now)


def segments(folder: str) -> list[str]:
    """The paths of the segments, the oldest first."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    stems = sorted(stem for stem, suffix in map(os.path.splitext, names) if suffix == _SUFFIX and stem.isdigit())
    return [os.path.join(folder, stem + _SUFFIX) for stem in stems]


def lines(folder: str) -> Iterator[Line]:
    """All lines, the oldest first. Raises `StoreError` for a segment that cannot be read."""
    previous: str | None = None
    for path in segments(folder):
        data = private_file.read(path, limit=LIMIT) or b""
        for number, text in enumerate(data.decode(errors="replace").split("\n"), 1):
            if text:
                line, chain = _read(os.path.basename(path), number, text, previous)
                yield line
                previous = chain or previous


def _read(segment: str, number: int, text: str, previous: str | None) -> tuple[Line, str]:
    """The line, and its hash; `previous` is that of the line before it, None for the first that is left."""
    body, chain = _split(text)
    entry = _parsed(body)
    if entry is None:
        return Line(segment, number, None, sound=False), ""
    named = entry.get("prev", previous) if number == 1 else previous
    sound = previous in (None, named) and chain == _chain(body, str(named or ""))
    return Line(segment, number, entry, sound), chain


def _parsed(body: str) -> dict[str, Any] | None:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return cast(dict[str, Any], value) if isinstance(value, dict) else None


def _chain(body: str, previous: str) -> str:
    return sha256(f"{previous}\n{body}".encode()).hexdigest()[:32]


def _split(text: str) -> tuple[str, str]:
    """A line's JSON object without its hash, and the hash; both empty for what is not a line of a log."""
    body, mark, rest = text.rpartition(_CHAIN)
    whole = mark and len(rest) == 34 and rest.endswith('"}')
    return (body + "}", rest[:32]) if whole else ("", "")


def _write(path: str, entry: Mapping[str, object]) -> None:
    body = json.dumps(entry, separators=(",", ":"))
    fd = private_file.open_lock(path)
    try:
        tail = _tail(fd)
        chain = _chain(body, str(entry.get("prev") or _chain_in(tail)))
        line = f'{body[:-1]}{_CHAIN}{chain}"}}\n'
        if tail and not tail.endswith(b"\n"):
            line = "\n" + line  # what a killed writer left stays, as a line of its own
        os.write(fd, line.encode())
    finally:
        os.close(fd)


def _last_chain(path: str) -> str:
    fd = private_file.open_lock(path)
    try:
        return _chain_in(_tail(fd))
    finally:
        os.close(fd)


def _tail(fd: int) -> bytes:
    """The last lines; leaves the position at the end."""
    size = os.lseek(fd, 0, os.SEEK_END)
    os.lseek(fd, max(0, size - _TAIL), os.SEEK_SET)
    return os.read(fd, _TAIL)


def _chain_in(tail: bytes) -> str:
    """The hash of the last whole line."""
    chain = ""
    while tail and not chain:
        tail, _, line = tail.rpartition(b"\n")
        chain = _split(line.decode(errors="replace"))[1]
    return chain


def _begun(path: str) -> int:
    return int(os.path.basename(path).removesuffix(_SUFFIX))


def _retire(folder: str, now: float) -> None:
    """Remove what is beyond the number and the time of keeping."""
    paths = segments(folder)
    for path, following in pairwise(paths):
        if path in paths[:-SEGMENTS] or _begun(following) < now - KEPT:
            os.unlink(path)
    for base, _, names in os.walk(folder):
        for path in (os.path.join(base, name) for name in names if base != folder):
            if os.lstat(path).st_mtime < now - KEPT:
                os.unlink(path)
