"""The files and folders of tokenkit as they lie on the disk, each looked at once and nothing followed."""

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from enum import Enum, auto
from functools import cached_property
from typing import NamedTuple

from tokenkit.audit.fix import STRAYS
from tokenkit.durable_file import NEW
from tokenkit.keys.file import path_in
from tokenkit.paths import SUFFIX, Folders
from tokenkit.store import Name
from tokenkit.store.layout import LOCKS, kind_of_folder, name_of, owner_of


class Role(Enum):
    """What a file is there for."""

    RECORD = auto()
    UNSEALED = auto()  # keys and client secrets
    TEMPORARY = auto()
    PART = auto()  # folders, locks, notes, the activity log
    WRITTEN = auto()  # by a person: config.toml, and what they keep beside it
    STRAY = auto()
    ASIDE = auto()  # what `--fix` has put into a folder that only its owner can enter


class Node(NamedTuple):
    """A file or folder: its path, what it is for, the record's name where it is one, and what lstat says.

    `misplaced` tells that a folder lies where a file belongs, or the other way round.
    """

    path: str
    role: Role
    name: Name | None
    status: os.stat_result
    misplaced: bool = False

    @property
    def mode(self) -> int:
        """The permission bits."""
        return stat.S_IMODE(self.status.st_mode)

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder, and no link to one."""
        return stat.S_ISDIR(self.status.st_mode)

    @property
    def is_file(self) -> bool:
        """Whether it is a plain file."""
        return stat.S_ISREG(self.status.st_mode)


_Kind = tuple[Role, Name | None]
_RoleOf = Callable[[tuple[str, ...], bool], _Kind]
"""From the parts of a path below its root, and whether a folder lies there, to what it is."""

_PART: _Kind = (Role.PART, None)
_STRAY: _Kind = (Role.STRAY, None)


class Tree:
    """Everything below the folders of one app. `unreadable` fills while it is walked: paths, and why.

    Links are followed where tokenkit follows them: to a whole folder of ours on another disk, and to what people keep
    elsewhere of their configuration.
    """

    def __init__(self, folders: Folders) -> None:
        self.folders = folders
        self.tokens = os.path.realpath(folders.tokens)
        self.unreadable: dict[str, str] = {}

    @cached_property
    def nodes(self) -> list[Node]:
        """All files and folders, those that hold them first; each once, though one folder may lie in another."""
        found: dict[str, Node] = {}
        for root, role in zip(roots(self.folders), (_in_tokens, _in_config, _in_data, _in_state), strict=True):
            start = root if _is_foreign_link(root) else os.path.realpath(root)
            for node in self._walk(start, role):
                found.setdefault(node.path, node)
        return list(found.values())

    def _walk(self, start: str, role: _RoleOf) -> Iterator[Node]:
        """Yield what lies at `start` and below, folders before what is in them, however deep they are nested."""
        ahead: list[tuple[str, tuple[str, ...]]] = [(start, ())]
        while ahead:
            path, parts = ahead.pop()
            found = self._status(path, parts, followed=role is _in_config)
            if found is None:
                continue
            path, status = found
            is_folder = stat.S_ISDIR(status.st_mode)
            wrong = _is_file(role, parts) if is_folder else parts in _FOLDERS[role] or self._had_records(role, parts)
            yield Node(path, *role(parts, is_folder), status, misplaced=wrong)
            if is_folder:
                ahead += [(os.path.join(path, entry), (*parts, entry)) for entry in reversed(self._listed(path))]

    def _had_records(self, role: _RoleOf, parts: tuple[str, ...]) -> bool:
        """Tell whether a folder of records was there: it has lock files, which are never deleted."""
        top = role is _in_tokens and 0 < len(parts) <= (2 if owner_of(parts[0]) else 1)
        return top and os.path.lexists(os.path.join(self.tokens, LOCKS, *parts))

    def _status(self, path: str, parts: tuple[str, ...], *, followed: bool) -> tuple[str, os.stat_result] | None:
        try:
            status = os.lstat(path)
            if followed and stat.S_ISLNK(status.st_mode) and os.path.exists(path):
                behind = os.stat(path)
                if stat.S_ISREG(behind.st_mode) or parts in (("clients",), ("providers",)):
                    return os.path.realpath(path), behind
        except FileNotFoundError:
            return None
        except OSError as error:
            self.unreadable[path] = error.strerror or type(error).__name__
            return None
        return path, status

    def _listed(self, folder: str) -> list[str]:
        try:
            return sorted(os.listdir(folder))
        except OSError as error:
            self.unreadable[folder] = error.strerror or type(error).__name__
            return []


def _is_foreign_link(path: str) -> bool:
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISLNK(status.st_mode) and hasattr(os, "geteuid") and status.st_uid != os.geteuid()


def roots(folders: Folders) -> tuple[str, str, str, str]:
    """Return the four folders of an app."""
    return folders.tokens, folders.config, folders.data, folders.state


def _in_tokens(parts: tuple[str, ...], is_folder: bool) -> _Kind:
    below = parts[1:] if parts and owner_of(parts[0]) else parts
    if below[:1] == (STRAYS,) and len(below) > 1:
        return (Role.ASIDE, None)
    if not below or below[0] in (LOCKS, STRAYS):
        return _PART
    if is_folder:
        return _PART if kind_of_folder(*below) else _STRAY
    *folders, file = parts
    name = name_of((*folders, file.removesuffix(NEW)))
    return _STRAY if name is None else (Role.TEMPORARY if file.endswith(NEW) else Role.RECORD, name)


def _in_data(parts: tuple[str, ...], is_folder: bool) -> _Kind:
    keys = os.path.basename(path_in(""))
    return (Role.UNSEALED, None) if parts in ((keys,), (keys + NEW,)) else _PART


def _in_config(parts: tuple[str, ...], is_folder: bool) -> _Kind:
    if parts[:1] != ("clients",):
        return (Role.WRITTEN, None)
    return _PART if is_folder else (Role.UNSEALED, None)


def _in_state(parts: tuple[str, ...], is_folder: bool) -> _Kind:
    return _PART


_FOLDERS: Mapping[_RoleOf, tuple[tuple[str, ...], ...]] = {
    _in_tokens: ((), (LOCKS,)),
    _in_config: ((), ("clients",), ("providers",)),
    _in_data: ((),),
    _in_state: ((), ("activity",), ("leases",), ("unsaved",)),
}
"""Where a folder belongs, and no file, below each root."""


def _is_file(role: _RoleOf, parts: tuple[str, ...]) -> bool:
    """Tell whether a file belongs there: a record, a lock, a note, or the keys."""
    if role is _in_tokens:
        below = parts[1:] if parts and owner_of(parts[0]) else parts
        is_lock = below[:1] == (LOCKS,) and below[-1].endswith((".refresh", ".write"))
        return is_lock or name_of(parts) is not None
    if role is _in_state and parts[:1] == ("leases",) and len(parts) > 3:
        return name_of((*parts[2:-1], parts[-1] + SUFFIX)) is not None
    return role is _in_data and parts == (os.path.basename(path_in("")),)
