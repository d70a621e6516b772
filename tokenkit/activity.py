"""The activity log: which program was handed which account's token, when, and what else became of the accounts.

It lies under ``<state>/activity/`` in lines of JSON (`tokenkit.chained_log`)::

    {"v":1,"at":1764000000.123,"event":"used","account":"google/me@example.com","program":"agenda","chain":"9f2c…"}

A use is written once an hour for each program, account and set of scopes, not once a call: ``used/`` holds a file for
each program and account, whose time says when. No line holds a token, an argument, a working directory or a URL. A log
that cannot be written never fails a caller.

This module is light, so that ``tokenkit token`` can ask `due`.
"""

import os
import sys
import time
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from tokenkit import private_file
from tokenkit.account import Account
from tokenkit.errors import TokenKitError
from tokenkit.paths import Folders, file_name, prefix

if TYPE_CHECKING:
    from tokenkit.chained_log import OpenLog, Writer

VERSION = 1
"""The member ``v`` of every line."""

INTERVAL = 3600.0
"""Seconds for which further uses of one account by one program are not written."""

RETRY = 60.0
"""Seconds after which a log that could not be written is tried again."""

LONGEST_TEXT = 200
MOST_SCOPES = 40

Detail = str | float | Collection[str]

_OFF = frozenset(("off", "0", "no", "false"))


class Activity:
    """Writes the log of one owner's kit into `folder`. `tool` is what the embedding program calls its part that asks.

    `allowed` says whether ``config.toml`` lets the log be written; it is asked only where there is such a file, and
    when a line is to be written. Safe from any thread and process. Its methods raise nothing.
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
    ) -> None:
        self.folder = folder(folders)
        self._folders = folders
        self._owner = owner
        self._who = {"program": program(), "tool": plain_name(tool)}
        self._app = app
        self._environ = os.environ if environ is None else environ
        self._allowed = allowed
        self._now = now
        self._made: Writer | None = None
        self._quiet: dict[tuple[Account, frozenset[str]], float] = {}

    @property
    def _off(self) -> bool:
        return switched_off(self._app, self._environ)

    def used(self, account: Account, scopes: Collection[str] = ()) -> None:
        """A token of `account` goes to a caller who named these scopes. Within the hour, a look at memory only."""
        if self._off:
            return
        key = (account, frozenset(scopes))
        now = self._now()
        if now < self._quiet.get(key, 0.0) <= now + INTERVAL:
            return
        self._quiet[key] = now + RETRY
        try:
            self._use(account, key[1], now)
        except (OSError, TokenKitError):
            return  # tried again after RETRY: nobody's token waits for a log

    def record(self, event: str, account: Account | None = None, **details: Detail) -> None:
        """Something else happened: ``signed_in``, ``refreshed``, ``refresh_failed``, ``signed_out``, ``key_changed``.

        Details are names, numbers and kinds of errors; never what a provider or a person wrote (R35).
        """
        try:
            if not self._off and self._is_allowed():
                now = self._now()
                entry = self._entry(event, account, details, now)
                self._writer.do(lambda log: log.append(entry, now))
        except (OSError, TokenKitError):
            return  # as in `used`

    def _use(self, account: Account, scopes: frozenset[str], now: float) -> None:
        """Write the use, unless it was within the hour."""
        marker = _marker(self.folder, account, **self._who)
        last = _last_use(marker, scopes, now)
        if last is not None:
            self._quiet[account, scopes] = last + INTERVAL
        elif self._is_allowed():
            self._writer.do(lambda log: self._mark(log, marker, account, scopes, now))
        else:  # the marker then tells `due` so, and nothing about the use
            _write_marker(marker, (), os.stat(_config_file(self._folders)).st_mtime_ns)
            self._quiet[account, scopes] = now + INTERVAL

    def _mark(self, log: "OpenLog", marker: str, account: Account, scopes: frozenset[str], now: float) -> None:
        last = _last_use(marker, scopes, now)
        if last is None:  # else another process was faster
            details = {"scopes": scopes} if scopes else {}
            log.append(self._entry("used", account, details, now), now)
            earlier = _last_use(marker, frozenset(), now) if scopes else None
            _write_marker(marker, scopes if earlier is None else scopes | _marked_scopes(marker), int(now * 1e9))
        self._quiet[account, scopes] = (now if last is None else last) + INTERVAL

    @property
    def _writer(self) -> "Writer":
        if self._made is None:  # two threads may make two: they exclude each other as two processes do
            from tokenkit.chained_log import Writer  # heavy, and a token that was used within the hour needs none

            self._made = Writer(self.folder)
        return self._made

    def _is_allowed(self) -> bool:
        return not os.path.exists(_config_file(self._folders)) or self._allowed()

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


def folder(folders: Folders) -> str:
    """Where the log lies."""
    return os.path.join(folders.state, "activity")


def switched_off(app: str, environ: Mapping[str, str]) -> bool:
    """Whether the environment says ``TOKENKIT_ACTIVITY=off``, with the app's own prefix."""
    return environ.get(prefix(app) + "_ACTIVITY", "").strip().lower() in _OFF


def due(folders: Folders, account: Account, *, now: float, app: str, environ: Mapping[str, str]) -> bool:
    """Whether this program's use of `account` is to be written now, by one stat or two.

    Where ``config.toml`` switches the log off, the marker has that file's time: nothing is due until it changes.
    """
    if switched_off(app, environ):
        return False
    try:
        marked = os.stat(_marker(folder(folders), account, program(), ""))
        if now - INTERVAL < marked.st_mtime <= now + 1:
            return False
        return marked.st_mtime_ns != os.stat(_config_file(folders)).st_mtime_ns
    except (OSError, TokenKitError):
        return True


def program() -> str:
    """What this process is called: the module of ``python -m``, or the file that was started; never its arguments."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    if spec is not None:
        return plain_name(spec.name.removesuffix(".__main__"))
    started = os.path.basename(sys.argv[0]) if sys.argv else ""
    return "python" if started in ("", "-", "-c") else plain_name(started)


def plain_name(name: str) -> str:
    """The name of a program or tool as the log has it: letters, digits and ``. _ - +``, 64 of them at most."""
    return "".join(char if char.isascii() and (char.isalnum() or char in "._-+") else "_" for char in name[:64])


def _config_file(folders: Folders) -> str:
    return os.path.join(folders.config, "config.toml")


def _marker(folder: str, account: Account, program: str, tool: str) -> str:
    owner = "@" + file_name(account.owner) if account.owner else "@"
    return os.path.join(
        folder, "used", file_name(program), "+" + tool, owner, account.provider, file_name(account.name)
    )


def _last_use(marker: str, scopes: frozenset[str], now: float) -> float | None:
    """When the use was last written; None where that is not within the hour, or was without these scopes."""
    try:
        at = os.stat(marker).st_mtime
    except FileNotFoundError:
        return None
    recent = now - INTERVAL < at <= now + 1
    return at if recent and (not scopes or scopes <= _marked_scopes(marker)) else None


def _marked_scopes(marker: str) -> frozenset[str]:
    data = private_file.read(marker) or b""
    return frozenset(data.decode(errors="replace").split())


def _write_marker(marker: str, scopes: Collection[str], at_ns: int) -> None:
    private_file.ensure_folder(os.path.dirname(marker))
    fd = private_file.open_lock(marker)
    try:
        os.ftruncate(fd, 0)
        os.write(fd, "\n".join(sorted(scopes)).encode())
    finally:
        os.close(fd)
    os.utime(marker, ns=(at_ns, at_ns))


def _bounded(value: Detail) -> object:
    if isinstance(value, int | float):
        return value
    if isinstance(value, str):
        return value[:LONGEST_TEXT]
    return sorted(item[:LONGEST_TEXT] for item in value)[:MOST_SCOPES]
