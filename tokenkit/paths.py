"""The folders, and how an account is called on disk."""

import os
import stat
import sys
from collections.abc import Mapping
from typing import NamedTuple

from tokenkit.errors import ConfigurationError, FileRefused, UsageError

SUFFIX = ".jwe"
"""How the files of sealed records end."""

LONGEST_NAME = 255 - len(SUFFIX) - 28
"""Bytes that an encoded name may have: file systems allow 255, and extension, lock and temporary suffixes need room."""

_LONGEST_CONFIG = 1 << 20
"""Bytes of a ``config.toml`` that are looked at: `tokenkit.toml_file` reads no longer one."""

_NO_WAIT = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
"""For a file of the person's own: opening a FIFO would wait for somebody to write to it."""

_PLAIN = b"abcdefghijklmnopqrstuvwxyz0123456789@._-+"
_RESERVED = frozenset(
    ("con", "prn", "aux", "nul", *(f"com{digit}" for digit in range(10)), *(f"lpt{digit}" for digit in range(10)))
)  # devices on Windows, with any extension: learn.microsoft.com/windows/win32/fileio/naming-a-file


class Folders(NamedTuple):
    """Absolute paths: of sealed records, of what people write, of keys, and of what may be lost (locks, activity)."""

    tokens: str
    config: str
    data: str
    state: str


def folders(app: str = "tokenkit", environ: Mapping[str, str] | None = None) -> Folders:
    """Return where `app` keeps its things: ``~/.<app>/tokens`` and the folders of the XDG specification.

    R26: tokens, keys and configuration lie apart, and ``<APP>_HOME`` moves the tokens only. On other systems than Linux
    the last three are what platformdirs says. Where the user has no home folder (a container with any user id), they
    lie beside the tokens under ``<APP>_HOME``; so does the state where only its own folder cannot be written. Raises
    `ConfigurationError` for a relative ``<APP>_HOME``, where there is neither a home nor that variable, and for root in
    the home of the user who called sudo.
    """
    if environ is None:
        environ = os.environ
    variable = prefix(app) + "_HOME"
    home = (environ.get("HOME") or os.path.expanduser("~")).rstrip(os.sep)
    top = environ.get(variable, "")
    if top and not os.path.isabs(top):
        below = _below_home(top) or f".{app}"
        raise ConfigurationError(
            f"{variable} is the relative path {top!r}: each working directory would have accounts of its own",
            hint=f'export {variable}="{home if os.path.isabs(home or os.sep) else "/srv"}{os.sep}{below}"',
        )
    has_home = _is_home(home)
    if not has_home and not top:
        raise ConfigurationError(
            f"this user has no home folder (HOME is {environ.get('HOME') or 'not set'}), so nothing can be kept",
            hint=f"export HOME=/a/folder/that/stays, or: export {variable}=/a/folder/that/stays",
        )
    _refuse_sudo(home, variable, environ)
    top = top or f"{home}{os.sep}.{app}"
    config, data, state = _base_folders(app, home, environ) if has_home else _beside(top, app, environ)
    beside = not _can_be_made(state) and _can_be_made(top)  # else nothing can be written, and what was is there
    return Folders(f"{top}{os.sep}tokens", config, data, f"{top}{os.sep}state" if beside else state)


def activity_folder(folders: Folders) -> str:
    """Return the folder of the activity log."""
    return os.path.join(folders.state, "activity")


def may_name_a_store(config_folder: str) -> bool:
    """Tell whether the ``config.toml`` there may name a store other than files; only then it must be understood."""
    try:
        fd = os.open(os.path.join(config_folder, "config.toml"), os.O_RDONLY | _NO_WAIT)
    except OSError:  # what needs the file says what is wrong with it
        return False
    try:
        status = os.fstat(fd)
        text = os.read(fd, min(status.st_size, _LONGEST_CONFIG)) if stat.S_ISREG(status.st_mode) else b""
    except OSError:
        return False
    finally:
        os.close(fd)
    return b"store" in text or b"postgres" in text or b"\\u" in text


def prefix(app: str) -> str:
    """Return what the names of `app`'s environment variables begin with: ``POCKETPAW`` for ``pocketpaw``."""
    if not (app.isascii() and app.replace("-", "").replace("_", "").isalnum() and app == app.lower()):
        raise UsageError(
            f"the app name {app!r} cannot name a folder",
            hint='use lower-case letters, digits, "-" and "_": TokenKit(app="pocketpaw")',
        )
    return app.upper().replace("-", "_")


def _is_home(home: str) -> bool:
    """Tell whether that is a home: a folder, or one that can be made; ``/`` only for those who may write there."""
    return os.path.isabs(home or os.sep) and ((home != "" and os.path.isdir(home)) or _can_be_made(home or os.sep))


def _below_home(path: str) -> str:
    """Return a relative path without the name of the home that no shell has put in: in quotes, in a unit, in .env."""
    for name in ("~", "$HOME", "${HOME}"):
        if path == name or path.startswith(name + os.sep):
            return path[len(name) :].lstrip(os.sep)
    return path


def _can_be_made(path: str) -> bool:
    """Tell whether we may write in that folder, or, where there is none, in the first one above it that there is."""
    if os.access(f"{path}{os.sep}.", os.W_OK):  # one question, where it is there and a folder
        return True
    while not os.path.lexists(path):
        path = os.path.dirname(path)
    return os.path.isdir(path) and os.access(path, os.W_OK)


def _refuse_sudo(home: str, variable: str, environ: Mapping[str, str]) -> None:
    """Refuse the home of the user who called sudo: what root made there, that user could not open any more."""
    if not environ.get("SUDO_UID") or environ.get(variable) or os.name != "posix" or os.geteuid() != 0:
        return
    try:
        owner = os.stat(home or os.sep).st_uid
    except OSError:
        return
    if owner != 0:
        raise ConfigurationError(
            f"root was called by sudo with the home of another user, {home}: what it makes there would be root's",
            hint="run it without sudo; for accounts of root's own: sudo -H tokenkit",
        )


def _beside(top: str, app: str, environ: Mapping[str, str]) -> tuple[str, str, str]:
    """Return the folders for a user who has no home, where no variable names another."""
    places = (("XDG_CONFIG_HOME", "config"), ("XDG_DATA_HOME", "data"), ("XDG_STATE_HOME", "state"))
    config, data, state = (
        f"{given}{os.sep}{app}" if (given := _xdg(variable, environ)) else f"{top}{os.sep}{name}"
        for variable, name in places
    )
    return config, data, state


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
    return value if value.startswith("/") else ""  # the XDG specification says to ignore relative paths


def file_name(name: str) -> str:
    """Encode an account or owner name as one file name that every file system takes; `account_name` reverses it.

    Lower-case ASCII letters, digits and ``@ . _ - +`` stay. Every other byte of the UTF-8 form becomes ``%`` and two
    lower-case hex digits. So two names that differ only in case, or in Unicode normalization, stay apart on every file
    system. Raises `UsageError` for a name that is too long.
    """
    if _stands_for_itself(name):
        return name
    try:
        raw = name.encode()
    except UnicodeEncodeError:
        raise UsageError(f"the name {name!r} is not valid Unicode", hint="use --as NAME with a plain name") from None
    encoded = "".join(chr(byte) if byte in _PLAIN else f"%{byte:02x}" for byte in raw)
    if encoded.startswith(".") or encoded.partition(".")[0] in _RESERVED:
        encoded = f"%{raw[0]:02x}{encoded[1:]}"
    if encoded.endswith("."):
        encoded = encoded[:-1] + "%2e"
    if not 0 < len(encoded) <= LONGEST_NAME:
        what = "is empty" if not encoded else f"takes {len(encoded)} bytes as a file name, of {LONGEST_NAME} at most"
        raise UsageError(f"the name {name[:40]!r} {what}", hint="use --as NAME with a shorter name")
    return encoded


def _stands_for_itself(name: str) -> bool:
    """Tell whether the encoded name is the name, as it is of most accounts."""
    return (
        name.isascii()
        and not name.encode().translate(None, _PLAIN)
        and name[:1] != "."
        and name[-1:] != "."
        and name.partition(".")[0] not in _RESERVED
        and 0 < len(name) <= LONGEST_NAME
    )


def grant_file(provider: str, account: str) -> str:
    """Return where a grant of the nameless owner lies below the tokens folder. Raises `UsageError` as `file_name`."""
    return f"{provider}{os.sep}{file_name(account)}{SUFFIX}"


def account_name(file_name: str) -> str:
    """Decode what `file_name` has made. Raises `FileRefused` for a name that it never makes."""
    if _stands_for_itself(file_name):
        return file_name
    name = _decoded(file_name)
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
