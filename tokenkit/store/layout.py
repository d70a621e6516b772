"""Where a record lies among the files of the tokens folder, and which record a file is.

::

    google/me@example.com.jwe          a grant of the nameless owner
    @alice/google/me@example.com.jwe   a grant of alice's
    .unsaved/google/me@example.com.jwe a grant that waits until its record can be written
    .pending/4f1c….jwe                 other kinds
    .locks/…                           see `tokenkit.store.files`
"""

import os
from collections.abc import Sequence
from functools import lru_cache

from tokenkit.account import is_provider_name
from tokenkit.errors import FileRefused, UsageError
from tokenkit.paths import SUFFIX, account_name, file_name
from tokenkit.store import KINDS, Name

LOCKS = ".locks"
"""The folder of the lock files."""

OF_ACCOUNTS = ("grant", "unsaved")
"""The kinds whose ids are accounts: a folder for each provider, and locks for each account."""


def owner_folder(owner: str) -> str:
    """Return the folder of an owner's records; empty for the nameless owner, whose records lie at the top."""
    return "@" + file_name(owner) if owner else ""


def owner_of(folder: str) -> str | None:
    """Return the owner whose folder has that name; None where it is none of ours."""
    return _written_name(folder[1:]) if folder.startswith("@") else None


@lru_cache(maxsize=1024)
def relative(name: Name) -> str:
    """Return the path of a record below the tokens folder, without `SUFFIX`; a bare provider's is its folder.

    Raises `UsageError` for a kind, a provider or a name that there cannot be.
    """
    if name.kind not in OF_ACCOUNTS:
        return _folder(name.kind, name.owner) + file_name(name.id)
    provider, _, account = name.id.partition("/")
    folder = _folder(name.kind, name.owner, provider)
    return f"{folder}{os.sep}{file_name(account)}" if account else folder


@lru_cache(maxsize=1024)
def _folder(kind: str, owner: str, provider: str | None = None) -> str:
    """Return the path of the folder that has the records of a kind, with a separator; or of those of one provider."""
    if kind not in KINDS:
        raise UsageError(f"there is no kind of record called {kind!r}")
    base = f"{owner_folder(owner)}{os.sep}" if owner else ""
    if kind != "grant":
        base = f"{base}.{kind}{os.sep}"
    if provider is None:
        return base
    if not is_provider_name(provider):
        raise UsageError(f"{provider!r} cannot be a provider's name", hint="use lower-case letters, digits, _ . -")
    return base + provider


def kind_of_folder(folder: str, *inner: str) -> str | None:
    """Return the kind of the records in a folder of an owner's, or below it; None where tokenkit makes no such folder.

    `inner` are the folders within it: one, a provider's, may lie among those that could not be saved in their place.
    """
    if is_provider_name(folder):
        return None if inner else "grant"
    kind = folder.removeprefix(".")
    if not folder.startswith(".") or kind not in KINDS or kind == "grant":
        return None
    ours = not inner or (kind == "unsaved" and len(inner) == 1 and is_provider_name(inner[0]))
    return kind if ours else None


def id_of_file(file: str) -> str | None:
    """Return what a record's file name, with its `SUFFIX`, stands for; None where tokenkit writes no such name."""
    return _written_name(file.removesuffix(SUFFIX)) if file.endswith(SUFFIX) else None


def name_of(parts: Sequence[str]) -> Name | None:
    """Return the record that lies at these parts of a path below the tokens folder; None where it is none."""
    owner = owner_of(parts[0]) if parts and parts[0].startswith("@") else ""
    rest = parts[1:] if owner else parts
    *folders, file = rest or ("",)
    kind = kind_of_folder(*folders) if folders and owner is not None else None
    id = id_of_file(file) if kind else None
    if kind is None or id is None or (kind == "unsaved" and len(folders) == 1):
        return None
    return Name(kind, owner or "", f"{folders[-1]}/{id}" if kind in OF_ACCOUNTS else id)


def _written_name(stem: str) -> str | None:
    try:
        return account_name(stem)
    except FileRefused:
        return None
