"""The activity log: which program got which account's token, when, and what else happened to the accounts.

It lies under ``<state>/activity/`` in lines of JSON (`tokenkit.chained_log`)::

    {"v":1,"at":1764000000.123,"event":"used","account":"google/me@example.com","program":"agenda","chain":"9f2c…"}

A use is written once an hour for each program, account and set of scopes, and not at every call: a marker says when
that was (`tokenkit.use_markers`). No line holds a token, an argument, a working
directory or a URL. A log that cannot be written never fails a caller.
"""

import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from tokenkit import use_markers
from tokenkit.account import Account
from tokenkit.errors import TokenKitError
from tokenkit.paths import Folders, activity_folder
from tokenkit.signals import ended_unasked

if TYPE_CHECKING:
    from tokenkit.chained_log import OpenLog, Writer
    from tokenkit.uses_later import UsesLater

    Write = Callable[[OpenLog], None]
    Waiting = Callable[[], Write | None]

VERSION = 1
"""The member ``v`` of every line."""

RETRY = 60.0
"""Seconds after which a log that could not be written is tried again."""

KNOWN = 10_000
"""Uses of which this process remembers when they were written; of any other, the marker says it."""

_LATE = frozenset({"refreshed"})
"""What may be written within a second, as uses are: the record of the account says, too, when it was refreshed."""

LONGEST_TEXT = 200
MOST_SCOPES = 40

Detail = str | float | Collection[str]


class OtherMachines(Protocol):
    """The machines that share a store: they are told each line that is written here, and tell theirs."""

    def tell(self, entry: Mapping[str, object]) -> None:
        """Tell a line of the log; it raises nothing."""
        ...

    def flush(self) -> None:
        """Tell what waits; it raises nothing."""
        ...

    def lines(self, owner: str | None = None) -> list[Mapping[str, Any]]:
        """Return the lines of all machines, the oldest first, of an owner or of all. Raises `StoreError`."""
        ...


class Activity:
    """Writes the log of one owner's kit. `tool` is what the embedding program calls the part of it that asks.

    `allowed` says whether ``config.toml`` permits the log; it is called only where there is such a file, and when a
    line is to be written. With `later` uses and refreshes are written within a second, together, by a thread of their
    own. Safe in any thread and process. The methods raise nothing.
    """

    def __init__(
        self,
        folders: Folders,
        owner: str = "",
        *,
        tool: str = "",
        app: str = "tokenkit",
        environ: Mapping[str, str] | None = None,
        allowed: Callable[[], bool] = lambda: True,
        now: Callable[[], float] = time.time,
        later: bool = False,
    ) -> None:
        self.folder = activity_folder(folders)
        self._folders = folders
        self._owner = owner
        self._who = {"program": use_markers.program(), "tool": use_markers.plain_name(tool)}
        self._app = app
        self._environ = os.environ if environ is None else environ
        self._allowed = allowed
        self._now = now
        self._made: Writer | None = None
        self._quiet: dict[tuple[Account, frozenset[str]], float] = {}
        self._are_late = later
        self._waiting: UsesLater[Waiting] | None = None
        self.others: OtherMachines | None = None

    @property
    def _off(self) -> bool:
        return use_markers.switched_off(self._app, self._environ)

    def used(self, account: Account, scopes: Collection[str] = ()) -> None:
        """Log that a token of `account` goes to a caller who named these scopes; at most once an hour."""
        key = (account, frozenset(scopes))
        now = self._now()
        if now < self._quiet.get(key, 0.0) <= now + use_markers.INTERVAL or self._off:
            return
        self._note(key, now + RETRY)  # a use that cannot be written is tried again then
        self._write(partial(self._line, account, key[1], now), later=self._are_late)

    def record(self, event: str, account: Account | None = None, **details: Detail) -> None:
        """Log something else: ``signed_in``, ``refreshed``, ``refresh_failed``, ``signed_out``, ``key_changed``.

        Details are names, numbers and kinds of errors. They are never the words of a provider or a person, which may
        quote a secret (R35).
        """
        if not self._off:
            now = self._now()
            entry = self._entry(event, account, details, now)
            self._write(partial(self._line_of, entry, now), later=self._are_late and event in _LATE)

    def flush(self) -> None:
        """Write what waits, and end the thread that would do it later."""
        if self._waiting is not None:
            self._waiting.close()
        if self.others is not None:
            self.others.flush()

    def _write(self, line: "Waiting", *, later: bool) -> None:
        """Write the line now, behind those that wait, or let it wait with them."""
        if later and not ended_unasked():
            self._later.add(line)
        else:
            self._write_all([*([] if self._waiting is None else self._waiting.take()), line])

    @property
    def _later(self) -> "UsesLater[Waiting]":
        if self._waiting is None:
            from tokenkit.uses_later import MAKING, UsesLater  # not for a program that asks once

            with MAKING.lock:  # two threads would make two, and `flush` would know of one
                self._waiting = self._waiting or UsesLater(self._write_all)
        return self._waiting

    def _write_all(self, waiting: "Sequence[Waiting]") -> None:
        """Write the lines under one lock of the log; no caller fails by it."""
        lines = [line for each in waiting if (line := self._asked(each)) is not None]
        try:
            if lines:
                self._writer.do(*lines)
        except (OSError, TokenKitError):
            return

    def _asked(self, line: "Waiting") -> "Write | None":
        """Return what writes the line; None where it need not be written, or cannot."""
        try:
            return line()
        except (OSError, TokenKitError):
            return None

    def _note(self, key: tuple[Account, frozenset[str]], until: float) -> None:
        """Remember that the use need not be written until then; of too many, the half that came first is forgotten."""
        if len(self._quiet) >= KNOWN and key not in self._quiet:
            self._quiet = dict(list(self._quiet.items())[KNOWN // 2 :])
        self._quiet[key] = until

    def _line_of(self, entry: Mapping[str, object], now: float) -> "Write | None":
        """Return what writes the entry; None where ``config.toml`` switches the log off."""
        if not self._is_allowed():
            return None
        self._tell(entry)
        return lambda log: log.append(entry, now)

    def _line(self, account: Account, scopes: frozenset[str], now: float) -> "Write | None":
        """Return what writes the use; None where the last one was within the hour."""
        marker = use_markers.marker_file(self.folder, account, **self._who)
        last = use_markers.last_use(marker, scopes, now)
        if last is not None:
            self._note((account, scopes), last + use_markers.INTERVAL)
        elif self._is_allowed():
            return lambda log: self._mark(log, marker, account, scopes, now)
        else:  # then the marker tells `due` that nothing is to be written, and nothing about the use
            use_markers.write_marker(marker, (), os.stat(use_markers.config_file(self._folders)).st_mtime_ns)
            self._note((account, scopes), now + use_markers.INTERVAL)
        return None

    def _mark(self, log: "OpenLog", marker: str, account: Account, scopes: frozenset[str], now: float) -> None:
        last = use_markers.last_use(marker, scopes, now)
        if last is None:  # otherwise another process was faster
            entry = self._entry("used", account, {"scopes": scopes} if scopes else {}, now)
            log.append(entry, now)
            self._tell(entry)
            earlier = use_markers.last_use(marker, frozenset(), now) if scopes else None
            use_markers.write_marker(
                marker, scopes if earlier is None else scopes | use_markers.marked_scopes(marker), int(now * 1e9)
            )
        self._note((account, scopes), (now if last is None else last) + use_markers.INTERVAL)

    def _tell(self, entry: Mapping[str, object]) -> None:
        if self.others is not None:
            self.others.tell(entry)

    @property
    def _writer(self) -> "Writer":
        if self._made is None:  # two threads may make two; their lock is one file, as for two processes
            from tokenkit.chained_log import Writer  # heavy, and not needed for a token used within the hour

            self._made = Writer(self.folder)
        return self._made

    def _is_allowed(self) -> bool:
        return not os.path.exists(use_markers.config_file(self._folders)) or self._allowed()

    def _entry(
        self, event: str, account: Account | None, details: Mapping[str, Detail], now: float
    ) -> dict[str, object]:
        entry: dict[str, object] = {"v": VERSION, "at": round(now, 3), "event": event}
        if account is not None:
            entry["account"] = str(account)
        who = {"owner": self._owner if account is None else account.owner, **self._who}
        entry.update({name: text for name, text in who.items() if text})
        entry.update({name: _bounded(value) for name, value in details.items()})
        return entry


def _bounded(value: Detail) -> object:
    if isinstance(value, int | float):
        return value
    if isinstance(value, str):
        return value[:LONGEST_TEXT]
    return sorted(item[:LONGEST_TEXT] for item in value)[:MOST_SCOPES]
