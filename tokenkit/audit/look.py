"""Whether others can change files and folders: each is looked at once, and of a folder each file by one system call."""

import os
import stat
from collections.abc import Iterator
from typing import NamedTuple

from tokenkit.audit.modes import others_write

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class Changeable(NamedTuple):
    """A file or folder that others can change: `how` in words, and `owned` where that is since another user owns it."""

    path: str
    how: str
    owned: bool = False


class Look:
    """What was looked at in one run: thousands of files, most of them in folders that are looked through as a whole."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._through: set[str] = set()
        self._real: dict[str, str] = {}
        self._ours = (os.geteuid(), 0)

    def below(self, path: str) -> Iterator[Changeable]:
        """Yield what others can change of a file, or of a folder and all that lies in it."""
        yield from self._at(path)
        folders = [path]
        while folders:
            for each, status in self._remarkable(folders.pop()):
                if stat.S_ISDIR(status.st_mode):
                    folders.append(each)
                yield from self._behind(each) if stat.S_ISLNK(status.st_mode) else self._how(each, status)

    def _remarkable(self, folder: str) -> Iterator[tuple[str, os.stat_result]]:
        """Look at all that lies in a folder, and yield folders, links, and what is not ours alone to change."""
        try:
            listed = os.scandir(folder)
        except OSError:  # it is a file, or cannot be read
            return
        self._through.add(folder)
        with listed:
            for entry in listed:
                try:
                    status = entry.stat(follow_symlinks=False)
                except OSError:  # it has just gone
                    continue
                plain = stat.S_ISREG(status.st_mode) and not status.st_mode & _OTHERS_WRITE
                if not plain or status.st_uid not in self._ours:
                    yield entry.path, status

    def at_and_above(self, path: str) -> Iterator[Changeable]:
        """Yield what others can change of a file, and of the folders above it, where they could replace the rest.

        It ends at a folder that was looked at: what lies above that was, or is, looked at for its own sake.
        """
        folder = os.path.dirname(path)
        if folder in self._through:
            return
        yield from self._at(path)
        while folder not in self._seen and folder not in self._through:
            yield from self._at(folder)
            folder = os.path.dirname(folder)

    def _at(self, path: str) -> Iterator[Changeable]:
        if path in self._seen:
            return
        self._seen.add(path)
        try:
            status = os.lstat(path)
        except OSError:
            return
        yield from self._behind(path) if stat.S_ISLNK(status.st_mode) else self._how(path, status)

    def _how(self, path: str, status: os.stat_result) -> Iterator[Changeable]:
        if others_write(status):
            yield Changeable(path, f"others may write to it (mode {stat.S_IMODE(status.st_mode):04o})")
        if status.st_uid not in self._ours:
            yield Changeable(path, f"it belongs to user {status.st_uid}", owned=True)

    def _behind(self, link: str) -> Iterator[Changeable]:
        """Look at what a link leads to, and at the folders above that."""
        try:
            folder, name = os.path.split(os.path.join(os.path.dirname(link), os.readlink(link)))
        except OSError:
            return
        if name in ("", os.curdir, os.pardir):
            folder, name = os.path.split(os.path.realpath(link))
        if folder not in self._real:
            self._real[folder] = os.path.realpath(folder)
        yield from self.at_and_above(os.path.join(self._real[folder], name))
