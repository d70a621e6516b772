"""TOML files that people write: regular files of a bounded size, read without waiting for anybody.

A symlink is followed, since people keep their configuration elsewhere and link to it.
"""

import os
import stat
import tomllib
from typing import Any

from tokenkit.errors import ConfigurationError
from tokenkit.os_errors import move_away
from tokenkit.parsing import parse
from tokenkit.shell import quoted

LIMIT = 1 << 20
"""Bytes that such a file may have."""

_NOT_UTF8 = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


def read_toml_file(path: str) -> dict[str, Any] | None:
    """Return the tables of the file, None where there is none.

    Raises `ConfigurationError` as `read_file` and `parse_toml` do.
    """
    data = read_file(path)
    return None if data is None else parse_toml(path, data)


def read_file(path: str) -> bytes | None:
    """Return what the file holds, None where there is none.

    Raises `ConfigurationError` for a link that leads nowhere, as to a disk that is not mounted: what it leads to is not
    known to say nothing. Also for a FIFO, device or folder, and for more than `LIMIT` bytes.
    """
    try:
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except FileNotFoundError:
        if os.path.islink(path):
            hint = f"put the file back where it leads, or rm {quoted(path)}"
            raise ConfigurationError(f"{path} is a link that leads nowhere", hint=hint) from None
        return None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}", hint=f"ls -l {quoted(path)}") from None
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise ConfigurationError(f"{path} is not a regular file", hint=move_away(path))
        with open(fd, "rb", closefd=False) as file:
            data = file.read(LIMIT + 1)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}", hint=f"ls -l {quoted(path)}") from None
    finally:
        os.close(fd)
    if len(data) > LIMIT:
        raise ConfigurationError(f"{path} has more than {LIMIT} bytes", hint=move_away(path))
    return data


def parse_toml(path: str, data: bytes) -> dict[str, Any]:
    """Return the tables in `data`, a byte order mark passed over; raise `ConfigurationError` with the line at fault."""
    encoding = _NOT_UTF8.get(data[:2])
    if encoding:
        raise ConfigurationError(f"{path} is written in {encoding}", hint=f"save {quoted(path)} as UTF-8")
    hint = f"correct that line in {quoted(path)}"
    return parse(
        lambda: tomllib.loads(data.decode("utf-8-sig")),
        lambda failure: ConfigurationError(f"{path} is not TOML: {failure}", hint=hint),
    )
