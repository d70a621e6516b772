"""What a store keeps beside the records of an owner: notes, folders, rows of deleted records."""

import os
from collections.abc import Callable
from contextlib import suppress
from typing import cast

from tokenkit.store import Store
from tokenkit.store.files import FileStore
from tokenkit.store.layout import owner_folder


def forget_owner(store: Store, owner: str) -> None:
    """Remove what names the owner or their accounts, once their records are deleted.

    The lock files of a store of files stay: who waits for one that is removed would have it beside somebody else (R6).
    """
    own = cast("Callable[[str], None] | None", getattr(store, "forget_owner", None))
    if own is not None:
        own(owner)
    elif isinstance(store, FileStore) and owner:
        _remove(os.path.join(store.notes, owner_folder(owner)), files=True)
        _remove(os.path.join(store.tokens, owner_folder(owner)), files=False)


def _remove(folder: str, *, files: bool) -> None:
    """Remove the folders below that are empty, and the `files` in them if told so."""
    for path, _, names in os.walk(folder, topdown=False):
        for name in names if files else ():
            with suppress(OSError):
                os.unlink(os.path.join(path, name))
        with suppress(OSError):
            os.rmdir(path)
