"""A log of JSON lines in files 0600. Lines are only appended, and each is chained to the one before it.

A line ends with ``"chain"``: half of SHA-256 over the line before it and itself. So a lost, torn, changed or inserted
line shows. It is no signature: a program that may write here can write the whole log again, or cut off its end.

The log is a folder of segments. The name of a segment is the time in seconds at which it was begun. Its first line
names the last line of the segment before as ``"prev"``, so that the oldest segment can be deleted.
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
from tokenkit.os_errors import unavailable
from tokenkit.store.file_lock import locked

SEGMENT_SIZE = 1 << 20
"""Bytes after which a new segment is begun."""

SEGMENT_LASTS = 30 * 86400.0
"""Seconds after which a new segment is begun."""

SEGMENTS = 12
"""Segments that are kept; the oldest is deleted when one more is begun."""

KEPT = 400 * 86400.0
"""Seconds after which a segment is deleted, and any file in a folder below."""

LIMIT = 4 << 20
"""Bytes of a segment that are read at most: far more than are ever written."""

LOCK_WAIT = 1.0

_TAIL = 1 << 16
_CHAIN = ',"chain":"'
_SUFFIX = ".jsonl"
_TO_JSON = json.JSONEncoder(separators=(",", ":"))


class Line(NamedTuple):
    """A line of the log: where it stands, what it says (None if unreadable), and whether it is as it was written."""

    segment: str
    number: int
    entry: Mapping[str, Any] | None
    sound: bool


class OpenLog:
    """A log while its lock is held. Its end is searched for once, and then known from line to line."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._fd = -1
        self._begun = self._size = 0
        self._chain = ""
        self._torn = False

    def append(self, entry: Mapping[str, object], now: float) -> None:
        """Append one line, with one write."""
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
            os.unlink(path)  # it was begun without its first line, which names what came before

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
        begins = "\n" if self._torn else ""  # half a line of a killed writer stays, as a line of its own
        line = f'{begins}{body[:-1]}{_CHAIN}{chain}"}}\n'.encode()
        if os.write(self._fd, line) < len(line):
            return self.close()  # the disk is full; the next call looks at what is left of this line
        self._size += len(line)
        self._chain, self._torn = chain, False
        return None


class Writer:
    """Writes one log for the threads of a process. A thread that finds another one writing leaves its work to it."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._waiting: deque[Callable[[OpenLog], None]] = deque()
        self._writing = ForkLock()
        self._pid = os.getpid()

    def do(self, *work: Callable[[OpenLog], None]) -> None:
        """Run all `work` in a thread that holds the log's lock: in this one, or in the one that holds it now.

        Raises the last OSError or `StoreError` of the work done here, once all of it was done. Raises the errors of the
        lock, too; then the work that waits is lost.
        """
        if self._pid != os.getpid():  # a forked child: the work that waits is the parent's
            self._waiting, self._pid = deque(), os.getpid()
        self._waiting.extend(work)
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
                    except (OSError, StoreError) as error:  # perhaps about one account only: write the other lines
                        failure = error
                        log.close()  # look again at what is half written
        except BaseException:
            self._waiting.clear()
            raise
        if failure is not None:
            raise failure


def segments(folder: str) -> list[str]:
    """Return the paths of the segments, the oldest first."""
    return [os.path.join(folder, stem + _SUFFIX) for stem in sorted(_stems(folder))]


def lines(folder: str) -> Iterator[Line]:
    """Yield all lines, the oldest first. Raises `StoreError` for a segment that cannot be read."""
    previous: str | None = None
    for path in segments(folder):
        data = private_file.read(path, limit=LIMIT) or b""
        for number, text in enumerate(data.decode(errors="replace").split("\n"), 1):
            if text:
                line, chain = _read(os.path.basename(path), number, text, previous)
                yield line
                previous = chain or previous


def entries(folder: str, **members: str) -> Iterator[Mapping[str, Any]]:
    """Yield what those lines say that have these members, the oldest first; whether they are sound is not looked at.

    It takes a fifth of the time of `lines`, for no other line is parsed. Raises `StoreError` as that does.
    """
    texts = [_TO_JSON.encode({name: value})[1:-1].encode() for name, value in members.items()]
    for path in segments(folder):
        for line in (private_file.read(path, limit=LIMIT) or b"").split(b"\n"):
            if all(text in line for text in texts):
                entry = _parsed(_split(line.decode(errors="replace"))[0])
                if entry is not None and all(entry.get(name) == value for name, value in members.items()):
                    yield entry


def _read(segment: str, number: int, text: str, previous: str | None) -> tuple[Line, str]:
    """Return the line and its hash. `previous` is the hash of the line before; None for the first that is left."""
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
    """Return a line's JSON object without its hash, and the hash; both are empty for what is no line of a log."""
    body, mark, rest = text.rpartition(_CHAIN)
    whole = mark and len(rest) == 34 and rest.endswith('"}')
    return (body + "}", rest[:32]) if whole else ("", "")


def _chain_in(tail: bytes) -> str:
    """Return the hash of the last whole line."""
    chain, end = "", len(tail)
    while end > 0 and not chain:
        begins = tail.rfind(b"\n", 0, end) + 1
        chain = _split(tail[begins:end].decode(errors="replace"))[1]
        end = begins - 1
    return chain


def _stems(folder: str) -> list[str]:
    private_file.check_way(os.path.dirname(folder), os.path.join(folder, _SUFFIX))  # no writer follows a link either
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise unavailable(folder, error) from None
    stems = (name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX))
    return [stem for stem in stems if stem.isdigit()]


def _begun(path: str) -> int:
    return int(os.path.basename(path).removesuffix(_SUFFIX))


def _retire(folder: str, now: float) -> None:
    """Delete the segments and files that are too many or too old."""
    paths = segments(folder)
    for path, following in pairwise(paths):
        if path in paths[:-SEGMENTS] or _begun(following) < now - KEPT:
            os.unlink(path)
    for base, _, names in os.walk(folder):
        for path in (os.path.join(base, name) for name in names if base != folder):
            if os.lstat(path).st_mtime < now - KEPT:
                os.unlink(path)
