"""Keys in a file: ``keys.json`` in the data folder, apart from tokens and from configuration (R28).

The file also says which source is in use when it is not the file itself (a member ``source``): then it holds no key
that is readable here, and `load` refuses.
"""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tokenkit import private_file
from tokenkit.errors import KeyUnavailable
from tokenkit.keys import jwks
from tokenkit.keys.jwks import KeyList

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

__all__ = ["FILE", "KeyList", "create", "document", "load", "lock", "path_in", "replace"]

_LOCK_WAIT = 10.0  # seconds

FILE = "file"
"""What the member ``source`` says, or means by its absence, when the keys are in the file."""


def path_in(folder: str) -> str:
    """Where the key file lies in the data folder."""
    return os.path.join(folder, "keys.json")


def document(folder: str) -> dict[str, Any] | None:
    """The parsed key file, whichever source it names; None only when there is none.

    Raises `FileRefused` for a file that others may read, or that is not plainly ours, and `KeyUnavailable` for one that
    is empty, torn or foreign.
    """
    path = path_in(folder)
    data = private_file.read(path, private=True)
    return None if data is None else jwks.parse(data, f"the key file {path}")


def load(folder: str) -> KeyList | None:
    """The keys in the file, None only when there is no file.

    Raises as `document` does, and `KeyUnavailable` when the file says that the keys are elsewhere.
    """
    found = document(folder)
    return None if found is None else in_document(found, folder)


def in_document(found: Mapping[str, Any], folder: str) -> KeyList:
    """The keys in a parsed key file. Raises `KeyUnavailable`, as `load` does."""
    path = path_in(folder)
    source = found.get("source", FILE)
    if source != FILE:
        raise KeyUnavailable(f"{path} says that the keys are in: {source!r}", hint="tokenkit key list")
    return jwks.key_list(found, f"the key file {path}")


def create(folder: str) -> KeyList:
    """Write a first key, unless there is one: of many processes at once, all return the same.

    The caller has made sure that no sealed record exists (R28): a new key opens none of the old ones.
    """
    with lock(folder):
        found = load(folder)
        if found is None:
            found = jwks.new_key_list()
            replace(folder, found)
    return found


def replace(folder: str, keys: KeyList) -> None:
    """Write the whole file, durably. For a change of what is there, hold `lock` from reading on."""
    private_file.write(path_in(folder), jwks.dump(keys))


def lock(folder: str) -> "AbstractContextManager[None]":
    """The lock under which the key file is changed; makes sure of the folder."""
    from tokenkit.store.file_lock import locked

    private_file.ensure_folder(folder)
    return locked(os.path.join(folder, ".keys.lock"), wait=_LOCK_WAIT)
