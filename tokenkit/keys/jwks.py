"""A list of keys, and how it is written: a JWK Set (RFC 7517) of symmetric keys (RFC 7518 section 6.4)."""

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tokenkit.errors import KeyUnavailable
from tokenkit.seal import Key, b64url_decode, b64url_encode, new_key

VERSION = 1
"""The member ``v`` of what we write."""

Hint = Callable[[], str]
"""Returns the hint for keys that cannot be used. It is a function, so that only an error pays for the words."""


class KeyList(NamedTuple):
    """The keys in use: the first one seals, all of them open. `generation` grows with every change.

    R29: a writer compares it, so that it seals with the key that is first now.
    """

    generation: int
    keys: tuple[Key, ...]

    @property
    def first(self) -> Key:
        """The key that seals."""
        return self.keys[0]

    @property
    def by_kid(self) -> dict[str, Key]:
        """All of them, by key id."""
        return {key.kid: key for key in self.keys}


def new_key_list() -> KeyList:
    """Make a first generation with one random key."""
    return KeyList(1, (new_key(),))


def document(keys: KeyList) -> dict[str, Any]:
    """Return a key list as a JWK Set, which is a secret."""
    members = [
        {"kty": "oct", "kid": key.kid, "alg": "A256KW", "k": b64url_encode(key.secret).decode()} for key in keys.keys
    ]
    return {"v": VERSION, "generation": keys.generation, "keys": members}


def dump(keys: KeyList) -> bytes:
    """Return the same as bytes, on one line."""
    return json.dumps(document(keys), separators=(",", ":")).encode()


def load(data: bytes, where: str, *, hint: Hint) -> KeyList:
    """Read what `dump` has written. Raises `KeyUnavailable`, which names `where` it is from and what is wrong there."""
    return key_list(parse(data, where, hint=hint), where, hint=hint)


def parse(data: bytes, where: str, *, hint: Hint) -> dict[str, Any]:
    """Return the JSON object in `data`. Raises `KeyUnavailable` for anything else, or an unknown version.

    Any encoding of Unicode is read, and a byte order mark passed over: PowerShell and Notepad write a backup so.
    """
    try:
        found: dict[str, Any] | None = json.loads(data)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise _unusable(where, "is not a JWK Set in JSON" if data else "is empty", hint)
    version = found.get("v", VERSION)
    if version != VERSION:
        raise KeyUnavailable(
            f"{where} has version {version!r}, and this tokenkit knows {VERSION}",
            hint="use the tokenkit that wrote it, or a newer one",
        )
    return found


def key_list(document: Mapping[str, Any], where: str, *, hint: Hint) -> KeyList:
    """Return the key list in a parsed JWK Set. Raises `KeyUnavailable` where a member is missing or wrong."""
    members: list[dict[str, Any]] | None = document.get("keys")
    generation = document.get("generation", 1)
    if not isinstance(members, list) or not members:
        raise _unusable(where, "holds no keys", hint)
    if type(generation) is not int or generation < 1:
        raise _unusable(where, "has a generation that is not a whole number above 0", hint)
    keys = tuple(_key(member, where, hint) for member in members)
    if len({key.kid for key in keys}) != len(keys):
        raise _unusable(where, "has two keys of one kid", hint)
    return KeyList(generation, keys)


def _key(member: dict[str, Any], where: str, hint: Hint) -> Key:
    if not isinstance(member, dict):
        raise _unusable(where, "has a key that is not an object", hint)
    kid, text = member.get("kid"), member.get("k")
    if not isinstance(kid, str) or not kid:
        raise _unusable(where, "has a key without kid", hint)
    if member.get("kty") != "oct" or member.get("alg", "A256KW") != "A256KW" or not isinstance(text, str):
        raise _unusable(where, f"has a key {kid!r} that is not of kty oct for A256KW", hint)
    try:
        secret = b64url_decode(text.encode())
    except ValueError:
        secret = b""
    if len(secret) != 32:
        raise _unusable(where, f"has a key {kid!r} whose k is not 32 bytes in base64url", hint)
    return Key(kid, secret)


def _unusable(where: str, what: str, hint: Hint) -> KeyUnavailable:
    return KeyUnavailable(f"{where} {what}; nothing was changed, and the records stay sealed", hint=hint())
