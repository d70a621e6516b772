"""The markers of last use: a small file for each program and account whose time says when its use was last logged.

They lie beside the log (`tokenkit.activity`), as ``used/PROGRAM/+TOOL/@OWNER/PROVIDER/ACCOUNT``, and hold the scopes
that were asked for. So a use is logged once an hour, and to know whether it is due takes one or two calls of stat.

This module is light, so that ``tokenkit token`` can call `due`.
"""

import os
import sys
from collections.abc import Collection, Mapping

from tokenkit import private_file
from tokenkit.account import Account
from tokenkit.errors import TokenKitError
from tokenkit.paths import Folders, activity_folder, file_name, prefix

INTERVAL = 3600.0
"""Seconds after a use during which more uses of that account by that program are not written."""

_OFF = frozenset(("off", "0", "no", "false"))


def due(folders: Folders, account: Account, *, now: float, app: str, environ: Mapping[str, str]) -> bool:
    """Tell whether this program's use of `account` is to be written now. It costs one or two calls of stat.

    Where ``config.toml`` switches the log off, the marker has the time of that file: nothing is due until it changes.
    """
    if switched_off(app, environ):
        return False
    try:
        marked = os.stat(marker_file(activity_folder(folders), account, program(), ""))
        if now - INTERVAL < marked.st_mtime <= now + 1:
            return False
        return marked.st_mtime_ns != os.stat(config_file(folders)).st_mtime_ns
    except (OSError, TokenKitError):
        return True


def switched_off(app: str, environ: Mapping[str, str]) -> bool:
    """Tell whether the environment says ``TOKENKIT_ACTIVITY=off``, with the app's own prefix."""
    return environ.get(prefix(app) + "_ACTIVITY", "").strip().lower() in _OFF


def config_file(folders: Folders) -> str:
    """Return the path of the file that may switch the log off."""
    return os.path.join(folders.config, "config.toml")


def program() -> str:
    """Return the name of this process: the module of ``python -m``, or the file that was started; no arguments."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    if spec is not None:
        return plain_name(spec.name.removesuffix(".__main__"))
    started = os.path.basename(sys.argv[0]) if sys.argv else ""
    return "python" if started in ("", "-", "-c") else plain_name(started)


def plain_name(name: str) -> str:
    """Return the name of a program or tool as the log has it: letters, digits and ``. _ - +``, at most 64 of them."""
    return "".join(char if char.isascii() and (char.isalnum() or char in "._-+") else "_" for char in name[:64])


def marker_file(folder: str, account: Account, program: str, tool: str) -> str:
    """Return the path of the marker in the log's folder."""
    owner = "@" + file_name(account.owner) if account.owner else "@"
    return os.path.join(
        folder, "used", file_name(program), "+" + tool, owner, account.provider, file_name(account.name)
    )


def last_use(marker: str, scopes: frozenset[str], now: float) -> float | None:
    """Return when the use was last written; None where that is more than an hour ago, or was without these scopes."""
    try:
        at = os.stat(marker).st_mtime
    except FileNotFoundError:
        return None
    recent = now - INTERVAL < at <= now + 1
    return at if recent and (not scopes or scopes <= marked_scopes(marker)) else None


def marked_scopes(marker: str) -> frozenset[str]:
    """Return the scopes that were asked for in the hour of the marker."""
    data = private_file.read(marker) or b""
    return frozenset(data.decode(errors="replace").split())


def write_marker(marker: str, scopes: Collection[str], at_ns: int) -> None:
    """Write the marker: its scopes, and its time in nanoseconds of Unix time. Raises `OSError` where it cannot."""
    private_file.ensure_folder(os.path.dirname(marker))
    fd = private_file.open_lock(marker)
    try:
        os.ftruncate(fd, 0)
        os.write(fd, "\n".join(sorted(scopes)).encode())
    finally:
        os.close(fd)
    os.utime(marker, ns=(at_ns, at_ns))
