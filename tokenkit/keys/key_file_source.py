"""The key file as a source, in whichever form it holds the keys: plain, under a passphrase, in the OS keyring."""

from collections.abc import Callable, Hashable, Mapping
from typing import Any, Protocol

from tokenkit import private_file
from tokenkit.errors import KeyUnavailable, UsageError
from tokenkit.keys import file, jwks
from tokenkit.keys.jwks import KeyList
from tokenkit.keys.source import Change


class Form(Protocol):
    """How a key file holds keys. Its member ``source`` names the form."""

    def pack(self, keys: KeyList, replaced: Mapping[str, Any] | None) -> dict[str, Any]:
        """The document to write in the place of `replaced`; whatever it refers to elsewhere is in place on return."""
        ...

    def unpack(self, document: Mapping[str, Any], path: str) -> KeyList:
        """The keys of a document that `pack` made. Raises `KeyUnavailable`, which names the key file at `path`."""
        ...

    def discard(self, document: Mapping[str, Any]) -> None:
        """Delete what a document refers to elsewhere, now that another one has been written in its place."""
        ...


class Plain:
    """The keys themselves, as a JWK Set."""

    def pack(self, keys: KeyList, replaced: Mapping[str, Any] | None) -> dict[str, Any]:
        """The JWK Set."""
        return jwks.document(keys)

    def unpack(self, document: Mapping[str, Any], path: str) -> KeyList:
        """The keys in it."""
        return jwks.key_list(document, f"the key file {path}", hint=lambda: file.mending(path))

    def discard(self, document: Mapping[str, Any]) -> None:
        """Nothing lies elsewhere."""


class KeyFileSource:
    """The keys of a data folder. The file says at every reading which form it has, so a move needs no restart.

    `others` makes the forms beside the plain one, by the names that the file has for them, where one is asked for.
    """

    writable = True

    def __init__(self, folder: str, others: Callable[[], Mapping[str, Form]] = dict) -> None:
        self._folder = folder
        self._path = file.path_in(folder)
        self._others = others

    def version(self) -> Hashable:
        """The file's version: it is written anew with every change, in every form."""
        return private_file.version(self._path)

    def load(self) -> KeyList | None:
        """The keys, in whichever form they are."""
        return self._load(file.document(self._folder))

    def change(self, change: Change) -> KeyList:
        """Write the changed keys in the form that they have; the first ones plainly."""
        with file.lock(self._folder):
            document = file.document(self._folder)
            keys = self._load(document)
            changed = change(keys)
            if changed != keys:
                self._write(self._form(document or {}), changed, document)
        return changed

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
        """The key file, and its form where it is not plain."""
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
        """Put the new in place before the old goes: a kill in between leaves at most one entry that nothing names."""
        file.write(self._folder, form.pack(keys, replaced))
        if replaced is not None:
            self._form(replaced).discard(replaced)
