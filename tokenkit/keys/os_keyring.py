"""Keys in the keyring of the operating system (the extra ``keyring``): the key file names the entry that holds them.

The keyring may be missing (containers, SSH, WSL) or locked, or may wait for a person, so every call has a time-out.
Windows allows 2,560 bytes an entry, so only keys are stored there, never tokens. Each change writes a new entry, then
the key file that names it, and then deletes the old entry: a kill in between loses nothing.
"""

import os
import threading
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Protocol, TypeVar

from tokenkit.errors import KeyUnavailable
from tokenkit.keys import jwks
from tokenkit.keys.jwks import VERSION, KeyList
from tokenkit.shell import extra_command

SOURCE = "keyring"

WAIT = 5.0
"""Seconds after which the keyring counts as unavailable."""

_T = TypeVar("_T")


class _Backend(Protocol):
    """What we use of ``keyring.backend.KeyringBackend``, so that type checkers do not need the extra."""

    def get_password(self, service: str, username: str) -> str | None: ...
    def set_password(self, service: str, username: str, password: str) -> None: ...
    def delete_password(self, service: str, username: str) -> None: ...


class OsKeyringForm:
    """The form of a key file whose keys are in the OS keyring, under the service name `app`."""

    def __init__(self, app: str, *, wait: float = WAIT) -> None:
        self._app = app
        self._wait = wait

    def pack(self, keys: KeyList, replaced: Mapping[str, Any] | None) -> dict[str, Any]:
        """Write the keys to a new entry, and read it back: some backends lose what they are given."""
        entry = os.urandom(8).hex()
        text = jwks.dump(keys).decode()
        self._call("write", lambda backend: backend.set_password(self._app, entry, text))
        if self._call("read", lambda backend: backend.get_password(self._app, entry)) != text:
            raise KeyUnavailable(
                "the keyring of this system does not keep what it is given", hint="tokenkit key move --to file"
            )
        return {"v": VERSION, "source": SOURCE, "generation": keys.generation, "entry": entry}

    def unpack(self, document: Mapping[str, Any], path: str) -> KeyList:
        """Return the keys in the entry that the document names."""
        entry = str(document.get("entry", ""))
        text = self._call("read", lambda backend: backend.get_password(self._app, entry))
        hint = "unlock or restore the keyring that holds it; with an exported copy: tokenkit key import FILE"
        if text is None:
            raise KeyUnavailable(
                f"{path} says that the keys are in the keyring, which has no entry {entry!r} of {self._app!r}; "
                "nothing was changed",
                hint=hint,
            )
        return jwks.load(text.encode(), f"the keyring's entry {entry!r} of {self._app!r}", hint=lambda: hint)

    def discard(self, document: Mapping[str, Any]) -> None:
        """Delete the entry that the document names. One that cannot be deleted now stays."""
        try:
            self._call("delete", lambda backend: backend.delete_password(self._app, str(document.get("entry", ""))))
        except KeyUnavailable:
            return

    def _call(self, verb: str, work: Callable[[_Backend], _T]) -> _T:
        """Call the backend in a thread that may be left behind: a keyring may wait minutes for a person."""
        results: list[_T] = []
        failures: list[BaseException] = []

        def run() -> None:
            try:
                results.append(work(import_module("keyring").get_keyring()))
            except BaseException as error:  # noqa: BLE001 - a stranger's backend may raise anything; reported below
                failures.append(error)

        thread = threading.Thread(target=run, name="tokenkit-keyring", daemon=True)
        thread.start()
        thread.join(self._wait)
        if results:
            return results[0]
        raise _unavailable(verb, failures[0] if failures else None, self._wait)


def _unavailable(verb: str, failure: BaseException | None, wait: float) -> KeyUnavailable:
    kinds = {kind.__name__ for kind in type(failure).__mro__}
    if failure is None:
        what, hint = f"did not answer within {wait:g} s: it may be locked", "unlock it, and try again"
    elif isinstance(failure, ImportError):
        what, hint = "needs the extra `keyring`", extra_command("keyring")
    elif "KeyringLocked" in kinds:
        what, hint = "is locked", "unlock it, and try again"
    elif "NoKeyringError" in kinds:
        what, hint = "is missing: no keyring service runs in this session", "start one, or log in to the desktop"
    else:
        what, hint = f"failed ({type(failure).__name__})", "keyring diagnose"
    return KeyUnavailable(f"cannot {verb} the keys: the keyring of this system {what}; nothing was changed", hint=hint)
