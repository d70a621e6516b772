"""Keys that the environment gives: a variable, or a credential of the service manager.

We cannot write there, so a rotation prints the new value (R29). ``<APP>_KEY`` holds a JWK Set, as `tokenkit key export`
writes it, or one key: 32 bytes in base64url. A service gets the same as the credential ``<app>.key``
(``LoadCredentialEncrypted=`` in systemd.exec(5)). A credential is better than a variable: neither `ps` nor a child
process sees it.
"""

import os
from collections.abc import Hashable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import NoReturn

from tokenkit import private_file
from tokenkit.errors import KeyUnavailable, UsageError
from tokenkit.keys import jwks
from tokenkit.keys.jwks import KeyList
from tokenkit.keys.source import Change
from tokenkit.os_errors import unavailable
from tokenkit.paths import prefix
from tokenkit.seal import Key, b64url_decode
from tokenkit.shell import our_program, quoted

LIMIT = 1 << 16
"""Bytes that a credential may have at most."""


class EnvironmentSource:
    """One text, given from outside: a variable's value, or a file that the service manager made."""

    writable = False

    def __init__(self, text: str, where: str, path: str = "", app: str = "tokenkit") -> None:
        self._text = text
        self._where = where
        self._path = path
        self._app = app

    def version(self) -> Hashable:
        """Return the credential's version. A variable has one value for as long as the process lives."""
        return private_file.version(self._path) if self._path else self._where

    def load(self) -> KeyList | None:
        """Return the keys. Raises `KeyUnavailable` for a text that holds none: it never counts as absent."""
        text = (read_credential(self._path) if self._path else self._text).strip()
        if text.startswith("{"):
            return jwks.load(text.encode(), self._where, hint=self._hint)
        try:
            secret = b64url_decode(text.encode())
        except ValueError:
            secret = b""
        if len(secret) != 32:
            raise KeyUnavailable(
                f"{self._where} is neither a JWK Set nor 32 bytes in base64url without padding", hint=self._hint()
            )
        return KeyList(1, (Key(_kid(secret), secret),))

    def change(self, change: Change) -> NoReturn:
        """Refuse with `UsageError`: only the person who has set the value can change it."""
        raise UsageError(
            f"the keys come from {self._where}, which tokenkit cannot change",
            hint=self._put(f"{self._program} key rotate"),
        )

    def sealing(self, *, alone: bool = False) -> AbstractContextManager[None]:
        """Hold nothing: no key is ever dropped here."""
        return nullcontext()

    def describe(self) -> str:
        """Name the variable or the credential."""
        return self._where

    @property
    def _program(self) -> str:
        return our_program(self._app)

    def _hint(self) -> str:
        """Say how to get a good value: the command runs without this one, with which it would fail, too."""
        variable = "CREDENTIALS_DIRECTORY" if self._path else prefix(self._app) + "_KEY"
        return self._put(f"env -u {variable} {self._program} key export")

    def _put(self, command: str) -> str:
        return f"put the output of `{command}` into {self._where}, and restart"


def from_environment(environ: Mapping[str, str], app: str) -> EnvironmentSource | None:
    """Return the source that the environment gives, or None. A variable that is set but empty counts as not set."""
    path = credential(environ, f"{app}.key")
    if path:
        return EnvironmentSource("", f"the credential {path}", path, app)
    variable = prefix(app) + "_KEY"
    text = environ.get(variable, "")
    return EnvironmentSource(text, f"the variable {variable}", app=app) if text else None


def holds_keys(text: str) -> bool:
    """Return whether a variable's value is a key, or a list of keys, that an app could seal with."""
    try:
        return EnvironmentSource(text, "a variable").load() is not None
    except KeyUnavailable:
        return False


def credential(environ: Mapping[str, str], name: str) -> str:
    """Return the path of a credential that the service manager has made for us; empty where there is none."""
    folder = environ.get("CREDENTIALS_DIRECTORY", "")
    if not folder:
        return ""
    path = os.path.join(folder, name)
    return path if os.path.lexists(path) else ""


def read_credential(path: str) -> str:
    """Read a credential as text. R26 does not apply: the service manager has chosen its owner and mode."""
    try:
        with open(path, "rb") as file:
            data = file.read(LIMIT)
    except OSError as error:
        raise unavailable(path, error) from None
    with suppress(UnicodeDecodeError):
        return data.decode()
    raise KeyUnavailable(f"{path} is not text in UTF-8", hint=f"file {quoted(path)}")  # the decoder's error holds keys


def _kid(secret: bytes) -> str:
    """Make the kid of a bare key from the key, by a hash: it must be the same at every start."""
    import hmac

    return hmac.new(secret, b"tokenkit kid", "sha256").hexdigest()[:16]
