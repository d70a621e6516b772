"""What the person granted, and the one reader of its record.

A record is a JSON object. Its reader is tolerant: unknown members survive in `unknown` and are written back (R30), a
missing optional one takes its default; what cannot be understood is a `BrokenRecord` that names the member.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from sys import intern
from types import MappingProxyType
from typing import Any, Final, cast

from tokenkit.errors import BrokenRecord
from tokenkit.parsing import ParseFailure, parse
from tokenkit.shell import quoted
from tokenkit.token import AccessToken, HoldsSecrets, Secret, access_token, concealed

VERSION = 1

ACTIVE = "active"
NEEDS_CONSENT = "needs_consent"
MOVED = "moved"

IMPORTED = "imported"
"""The member of `Grant.extra` that holds the digest of the token that was taken over from another tool's file."""

NONE: Mapping[str, Any] = MappingProxyType({})
"""What a grant has where nothing is said."""


class Grant(HoldsSecrets):
    """What the person granted (RFC 6749): the refresh token, access tokens by audience, scopes, and where it is from.

    All times are Unix time in seconds, UTC. `scopes` are the granted ones, or None where the provider does not say;
    `asked` are those of the request. `settled` is what the sign-in settled of the provider: the values of its variables
    (which server, which region), and what its metadata said. `endpoints` are all others that receive a secret of this
    grant, by the power that uses them, and None in a record of an older version (R17; see `tokenkit.grants.bound_to`).
    `generation` counts the saves of this account: a record with a smaller one than has been seen is an old copy (R10).
    `state` is ``active``, ``needs_consent`` (latched, `reason` in words) or ``moved``. `perhaps_spent`: an answer
    brought a new refresh token that could not be read, and this is the one before it, which is sent once, when the
    access token has ended (R12). A grant is not changed once it is made: see `renewed`.
    """

    # No dataclass: that loads `inspect`, a tenth of what the first token of a program takes.
    __slots__ = (
        "access_tokens", "asked", "authorized_at", "client_id", "endpoints", "extra", "generation", "issuer",
        "perhaps_spent", "provider", "reason", "refresh_expires_at", "refresh_token", "resource",
        "revocation_endpoint", "scopes", "settled", "state", "subject", "token_endpoint", "unknown",
    )  # fmt: skip

    def __init__(
        self,
        provider: str,
        access_tokens: Mapping[str, AccessToken],
        refresh_token: Secret | None = None,
        scopes: frozenset[str] | None = None,
        asked: frozenset[str] = frozenset(),
        issuer: str = "",
        token_endpoint: str = "",
        revocation_endpoint: str = "",
        endpoints: Mapping[str, str] | None = None,
        settled: Mapping[str, str] = NONE,
        client_id: str = "",
        resource: str = "",
        subject: str = "",
        authorized_at: float = 0.0,
        refresh_expires_at: float | None = None,
        perhaps_spent: bool = False,
        generation: int = 0,
        state: str = ACTIVE,
        reason: str = "",
        extra: Mapping[str, str] = NONE,
        unknown: Mapping[str, Any] = NONE,
    ) -> None:
        self.provider: Final = provider
        self.access_tokens: Final = access_tokens
        self.refresh_token: Final = refresh_token
        self.scopes: Final = scopes
        self.asked: Final = asked
        self.issuer: Final = issuer
        self.token_endpoint: Final = token_endpoint
        self.revocation_endpoint: Final = revocation_endpoint
        self.endpoints: Final = endpoints
        self.settled: Final = settled
        self.client_id: Final = client_id
        self.resource: Final = resource
        self.subject: Final = subject
        self.authorized_at: Final = authorized_at
        self.refresh_expires_at: Final = refresh_expires_at
        self.perhaps_spent: Final = perhaps_spent
        self.generation: Final = generation
        self.state: Final = state
        self.reason: Final = reason
        self.extra: Final = extra
        self.unknown: Final = unknown

    def __repr__(self) -> str:
        held: object = self.access_tokens
        plain = isinstance(held, Mapping) and all(
            isinstance(token, AccessToken) for token in self.access_tokens.values()
        )
        shown = {name: repr(getattr(self, name)) for name in self.__slots__ if name not in ("extra", "unknown")}
        shown["access_tokens"] = repr(held) if plain else "…"
        shown["refresh_token"] = concealed(self.refresh_token)
        return f"Grant({', '.join(f'{name}={text}' for name, text in shown.items())})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Grant):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    __hash__ = None  # type: ignore[assignment] # it has mappings

    @property
    def access_token(self) -> AccessToken | None:
        """The access token for no particular audience."""
        return self.access_tokens.get("")

    @property
    def missing(self) -> frozenset[str]:
        """The scopes that were asked for and not granted."""
        return frozenset() if self.scopes is None else self.asked - self.scopes

    def follows(self, other: "Grant") -> bool:
        """Tell whether this is a later state of the same sign-in. Then `other` was used up on the way (R9, R10)."""
        return self.authorized_at == other.authorized_at and self.generation > other.generation

    def renewed(self, **changes: Any) -> "Grant":
        """Return the same grant with some members changed."""
        return Grant(**{name: getattr(self, name) for name in self.__slots__} | changes)


_GRANT_TEXTS = (
    "provider", "issuer", "token_endpoint", "revocation_endpoint", "client_id", "resource", "subject", "state",
    "reason",
)  # fmt: skip
_GRANT_MEMBERS = frozenset(
    {
        "v", "access_tokens", "refresh_token", "scopes", "asked", "authorized_at", "refresh_expires_at", "generation",
        "endpoints", "settled", "perhaps_spent", "extra", *_GRANT_TEXTS,
    }
)  # fmt: skip

UNEXPECTED = "its members are not as expected ({})"

TO_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_FROM_JSON = json.JSONDecoder()  # `json.loads` looks for UTF-16 and UTF-32 first, which takes as long as the parsing


def grant_to_bytes(grant: Grant) -> bytes:
    """Write the record of a grant: UTF-8 JSON, unknown members included."""
    record: dict[str, Any] = dict(grant.unknown)
    record.update({name: getattr(grant, name) for name in _GRANT_TEXTS})
    record.update(
        v=VERSION,
        access_tokens={audience: _token_record(token) for audience, token in grant.access_tokens.items()},
        refresh_token=None if grant.refresh_token is None else grant.refresh_token.reveal(),
        scopes=None if grant.scopes is None else sorted(grant.scopes),
        asked=sorted(grant.asked),
        authorized_at=grant.authorized_at,
        refresh_expires_at=grant.refresh_expires_at,
        perhaps_spent=grant.perhaps_spent,
        generation=grant.generation,
        endpoints=None if grant.endpoints is None else dict(grant.endpoints),
        settled=dict(grant.settled),
        extra=dict(grant.extra),
    )
    return TO_JSON.encode(record).encode()


def grant_from_bytes(data: bytes, *, account: str = "") -> Grant:
    """Read a grant's record.

    Raises `BrokenRecord` when it is not one, or was written by a later version than this one understands.
    """
    return parse(
        lambda: _grant(_checked(_from_json(data.decode()), account)), lambda failure: _not_a_record(account, failure)
    )


def _grant(record: Mapping[str, Any]) -> Grant:
    get = record.get
    tokens = {audience: access_token(record, audience) for audience in record["access_tokens"]}
    scopes, endpoints, settled, extra = get("scopes"), get("endpoints"), get("settled", {}), get("extra", {})
    return Grant(
        provider=intern(str(record["provider"])),
        access_tokens={audience: token for audience, token in tokens.items() if token is not None},
        refresh_token=secret_of(get("refresh_token")),
        scopes=None if scopes is None else _shared(tuple(scopes)),
        asked=_shared(tuple(get("asked", ()))),
        issuer=intern(str(get("issuer", ""))),
        token_endpoint=intern(str(get("token_endpoint", ""))),
        revocation_endpoint=intern(str(get("revocation_endpoint", ""))),
        endpoints=None if endpoints is None else _addresses(endpoints),
        settled={} if settled == {} else _addresses(settled),
        client_id=intern(str(get("client_id", ""))),
        resource=intern(str(get("resource", ""))),
        subject=intern(str(get("subject", ""))),
        authorized_at=float(get("authorized_at", 0.0)),
        refresh_expires_at=_number(get("refresh_expires_at")),
        perhaps_spent=get("perhaps_spent") is True,
        generation=int(get("generation", 0)),
        state=intern(str(get("state", ACTIVE))),
        reason=intern(str(get("reason", ""))),
        extra={} if extra == {} else texts_of(extra),
        unknown={} if record.keys() <= _GRANT_MEMBERS else _unknown(record),
    )


def _unknown(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in _GRANT_MEMBERS}


def read_record(data: bytes, *, account: str = "") -> dict[str, Any]:
    """Read any record: a JSON object of a version that we understand, else `BrokenRecord`."""
    value = parse(lambda: _from_json(data.decode()), lambda failure: _not_a_record(account, failure))
    return _checked(value, account)


def _checked(value: object, account: str) -> dict[str, Any]:
    record = cast(dict[str, Any], value) if isinstance(value, dict) else {}
    if not isinstance(record.get("v"), int):
        raise broken(account, "it has no version")
    if record["v"] > VERSION:
        raise broken(account, f"it was written by a later tokenkit (record version {record['v']}): upgrade tokenkit")
    return record


def _from_json(text: str) -> Any:
    value, end = _FROM_JSON.raw_decode(text.strip(" \t\n\r"))
    return value if end == len(text) else _FROM_JSON.decode(text)  # which says what is wrong behind the value


def _not_a_record(account: str, failure: ParseFailure) -> BrokenRecord:
    if failure.kind in ("JSONDecodeError", "UnicodeDecodeError", "RecursionError"):
        return broken(account, "it is not JSON")
    return broken(account, UNEXPECTED.format(failure.kind))


def broken(account: str, why: str) -> BrokenRecord:
    """Make the error for a record that cannot be read."""
    hint = f"tokenkit login {quoted(account)} --replace" if account else ""
    return BrokenRecord(
        f"the record of {account or 'a pending authorization'} cannot be read: {why}",
        hint=hint,
        account=account,
    )


def _token_record(token: AccessToken) -> dict[str, Any]:
    return {
        "value": token.value,
        "type": token.type,
        "expires_at": token.expires_at,
        "obtained_at": token.obtained_at,
        "refresh_from": token.refresh_from,
        "scopes": None if token.scopes is None else sorted(token.scopes),
    }


def secret_of(value: object) -> Secret | None:
    """Return the member of a record as a secret; None where it is null."""
    if value is not None and not isinstance(value, str):
        raise TypeError
    return None if value is None else Secret(value)


def texts_of(members: Any) -> dict[str, str]:
    """Return the members of an object of texts."""
    return {str(name): str(value) for name, value in members.items()}


def _addresses(members: Any) -> dict[str, str]:
    """Return the texts, each one object for the many grants of one provider (R37)."""
    return {intern(str(name)): intern(str(value)) for name, value in members.items()}


@lru_cache(maxsize=256)
def _shared(scopes: tuple[str, ...]) -> frozenset[str]:
    """Return the set of scopes: one object for the many grants that were given the same (R37)."""
    return frozenset(scopes)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
