"""The folders, and how an account is called on disk."""

import os
import sys
from collections.abc import Mapping
from typing import NamedTuple

from tokenkit.errors import ConfigurationError, FileRefused, UsageError

LONGEST_NAME = 255 - len(".jwe") - 28
"""Bytes that an encoded name may have: file systems allow 255, and extension, lock and temporary suffixes need room."""

_PLAIN = b"abcdefghijklmnopqrstuvwxyz0123456789@._-+"
_RESERVED = frozenset(
    ("con", "prn", "aux", "nul", *(f"com{digit}" for digit in range(10)), *(f"lpt{digit}" for digit in range(10)))
)  # devices on Windows, with any extension: learn.microsoft.com/windows/win32/fileio/naming-a-file


class Folders(NamedTuple):
    """Absolute paths: sealed records, what people write, keys, and what may be lost (locks, activity)."""

    tokens: str
    config: str
    data: str
    state: str


def folders(app: str = "tokenkit", environ: Mapping[str, str] | None = None) -> Folders:
    """Where `app` keeps its things: ``~/.<app>/tokens`` (``<APP>_HOME`` moves the tokens only, R26), and the XDG ones.

    Off Linux the other three are what platformdirs says. Raises `ConfigurationError` for a relative ``<APP>_HOME``.
    """
    if environ is None:
        environ = os.environ
    home = (environ.get("HOME") or os.path.expanduser("~")).rstrip(os.sep)
    variable = prefix(app) + "_HOME"
    top = environ.get(variable) or f"{home}{os.sep}.{app}"
    if not os.path.isabs(top):
        raise ConfigurationError(
            f"{variable} is the relative path {top!r}: each working directory would have accounts of its own",
            hint=f'export {variable}="{home}{os.sep}{top}"',
        )
    return Folders(f"{top}{os.sep}tokens", *_base_folders(app, home, environ))


def prefix(app: str) -> str:
    """What the names of `app`'s environment variables begin with: ``POCKETPAW`` for ``pocketpaw``."""
    if not (app.isascii() and app.replace("-", "").replace("_", "").isalnum() and app == app.lower()):
        raise UsageError(
            f"the app name {app!r} cannot name a folder",
            hint='use lower-case letters, digits, "-" and "_": TokenKit(app="pocketpaw")',
        )
    return app.upper().replace("-", "_")


def _base_folders(app: str, home: str, environ: Mapping[str, str]) -> tuple[str, str, str]:
    if sys.platform != "linux":
        from platformdirs import PlatformDirs

        dirs = PlatformDirs(app, appauthor=False)
        return dirs.user_config_dir, dirs.user_data_dir, dirs.user_state_dir
    return (
        f"{_xdg('XDG_CONFIG_HOME', environ) or home + '/.config'}/{app}",
        f"{_xdg('XDG_DATA_HOME', environ) or home + '/.local/share'}/{app}",
        f"{_xdg('XDG_STATE_HOME', environ) or home + '/.local/state'}/{app}",
    )


def _xdg(variable: str, environ: Mapping[str, str]) -> str:
    value = environ.get(variable, "")
    return value if value.startswith("/") else ""  # the XDG specification: relative ones are to be ignored


def file_name(name: str) -> str:
    """Encode an account or owner name as one file name that every file system takes; `account_name` reverses it.

    Lower-case ASCII letters, digits and ``@ . _ - +`` stay; every other byte of the UTF-8 form becomes ``%`` and two
    lower-case hex digits, so names that differ only in case, or in Unicode normalization, stay apart on file systems
    that fold them. Raises `UsageError` for what does not fit.
    """
    try:
        raw = name.encode()
    except UnicodeEncodeError:
        raise UsageError(f"the name {name!r} is not valid Unicode", hint="use --as NAME with a plain name") from None
    encoded = name
    if raw.translate(None, _PLAIN):
        encoded = "".join(chr(byte) if byte in _PLAIN else f"%{byte:02x}" for byte in raw)
    if encoded.startswith(".") or encoded.partition(".")[0] in _RESERVED:
        encoded = f"%{raw[0]:02x}{encoded[1:]}"
    if encoded.endswith("."):
        encoded = encoded[:-1] + "%2e"
    if not 0 < len(encoded) <= LONGEST_NAME:
        what = "is empty" if not encoded else f"takes {len(encoded)} bytes as a file name, of {LONGEST_NAME} at most"
        raise UsageError(f"the name {name[:40]!r} {what}", hint="use --as NAME with a shorter name")
    return encoded


def account_name(file_name: str) -> str:
    """Decode what `file_name` made. Raises `FileRefused` for a name that it would never have made."""
    name = _decoded(file_name) if "%" in file_name else file_name
    if not name or not _is_encoding(file_name, name):
        raise FileRefused(f"{file_name!r} is not a file name that tokenkit writes", hint="move that file elsewhere")
    return name


def _decoded(file_name: str) -> str:
    parts = file_name.split("%")
    try:
        raw = parts[0].encode() + b"".join(bytes.fromhex(part[:2]) + part[2:].encode() for part in parts[1:])
        return raw.decode()
    except ValueError:
        return ""


def _is_encoding(encoded: str, name: str) -> bool:
    try:
        return file_name(name) == encoded
    except UsageError:
        return False
