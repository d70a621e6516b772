"""Keys wrapped by a passphrase: argon2id makes a key from it that wraps the random keys.

R28: the passphrase is never a key itself, so it can be changed without touching a record. The derived key is kept for
the life of the process, so the price is paid once: a fifth of a second and 64 MiB. It must not be paid on an event
loop.
"""

import os
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from tokenkit.errors import KeyUnavailable
from tokenkit.fork_lock import ForkLock
from tokenkit.keys import file
from tokenkit.keys.environment import credential, read_credential
from tokenkit.keys.jwks import VERSION, KeyList
from tokenkit.paths import prefix
from tokenkit.seal import KEY_SIZE, Key, b64url_decode, b64url_encode

SOURCE = "passphrase"

PARAMETERS = {"iterations": 3, "lanes": 4, "memory": 1 << 16}
"""Passes, lanes and KiB: the second recommended option of RFC 9106 section 4, for machines that cannot spare 2 GiB."""

LIMITS = {"iterations": 64, "lanes": 64, "memory": 1 << 21}
"""A key file that asks for more is refused. The memory is that of the RFC's first recommended option."""

SALT_SIZE = 16
"""Bytes; RFC 9106 section 4."""


class Derivation(NamedTuple):
    """The public part of a derived key."""

    salt: bytes
    iterations: int
    lanes: int
    memory: int


_derived: dict[Derivation, bytes] = {}
_deriving = ForkLock()


class Passphrase:
    """The form of a key file whose keys are wrapped. `ask` gives the passphrase, or raises `KeyUnavailable`."""

    def __init__(self, ask: Callable[[], str]) -> None:
        self._ask = ask

    def pack(self, keys: KeyList, replaced: Mapping[str, Any] | None) -> dict[str, Any]:
        """Wrap every key (AES key wrap, RFC 3394) as those before were wrapped; the first ones with a new salt.

        So a rotation never asks for the passphrase again, where a typing error would become the new passphrase.
        """
        before = replaced if replaced and replaced.get("source") == SOURCE else None
        derivation = (
            before["argon2id"] if before else {**PARAMETERS, "salt": b64url_encode(os.urandom(SALT_SIZE)).decode()}
        )
        with _deriving.lock:
            wrapping = self._wrapping(_read(derivation))
        wrapped = [
            {"kid": key.kid, "k": b64url_encode(aes_key_wrap(wrapping, key.secret)).decode()} for key in keys.keys
        ]
        return {
            "v": VERSION,
            "source": SOURCE,
            "generation": keys.generation,
            "argon2id": derivation,
            "wrapped": wrapped,
        }

    def unpack(self, document: Mapping[str, Any], path: str) -> KeyList:
        """Unwrap the keys. Raises `KeyUnavailable` for a wrong passphrase; the next attempt may succeed."""
        try:
            derivation = _read(document["argon2id"])
            wrapped = [(str(each["kid"]), b64url_decode(each["k"].encode())) for each in document["wrapped"]]
            generation = int(document["generation"])
            if not wrapped:
                raise ValueError("no keys")
        except (KeyError, TypeError, ValueError, AttributeError):
            raise KeyUnavailable(
                f"{path} is not what tokenkit writes for keys under a passphrase; nothing was changed",
                hint=file.how_to_restore(path),
            ) from None
        with _deriving.lock:
            wrapping = self._wrapping(derivation)
            try:
                keys = tuple(Key(kid, aes_key_unwrap(wrapping, k)) for kid, k in wrapped)
            except InvalidUnwrap:
                del _derived[derivation]
                raise KeyUnavailable(
                    f"the passphrase does not open the keys in {path}; nothing was changed",
                    hint="try again with the right one",
                ) from None
        return KeyList(generation, keys)

    def discard(self, document: Mapping[str, Any]) -> None:
        """Do nothing: wrapped keys are in the file itself."""

    def _wrapping(self, derivation: Derivation) -> bytes:
        if derivation not in _derived:
            _derived[derivation] = self._derive(derivation)
        return _derived[derivation]

    def _derive(self, derivation: Derivation) -> bytes:
        passphrase = self._ask()
        if not passphrase:
            raise KeyUnavailable("the passphrase is empty", hint="give one of several words")
        try:
            from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

            return Argon2id(
                salt=derivation.salt,
                length=KEY_SIZE,
                iterations=derivation.iterations,
                lanes=derivation.lanes,
                memory_cost=derivation.memory,
            ).derive(_typed(passphrase))
        except MemoryError:
            raise KeyUnavailable(
                f"argon2id needs {derivation.memory >> 10} MiB of memory, which this process was not given",
                hint="ulimit -v unlimited",
            ) from None
        except (ImportError, UnsupportedAlgorithm):
            raise KeyUnavailable(
                "the installed cryptography has no argon2id", hint="pip install --upgrade 'cryptography>=44'"
            ) from None


def from_environment(environ: Mapping[str, str], app: str, person: Callable[[], str] | None) -> Callable[[], str]:
    """Return what gets the passphrase: the credential ``<app>.passphrase``, ``<APP>_PASSPHRASE``, or the `person`."""
    variable = prefix(app) + "_PASSPHRASE"

    def ask() -> str:
        path = credential(environ, f"{app}.passphrase")
        passphrase = read_credential(path).rstrip("\n") if path else environ.get(variable, "")
        if not passphrase and person:
            return person()
        if not passphrase:
            raise KeyUnavailable(
                "the keys need a passphrase, and none was given",
                hint=f"read -rs {variable} && export {variable}",
            )
        return passphrase

    return ask


def _typed(passphrase: str) -> bytes:
    """Return the bytes of a passphrase, however the keyboard composes its letters (RFC 8265 section 4.2)."""
    return unicodedata.normalize("NFC", passphrase).encode(errors="surrogateescape")


def _read(members: Mapping[str, Any]) -> Derivation:
    """Read how the keys were wrapped.

    Raises KeyError, TypeError, ValueError or AttributeError for anything that we would not have written.
    """
    salt = b64url_decode(members["salt"].encode())
    numbers = {name: members[name] for name in LIMITS}
    if not all(type(number) is int and 1 <= number <= LIMITS[name] for name, number in numbers.items()):
        raise ValueError("out of bounds")
    if len(salt) < SALT_SIZE or numbers["memory"] < 8 * numbers["lanes"]:
        raise ValueError("too little")
    return Derivation(salt, **numbers)
