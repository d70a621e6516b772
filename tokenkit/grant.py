"""What the person granted, and what is remembered while they are away; and the one reader of each record.

A record is a JSON object. Its reader is tolerant: unknown members survive in `unknown` and are written back (R30), a
missing optional one takes its default; what cannot be understood is a `BrokenRecord` that names the member.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from sys import intern
from typing import Any, cast

from tokenkit.confidential import Confidential
from tokenkit.errors import BrokenRecord
from tokenkit.parsing import parse
from tokenkit.shell import quoted
from tokenkit.token import AccessToken, Secret, access_token

VERSION = 1

ACTIVE = "active"
NEEDS_CONSENT = "needs_consent"
MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Grant(Confidential):
    """What the person granted (RFC 6749): the refresh token, access tokens by audience, scopes, and where it is from.

    All times are Unix time in seconds, UTC. `scopes` are the granted ones, or None where the provider does not say;
    `asked` are those of the request. `settled` is what the sign-in settled of the provider: the values of its variables
    (which server, which region), and what its metadata said. `endpoints` are all others that receive a secret of this
    grant, by the power that uses them, and None in a record of an older version (R17; see `tokenkit.grants.bound_to`).
    `generation` counts the saves of this account: a record with a smaller one than has been seen is an old copy (R10).
    `state` is ``active``, ``needs_consent`` (latched, `reason` in words) or ``moved``. `perhaps_spent`: an answer
    brought a new refresh token that could not be read, and this is the one before it, which is sent once, when the
    access token has ended (R12).
    """

    provider: str
    access_tokens: Mapping[str, AccessToken]
    refresh_token: Secret | None = None
    scopes: frozenset[str] | None = None
    asked: frozenset[str] = frozenset()
    issuer: str = ""
    token_endpoint: str = ""
    revocation_endpoint: str = ""
    endpoints: Mapping[str, str] | None = None
    settled: Mapping[str, str] = field(default_factory=dict[str, str])
    client_id: str = ""
    resource: str = ""
    subject: str = ""
    authorized_at: float = 0.0
    refresh_expires_at: float | None = None
    perhaps_spent: bool = False
    generation: int = 0
    state: str = ACTIVE
    reason: str = ""
    extra: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    unknown: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)

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
        return replace(self, **changes)


@dataclass(frozen=True, slots=True)
class PendingAuthorization(Confidential):
    """What is remembered while the person is away at the provider. R21: it serves once, and is sealed at rest.

    `url` is where the person goes. A provider fills in what its flow needs: `state` and `code_verifier` (RFC 7636), or
    Pocket's `request_token`. `redirect_uri` is the one that was sent, so that the answer can be compared with it.
    `owner`, `account`, `replaces`, `binding` (a hash) and `expires_at` are the kit's. `replaces` names the account
    whose record cannot be opened and is set aside when the grant takes its place; it is empty for none. `settled` is as
    in `Grant`.
    """

    provider: str
    url: str = field(repr=False)
    redirect_uri: str = field(repr=False)
    state: Secret
    code_verifier: Secret | None = None
    request_token: Secret | None = None
    scopes: frozenset[str] = frozenset()
    issuer: str = ""
    client_id: str = ""
    owner: str = ""
    account: str = ""
    replaces: str = ""
    binding: str = field(default="", repr=False)
    settled: Mapping[str, str] = field(default_factory=dict[str, str])
    created_at: float = 0.0
    expires_at: float = 0.0


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

_PENDING_TEXTS = ("provider", "url", "redirect_uri", "issuer", "client_id", "owner", "account", "binding")
_UNEXPECTED = "its members are not as expected ({})"

_TO_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
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
    return _TO_JSON.encode(record).encode()


def grant_from_bytes(data: bytes, *, account: str = "") -> Grant:
    """Read a grant's record.

    Raises `BrokenRecord` when it is not one, or was written by a later version than this one understands.
    """
    record = read_record(data, account=account)
    return parse(lambda: _grant(record), lambda failure: _broken(account, _UNEXPECTED.format(failure.kind)))


def _grant(record: Mapping[str, Any]) -> Grant:
    tokens = ((audience, access_token(record, audience)) for audience in record["access_tokens"])
    return Grant(
        access_tokens={audience: token for audience, token in tokens if token is not None},
        refresh_token=_secret(record.get("refresh_token")),
        scopes=None if record.get("scopes") is None else _shared(tuple(record["scopes"])),
        asked=_shared(tuple(record.get("asked", ()))),
        authorized_at=float(record.get("authorized_at", 0.0)),
        refresh_expires_at=_number(record.get("refresh_expires_at")),
        perhaps_spent=record.get("perhaps_spent") is True,
        generation=int(record.get("generation", 0)),
        endpoints=None if record.get("endpoints") is None else _addresses(record["endpoints"]),
        settled=_addresses(record.get("settled", {})),
        extra=_texts(record.get("extra", {})),
        unknown={} if record.keys() <= _GRANT_MEMBERS else _unknown(record),
        **{name: intern(str(record[name])) for name in _GRANT_TEXTS if name in record},
    )


def _unknown(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in _GRANT_MEMBERS}


def pending_to_bytes(pending: PendingAuthorization) -> bytes:
    """Write the record of a pending authorization."""
    record = {name: getattr(pending, name) for name in PendingAuthorization.__slots__}
    for name in ("state", "code_verifier", "request_token"):
        record[name] = None if record[name] is None else record[name].reveal()
    record["scopes"] = sorted(pending.scopes)
    record["settled"] = dict(pending.settled)
    record["v"] = VERSION
    return _TO_JSON.encode(record).encode()


def pending_from_bytes(data: bytes) -> PendingAuthorization:
    """Read the record of a pending authorization; raises `BrokenRecord` when it is not one."""
    record = read_record(data)
    return parse(lambda: _pending(record), lambda failure: _broken("", _UNEXPECTED.format(failure.kind)))


def _pending(record: Mapping[str, Any]) -> PendingAuthorization:
    return PendingAuthorization(
        state=Secret(record["state"]),
        code_verifier=_secret(record["code_verifier"]),
        request_token=_secret(record["request_token"]),
        scopes=frozenset(record["scopes"]),
        replaces=str(record.get("replaces", "")),
        settled=_texts(record.get("settled", {})),
        created_at=float(record["created_at"]),
        expires_at=float(record["expires_at"]),
        **{name: str(record[name]) for name in _PENDING_TEXTS},
    )


def read_record(data: bytes, *, account: str = "") -> dict[str, Any]:
    """Read any record: a JSON object of a version that we understand, else `BrokenRecord`."""
    value = parse(lambda: _FROM_JSON.decode(data.decode()), lambda _: _broken(account, "it is not JSON"))
    record = cast(dict[str, Any], value) if isinstance(value, dict) else {}
    if not isinstance(record.get("v"), int):
        raise _broken(account, "it has no version")
    if record["v"] > VERSION:
        raise _broken(account, f"it was written by a later tokenkit (record version {record['v']}): upgrade tokenkit")
    return record


def _broken(account: str, why: str) -> BrokenRecord:
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


def _secret(value: object) -> Secret | None:
    if value is not None and not isinstance(value, str):
        raise TypeError
    return None if value is None else Secret(value)


def _texts(members: Any) -> dict[str, str]:
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
