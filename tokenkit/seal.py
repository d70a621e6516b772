"""The envelope of a record: a JWE in compact form, with ``A256KW`` and ``A256GCM`` only.

R27: a choice of algorithms would be a choice for the attacker. RFC 7516 (JWE), RFC 7518 sections 4.4 and 5.3 (the
algorithms), RFC 3394 (key wrap). Every write has a content key of its own, so the number of writes has no limit. The
protected header says which key sealed the record, what it is and whose it is. It can be read without the key, and the
reader compares it with what was asked for: one account's file does not open as another's.
"""

import json
import os
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Mapping
from typing import Any, NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from tokenkit.errors import BrokenRecord, KeyUnavailable, UsageError
from tokenkit.shell import quoted

KEY_SIZE = 32
"""Bytes of a key, and of a content key."""

TYPES = ("grant", "unsaved", "pending", "client", "metadata")
"""What the header's ``typ`` may be: the kinds of record."""

_MEMBERS = frozenset(("alg", "enc", "kid", "typ", "app", "owner", "account"))
_OF_SHARED = _MEMBERS | {"store"}
_IV_SIZE = 12
_TAG_SIZE = 16
_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_+/=", b"+/...")  # characters of the other alphabet become a dot, which is refused
_PADDING = (b"", b"===", b"==", b"=")
_LAST = (frozenset[int](), frozenset[int](), frozenset(b"AQgw"), frozenset(b"AEIMQUYcgkosw048"))
"""By length modulo 4, the last characters that leave no bit unused: others would be a second form of one value."""


class Key:
    """A key that seals records, named by its `kid`. The secret shows in no repr and refuses pickle and deepcopy.

    Those end up in logs and crash reports (R35).
    """

    __slots__ = ("_secret", "kid")

    def __init__(self, kid: str, secret: bytes) -> None:
        if not kid or len(secret) != KEY_SIZE:
            raise KeyUnavailable(
                f"the key {kid!r} has {len(secret)} bytes, and {KEY_SIZE} and a key id are needed",
                hint="tokenkit key list",
            )
        self.kid = kid
        self._secret = secret

    @property
    def secret(self) -> bytes:
        """The key itself, 32 bytes."""
        return self._secret

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and (self.kid, self._secret) == (other.kid, other._secret)

    def __hash__(self) -> int:
        return hash(self.kid)

    def __repr__(self) -> str:
        return f"Key({self.kid!r}, …)"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a key is neither pickled nor copied")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a key is neither pickled nor copied")

    def __deepcopy__(self, memo: object) -> NoReturn:
        raise TypeError("a key is neither pickled nor copied")


def new_key() -> Key:
    """Make a random key with a random kid. R28: what is made from something else can be guessed or lost with it."""
    return Key(os.urandom(8).hex(), os.urandom(KEY_SIZE))


def seal(plaintext: bytes, key: Key, *, typ: str, app: str, owner: str, account: str, store: str = "") -> bytes:
    """Seal one record. `account` is ``provider/name`` for a grant, else the id that the record is stored under.

    `store` is the id of a store that machines share; empty for files, whose headers do not name it.
    """
    if typ not in TYPES:
        raise UsageError(f"there is no kind of sealed record called {typ!r}", hint=f"one of {', '.join(TYPES)}")
    protected = _protected(key.kid, typ, app, owner, account, store)
    drawn = os.urandom(KEY_SIZE + _IV_SIZE)
    content_key, iv = drawn[:KEY_SIZE], drawn[KEY_SIZE:]
    sealed = AESGCM(content_key).encrypt(iv, plaintext, protected)
    parts = (aes_key_wrap(key.secret, content_key), iv, sealed[:-_TAG_SIZE], sealed[-_TAG_SIZE:])
    return b".".join((protected, *map(b64url_encode, parts)))


def open(
    data: bytes, keys: Mapping[str, Key], *, typ: str, app: str, owner: str, account: str, store: str = ""
) -> bytes:
    """Open one record with the key that its header names.

    A header that names no store is taken in every one: so were records written before a store had an id (R10).

    R28: keys are not tried one after the other, so that a missing key is told from damage. Raises `BrokenRecord` where
    the envelope is damaged or is not the record that was asked for, and `KeyUnavailable` for a kid that is not among
    `keys`. The header is compared with what was asked for before anything is decrypted.
    """
    try:
        parts = _split(data)
        for key in keys.values():
            if parts[0] == _protected(key.kid, typ, app, owner, account, store):  # just what `seal` has written
                return _decrypt(parts, key)
        found = _header(parts[0])
        _compare(found, {"typ": typ, "app": app, "owner": owner, "account": account})
        if "store" in found:
            _compare(found, {"store": store})
        named = keys.get(found["kid"])
        if named is not None:
            return _decrypt(parts, named)
    except (_Damage, InvalidTag, InvalidUnwrap) as error:
        raise _broken(str(error) or "it was changed after it was sealed", typ, account) from None
    whose = quoted(account) if typ == "grant" else "PROVIDER/ACCOUNT"
    raise KeyUnavailable(
        f"the {typ} record of {account!r} is sealed with the key {found['kid']!r}, which is not among the keys at hand",
        hint="restore the key from a backup (tokenkit key list says where it belongs), or: tokenkit key import FILE "
        f"(if it is lost for good: tokenkit login {whose} --replace)",
        account=account,
    )


def header(data: bytes) -> dict[str, str]:
    """Return the protected header: alg, enc, kid, typ, app, owner, account, and store where a shared one holds it.

    It is not authenticated: no key is needed. Raises `BrokenRecord` for anything that `seal` would not have written.
    """
    try:
        return _header(_split(data)[0])
    except _Damage as error:
        raise _broken(str(error), "", "") from None


def b64url_encode(data: bytes) -> bytes:
    """Encode as base64url without padding (RFC 7515 section 2)."""
    return b2a_base64(data, newline=False).translate(_TO_URL).rstrip(b"=")


def b64url_decode(text: bytes) -> bytes:
    """Decode base64url without padding. Raises ValueError for anything but the one canonical form."""
    rest = len(text) % 4
    if rest and text[-1] not in _LAST[rest]:
        raise ValueError("not canonical base64url")
    try:
        return a2b_base64(text.translate(_FROM_URL) + _PADDING[rest], strict_mode=True)
    except Base64Error:
        raise ValueError("not base64url") from None


class _Damage(Exception):
    """Says in words what is wrong with an envelope. It never leaves this module."""


def _split(data: bytes) -> list[bytes]:
    parts = data.split(b".")
    if len(parts) != 5:
        raise _Damage(f"it has {len(parts)} parts, and a JWE has five" if data else "it is empty")
    protected, *sealed = parts
    try:
        wrapped, iv, ciphertext, tag = map(b64url_decode, sealed)
    except ValueError as error:
        raise _Damage(f"a part is {error}") from None
    if (len(wrapped), len(iv), len(tag)) != (KEY_SIZE + 8, _IV_SIZE, _TAG_SIZE):
        raise _Damage("a part has the wrong length")
    return [protected, wrapped, iv, ciphertext + tag]


def _decrypt(parts: list[bytes], key: Key) -> bytes:
    protected, wrapped, iv, sealed = parts
    return AESGCM(aes_key_unwrap(key.secret, wrapped)).decrypt(iv, sealed, protected)


def _protected(kid: str, typ: str, app: str, owner: str, account: str, store: str) -> bytes:
    """Write the header. A record of ours is known by these bytes: only another one's are parsed."""
    members = (
        f'{{"alg":"A256KW","enc":"A256GCM","kid":{_text(kid)},"typ":{_text(typ)},"app":{_text(app)},'
        f'"owner":{_text(owner)},"account":{_text(account)}'
    )
    return b64url_encode(f'{members},"store":{_text(store)}}}'.encode() if store else f"{members}}}".encode())


def _header(protected: bytes) -> dict[str, str]:
    try:
        members: dict[str, Any] = _FROM_HEADER.decode(b64url_decode(protected).decode())
    except (ValueError, RecursionError):
        raise _Damage("its header is not JSON in base64url") from None
    if not isinstance(members, dict) or {*map(type, members.values())} - {str}:
        raise _Damage("its header is not an object of strings")
    if members.keys() != _MEMBERS and members.keys() != _OF_SHARED:
        odd = ", ".join(sorted(map(repr, members.keys() ^ _MEMBERS)))
        raise _Damage(f"its header lacks, or has and may not have: {odd}")
    if (members["alg"], members["enc"]) != ("A256KW", "A256GCM"):
        raise _Damage(f"it is sealed with {members['alg']!r} and {members['enc']!r}, and not with A256KW and A256GCM")
    if members["typ"] not in TYPES:
        raise _Damage(f"its typ is {members['typ']!r}, which is none of {', '.join(TYPES)}")
    return members


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Damage("a member of its header is given twice")
    return members


_text = json.encoder.encode_basestring_ascii  # what `json.dumps` does with a string, without looking what it is
_FROM_HEADER = json.JSONDecoder(object_pairs_hook=_unique)


def _compare(found: Mapping[str, str], asked: Mapping[str, str]) -> None:
    for name, value in asked.items():
        if found[name] != value:
            raise _Damage(f"its {name} is {found[name]!r}, and {value!r} was asked for: it was moved or swapped")


_OPTIONS = {"grant": " --replace", "unsaved": ""}
"""With what a sign-in takes the place of a record; of one that waits beside its record, any sign-in does."""


def _broken(what: str, typ: str, account: str) -> BrokenRecord:
    return BrokenRecord(
        f"the {typ} record of {account!r} cannot be opened: {what}" if typ else f"not a sealed record: {what}",
        hint=f"restore it from a backup, or sign in again: tokenkit login {quoted(account)}{_OPTIONS[typ]}"
        if typ in _OPTIONS
        else "",
        account=account,
    )
