"""The key file as a source, in whichever form it holds the keys: plain, under a passphrase, in the OS keyring."""

from collections.abc import Callable, Hashable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from tokenkit import private_file
from tokenkit.errors import KeyUnavailable, UsageError
from tokenkit.keys import file, jwks
from tokenkit.keys.jwks import KeyList
from tokenkit.keys.source import Change


class Form(Protocol):
    """How a key file holds keys. Its member ``source`` names the form."""

    def pack(self, keys: KeyList, replaced: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return the document to write in place of `replaced`. What it refers to elsewhere is stored on return."""
        ...

    def unpack(self, document: Mapping[str, Any], path: str) -> KeyList:
        """Return the keys of a document that `pack` has made. Raises `KeyUnavailable`, which names the key file."""
        ...

    def discard(self, document: Mapping[str, Any]) -> None:
        """Delete what a document refers to elsewhere, once another document has been written in its place."""
        ...


class Plain:
    """The keys themselves, as a JWK Set."""

    def pack(self, keys: KeyList, replaced: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return the JWK Set."""
        return jwks.document(keys)

    def unpack(self, document: Mapping[str, Any], path: str) -> KeyList:
        """Return the keys in it."""
        return jwks.key_list(document, f"the key file {path}", hint=lambda: file.how_to_restore(path))

    def discard(self, document: Mapping[str, Any]) -> None:
        """Do nothing: a plain key file refers to nothing elsewhere."""


class KeyFileSource:
    """The keys of a data folder. At every reading the file says which form it has, so a move needs no restart.

    `others` makes the forms other than the plain one, by the names that the file has for them. It is called only where
    one is needed.
    """

    writable = True

    def __init__(self, folder: str, others: Callable[[], Mapping[str, Form]] = dict) -> None:
        self._folder = folder
        self._path = file.path_in(folder)
        self._others = others

    def version(self) -> Hashable:
        """Return the file's version. The file is written again with every change, in every form."""
        return private_file.version(self._path)

    def load(self) -> KeyList | None:
        """Return the keys, in whichever form they are."""
        found = self.load_version()
        return None if found is None else found[0]

    def load_version(self) -> tuple[KeyList, Hashable] | None:
        """Return what `load` and `version` return, of one and the same file: it is looked for once."""
        found = file.document_version(self._folder)
        return None if found is None else (self._form(found[0]).unpack(found[0], self._path), found[1])

    def change(self, change: Change) -> KeyList:
        """Write the changed keys in the form that they have; the first keys in the plain form."""
        with file.lock(self._folder):
            document = file.document(self._folder)
            keys = self._load(document)
            changed = change(keys)
            if changed != keys:
                self._write(self._form(document or {}), changed, document)
        return changed

    def sealing(self, *, alone: bool = False) -> AbstractContextManager[None]:
        """Hold a lock beside the key file: shared by those who seal, and `alone` by the one who drops a key (R29)."""
        return file.sealing(self._folder, alone=alone)

    def move(self, to: str) -> KeyList:
        """Keep the keys in another form from now on: ``file``, ``keyring`` or ``passphrase`` (`Form`)."""
        form = self._named(to)
        if form is None:
            raise UsageError(
                f"keys cannot be moved to {to!r}", hint=f"one of: {', '.join((file.FILE, *self._others()))}"
            )
        with file.lock(self._folder):
            document = file.document(self._folder)
            keys = self._load(document)
            moved = KeyList(keys.generation + 1, keys.keys) if keys else jwks.new_key_list()
            self._write(form, moved, document)
        return moved

    def describe(self) -> str:
        """Name the key file, and its form where it is not plain."""
        document = file.document(self._folder) or {}
        source = document.get("source", file.FILE)
        return f"the key file {self._path}" + ("" if source == file.FILE else f" ({source})")

    def _load(self, document: Mapping[str, Any] | None) -> KeyList | None:
        return None if document is None else self._form(document).unpack(document, self._path)

    def _form(self, document: Mapping[str, Any]) -> Form:
        source = document.get("source", file.FILE)
        form = self._named(source)
        if form is None:
            raise KeyUnavailable(
                f"the key file {self._path} has the keys in {source!r}, which this tokenkit does not know",
                hint="use the tokenkit that wrote it, or a newer one",
            )
        return form

    def _named(self, name: object) -> Form | None:
        if name == file.FILE:
            return Plain()
        return self._others().get(name) if isinstance(name, str) else None

    def _write(self, form: Form, keys: KeyList, replaced: Mapping[str, Any] | None) -> None:
        """Store the new keys before the old ones go: a kill in between leaves at most one entry that nothing names."""
        file.write(self._folder, form.pack(keys, replaced))
        if replaced is not None:
            self._form(replaced).discard(replaced)
