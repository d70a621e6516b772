"""The look of R1: one question a second for all that is asked for, and none while changes are told (R39)."""

import os
import threading
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import NamedTuple

from tokenkit.elapsed import elapsed
from tokenkit.errors import StoreUnavailable
from tokenkit.store import Name, Version
from tokenkit.store.postgres.line import UNUSED_FOR, Line

PROVED = 1.5
"""Seconds for which an answer serves after the last proof that its change would have been told (R39)."""

SERVES = 1.0
"""Seconds for which an answer serves where nothing is told."""

LOOK_IN = 1.5
"""Seconds in which a look must be answered: a good token in memory is served without it (R14)."""

Ask = Callable[[Sequence[Name]], list[Version | None]]


class _Known(NamedTuple):
    """An answer, when its question began (of `elapsed`), and the line that a later change was told on, 0 for none."""

    version: Version | None
    asked: float
    line: int


class Look:
    """Answers which version a record has. The database is asked in a thread, which no caller waits for too long."""

    def __init__(self, ask: Ask, line: Line) -> None:
        """`ask` puts the question; it raises `StoreUnavailable` where there is no answer in time.

        On the `line` changes are told, for as long as there are looks.
        """
        self._ask = ask
        self._line = line
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._answered = threading.Condition()
        self._known: dict[Name, _Known] = {}
        self._names: dict[str, Name] = {}
        self._used: dict[Name, float] = {}
        self._missing: set[Name] = set()
        self._changed: set[str] = set()
        self._asking = False
        self._failed: StoreUnavailable | None = None
        self._failed_at = self._asked_at = float("-inf")
        self._asked_on = 0

    def versions(self, names: Sequence[Name]) -> list[Version | None]:
        """Return the version of each, as of 1.5 seconds ago or later; see `Store.versions`."""
        if self._pid != os.getpid():
            self._begin()
        now = elapsed()
        self._line.used(now)
        for name in names:
            self._used[name] = now
        known = self._fresh(names, now)
        return self._answer(names, now) if known is None else known

    def forget(self, *names: Name) -> None:
        """Take note that these have changed, before anybody tells."""
        self.changed([digest(name) for name in names])

    def changed(self, digests: list[str]) -> None:
        """Take note of what has changed."""
        with self._answered:
            if self._asking:
                self._changed.update(digests)
            for each in digests:
                name = self._names.pop(each, None)
                if name is not None:
                    self._known.pop(name, None)

    def _fresh(self, names: Sequence[Name], now: float) -> list[Version | None] | None:
        """Return what is known, if it still serves for all of them."""
        heard = self._line.heard
        found: list[Version | None] = []
        for name in names:
            known = self._known.get(name)
            if known is None:
                return None
            told = known.line == heard.line != 0 and now - heard.until < PROVED
            if not told and now - known.asked >= SERVES:
                return None
            found.append(known.version)
        return found

    def _answer(self, names: Sequence[Name], began: float) -> list[Version | None]:
        with self._answered:
            while True:
                known = self._fresh(names, began)
                if known is not None:
                    return known
                self._missing.update(names)
                if not self._asking:
                    self._asking, self._asked_at = True, began  # not yet as late as the question before was
                    threading.Thread(target=self._run, name="tokenkit looks", daemon=True).start()
                if self._is_away():
                    assert self._failed is not None
                    raise StoreUnavailable(str(self._failed), hint=self._failed.hint)
                if not self._answered.wait(max(began + LOOK_IN - elapsed(), 0.0)):
                    self._fail(StoreUnavailable("the database did not answer in time", hint="try again"))

    def _is_away(self) -> bool:
        """Tell whether the last question failed, and no other has been answered yet: then nobody waits for one."""
        if self._failed is None:
            return False
        now = elapsed()
        return now - self._failed_at < 2 * SERVES or (self._asking and now - self._asked_at >= LOOK_IN)

    def _fail(self, failed: StoreUnavailable) -> None:
        self._failed, self._failed_at = failed, elapsed()

    def _run(self) -> None:
        while names := self._next():
            try:
                answers = self._ask(names)
            except StoreUnavailable as error:
                failed = error
            except Exception as error:  # noqa: BLE001 - a thread that ends without a word would let everybody wait
                failed = StoreUnavailable(f"the database cannot be asked: {type(error).__name__}")
            else:
                self._learn(dict(zip(names, answers, strict=True)))
                continue
            with self._answered:
                self._fail(failed)
                self._answered.notify_all()

    def _next(self) -> list[Name]:
        """Return what to ask for: with what is missing, all that would be asked for within a second."""
        with self._answered:
            if not self._missing:
                self._asking = False
                return []
            self._asked_at = now = elapsed()
            self._asked_on = self._line.heard.line
            for name in [name for name, used in list(self._used.items()) if now - used >= UNUSED_FOR]:
                self._used.pop(name)
                self._known.pop(name, None)
                self._names.pop(digest(name), None)
            used_lately = (name for name, used in list(self._used.items()) if now - used < 2 * SERVES)
            names = list(self._missing.union(name for name in used_lately if not self._told(name)))
            self._missing.clear()
            self._changed.clear()
            return names

    def _told(self, name: Name) -> bool:
        known = self._known.get(name)
        return known is not None and known.line == self._asked_on != 0

    def _learn(self, answers: dict[Name, Version | None]) -> None:
        with self._answered:
            for name, version in answers.items():
                each = digest(name)
                self._names[each] = name
                self._known[name] = _Known(version, self._asked_at, 0 if each in self._changed else self._asked_on)
            self._failed = None
            self._answered.notify_all()


def digest(name: Name) -> str:
    """Return what a change of that name is told by: no name is told, for every role of the database may listen."""
    said = b"\0".join(part.encode("utf-8", "surrogatepass") for part in (name.owner, name.id))
    return sha256(said).hexdigest()[:24]
