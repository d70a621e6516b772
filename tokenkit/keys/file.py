"""The key file: ``keys.json`` in the data folder.

R28: it lies apart from the tokens, and from the configuration, which people publish. Its member ``source`` says which
form it has (`tokenkit.keys.key_file_source`). Without one it is a plain JWK Set, the form that `load` reads for the
fast path.
"""

import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tokenkit import private_file
from tokenkit.errors import KeyUnavailable
from tokenkit.keys import jwks
from tokenkit.keys.jwks import KeyList
from tokenkit.os_errors import move_away

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

FILE = "file"
"""The value of the member ``source`` when the keys are in the file; a file without the member means the same."""

_LOCK_WAIT = 10.0  # seconds
_SEALING_WAIT = 30.0  # seconds


def path_in(folder: str) -> str:
    """Return the path of the key file in the data folder."""
    return f"{folder}{os.sep}keys.json"


def document(folder: str) -> dict[str, Any] | None:
    """Return the parsed key file, whatever its form; None only when there is none.

    Raises `FileRefused` for a file that others may read, or that is not plainly ours, and `KeyUnavailable` for one that
    is empty, torn, or no key file.
    """
    found = document_version(folder)
    return None if found is None else found[0]


def document_version(folder: str) -> tuple[dict[str, Any], private_file.Version] | None:
    """Return what `document` returns, with the version of the file that it was read from."""
    path = path_in(folder)
    found = private_file.read_version(path, private=True)
    if found is None:
        return None
    data, version = found
    return jwks.parse(data, f"the key file {path}", hint=lambda: how_to_restore(path)), version


def load(folder: str) -> KeyList | None:
    """Return the keys of a plain key file; None only when there is no file.

    Raises what `document` raises, and `KeyUnavailable` when the file has another form.
    """
    found = document(folder)
    if found is None:
        return None
    path = path_in(folder)
    source = found.get("source", FILE)
    if source != FILE:
        raise KeyUnavailable(f"{path} says that the keys are in {source!r}", hint="tokenkit key list")
    return jwks.key_list(found, f"the key file {path}", hint=lambda: how_to_restore(path))


def write(folder: str, document: Mapping[str, Any]) -> None:
    """Replace the file as a whole, durably. The caller holds `lock` since it read the file."""
    from tokenkit import durable_file  # not for a program that only reads a token

    durable_file.write(path_in(folder), json.dumps(document, indent=1).encode() + b"\n")


def lock(folder: str) -> "AbstractContextManager[None]":
    """Return the lock to hold while the key file is changed; create the folder where it is missing."""
    from tokenkit.store.file_lock import locked

    private_file.ensure_folder(folder, linked=True)
    return locked(os.path.join(folder, ".keys.lock"), wait=_LOCK_WAIT)


def sealing(folder: str, *, alone: bool) -> "AbstractContextManager[None]":
    """Return the lock that is shared by those who seal and save a record, and held alone by who drops a key (R29).

    Where the folder cannot be written to, as a secret mounted into a container, nothing is locked, and no key dropped.
    """
    from tokenkit.store.file_lock import if_writable, locked, shared

    path = os.path.join(folder, ".sealing.lock")
    return if_writable(folder, locked(path, wait=_SEALING_WAIT) if alone else shared(path, wait=_SEALING_WAIT))


def how_to_restore(path: str) -> str:
    """Return the hint for a key file that cannot be used."""
    return f"restore it from a backup; with an exported copy: {move_away(path)} && tokenkit key import FILE"
