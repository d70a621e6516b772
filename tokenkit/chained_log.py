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
from contextlib import closing
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
_TO_JSON = json.JSONEncoder(separators=(",", ":"))


class Line(NamedTuple):
    """A line of the log: where it stands, what it says, None if unreadable, and whether it is as it was written."""

    segment: str
    number: int
    entry: Mapping[str, Any] | None
    sound: bool


class OpenLog:
    """A log whose lock is held: where it ends is looked for once, and known from line to line."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._fd = -1
        self._begun = self._size = 0
        self._chain = ""
        self._torn = False

    def append(self, entry: Mapping[str, object], now: float) -> None:
        """Append one line, by one write."""
        if self._fd < 0:
            self._find_end()
        if self._fd >= 0 and self._size < SEGMENT_SIZE and now < self._begun + SEGMENT_LASTS:
            return self._write(entry)
        begins = int(now) if self._fd < 0 else max(int(now), self._begun + 1)
        previous = self._chain
        self.close()
        self._open(os.path.join(self._folder, f"{begins:012d}{_SUFFIX}"))
        self._write({**entry, "prev": previous})
        return _retire(self._folder, now)

    def close(self) -> None:
        """Forget where the log ends; the next line finds it again."""
        fd, self._fd, self._chain = self._fd, -1, ""
        if fd >= 0:
            os.close(fd)

    def _find_end(self) -> None:
        for stem in sorted(_stems(self._folder), reverse=True):
            path = os.path.join(self._folder, stem + _SUFFIX)
            self._open(path)
            if self._size:
                return
            self.close()
            os.unlink(path)  # begun, and its first line was not written: that line names what came before

    def _open(self, path: str) -> None:
        self._fd = private_file.open_lock(path)
        self._begun = _begun(path)
        self._size = os.lseek(self._fd, 0, os.SEEK_END)
        os.lseek(self._fd, max(0, self._size - _TAIL), os.SEEK_SET)
        tail = os.read(self._fd, _TAIL)
        self._chain = _chain_in(tail)
        self._torn = bool(tail) and not tail.endswith(b"\n")

    def _write(self, entry: Mapping[str, object]) -> None:
        body = _TO_JSON.encode(entry)
        chain = _chain(body, str(entry.get("prev") or self._chain))
        begins = "\n" if self._torn else ""  # what a killed writer left stays, as a line of its own
        line = f'{begins}{body[:-1]}{_CHAIN}{chain}"}}\n'.encode()
        if os.write(self._fd, line) < len(line):
            return self.close()  # the disk is full, and the next line meets what is left of this one
        self._size += len(line)
        self._chain, self._torn = chain, False
        return None


class Writer:
    """Writes one log for the threads of a process: who comes while another writes leaves the work to that one."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._waiting: deque[Callable[[OpenLog], None]] = deque()
        self._writing = ForkLock()
        self._pid = os.getpid()

    def do(self, work: Callable[[OpenLog], None]) -> None:
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

    def _do_all(self) -> None:
        failure: OSError | StoreError | None = None
        try:
            private_file.ensure_folder(self._folder)
            with locked(os.path.join(self._folder, ".lock"), wait=LOCK_WAIT), closing(OpenLog(self._folder)) as log:
                while self._waiting:
                    try:
                        self._waiting.popleft()(log)
                    except (OSError, StoreError) as error:  # of one account's marker, perhaps: no other's line is lost
                        failure = error
                        log.close()  # what was half written is looked at anew
        except BaseException:
            self._waiting.clear()
            raise
        if failure is not None:
            raise failure


def segments(folder: str) -> list[str]:
    """The paths of the segments, the oldest first."""
    return [os.path.join(folder, stem + _SUFFIX) for stem in sorted(_stems(folder))]


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


def _chain_in(tail: bytes) -> str:
    """The hash of the last whole line."""
    chain, end = "", len(tail)
    while end > 0 and not chain:
        begins = tail.rfind(b"\n", 0, end) + 1
        chain = _split(tail[begins:end].decode(errors="replace"))[1]
        end = begins - 1
    return chain


def _stems(folder: str) -> list[str]:
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    stems = (name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX))
    return [stem for stem in stems if stem.isdigit()]


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
