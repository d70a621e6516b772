"""A file of another tool, opened once: its text in any Unicode encoding, and the JSON object that it may be."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any, cast

from tokenkit import durable_file, private_file
from tokenkit.errors import StoreError, TokenKitError, UsageError
from tokenkit.private_file import Version
from tokenkit.shell import quoted

LIMIT = 1 << 20
"""Bytes: no tool's file of tokens is longer, and nobody waits for the wrong file."""

STDIN = "-"

Members = Mapping[str, Any]


class SourceFile:
    """A file as it was read: `path`, its `name`, the bytes, their `text` (empty for no text), and its JSON `members`.

    `title` is what people call it: the path, or ``stdin``.

    The bytes are secret, and show in no repr.
    """

    def __init__(self, path: str, data: bytes, version: Version | None) -> None:
        self.path = path
        self.title = "stdin" if path == STDIN else path
        self.name = os.path.basename(path)
        self.data = data
        self.version = version
        self.text = _text(data)
        self.members = json_object(self.text)

    def __repr__(self) -> str:
        return f"SourceFile({self.path!r})"

    def objects(self) -> Iterator[tuple[str, Members]]:
        """Yield the JSON object of the file under an empty name, and each object that is a member of it by its name."""
        yield "", self.members
        yield from ((name, mapping(value)) for name, value in self.members.items() if mapping(value))


def open_file(path: str) -> SourceFile:
    """Read the file, or stdin for ``-``.

    Raises `UsageError` for none, a symlink, a FIFO, a file of another user, one that cannot be read or is too large.
    """
    if path == STDIN:
        try:
            data = sys.stdin.buffer.read(LIMIT + 1) if sys.stdin else b""
        except OSError as error:
            raise UsageError(f"stdin cannot be read: {error.strerror}", hint="pipe in a file, or name it") from None
        if len(data) > LIMIT:
            raise UsageError(f"stdin holds more than {LIMIT} bytes", hint="pipe in the file of one sign-in")
        return SourceFile(path, data, None)
    try:
        found = private_file.read_version(path, limit=LIMIT)
    except StoreError as error:
        raise UsageError(str(error), hint=_other_way(path)) from None
    if found is None:
        raise UsageError(f"{path} does not exist", hint=_look(path))
    return SourceFile(path, *found)


def remove(file: SourceFile) -> None:
    """Delete the file, if it is still what was read; raises `TokenKitError` otherwise, and leaves it."""
    try:
        found = private_file.read_version(file.path, limit=LIMIT)
        if found != (file.data, file.version):
            raise TokenKitError(
                f"{file.path} has changed since it was read, and is left as it is: a tool still writes to it",
                hint="have that tool ask tokenkit, and import the file again",
            )
        durable_file.remove(file.path)
    except StoreError as error:
        raise TokenKitError(f"{file.path} is not removed: {error}", hint=f"rm {quoted(file.path)}") from None


def _look(path: str) -> str:
    return f"ls -l {quoted(path)}"


def _other_way(path: str) -> str:
    """Return the command for the target of a symlink, which can be named itself; else one to look at the file."""
    target = os.path.realpath(path)
    return f"tokenkit import {quoted(target)}" if os.path.islink(path) and os.path.isfile(target) else _look(path)


def _text(data: bytes) -> str:
    """Return the text, without a byte order mark: Notepad and PowerShell write one, and UTF-16."""
    try:
        text = data.decode(json.detect_encoding(data))
    except ValueError:
        return ""
    return "" if "\0" in text else text.removeprefix("\ufeff")


def json_object(text: str | bytes) -> Members:
    """Return the JSON object, an empty one where it is none. The parser's error, which holds the text, ends here."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return mapping(value)


def mapping(value: object) -> Members:
    """Return the value if it is a JSON object, else an empty one."""
    return cast(Members, value) if isinstance(value, Mapping) else {}


def mappings(value: object) -> list[Members]:
    """Return the objects in a list, or among the members of an object."""
    values = cast("list[object]", value) if isinstance(value, list) else mapping(value).values()
    return [mapping(each) for each in values if mapping(each)]
