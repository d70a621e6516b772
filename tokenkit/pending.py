"""What is remembered while the person is away at the provider, and the one reader of its record."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tokenkit.confidential import Confidential
from tokenkit.grant import TO_JSON, UNEXPECTED, VERSION, broken, read_record, secret_of, texts_of
from tokenkit.parsing import parse
from tokenkit.token import Secret

_TEXTS = ("provider", "url", "redirect_uri", "issuer", "client_id", "owner", "account", "binding")


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
    state: Secret = field(repr=False)
    code_verifier: Secret | None = field(default=None, repr=False)
    request_token: Secret | None = field(default=None, repr=False)
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


def pending_to_bytes(pending: PendingAuthorization) -> bytes:
    """Write the record of a pending authorization."""
    record = {name: getattr(pending, name) for name in PendingAuthorization.__slots__}
    for name in ("state", "code_verifier", "request_token"):
        record[name] = None if record[name] is None else record[name].reveal()
    record["scopes"] = sorted(pending.scopes)
    record["settled"] = dict(pending.settled)
    record["v"] = VERSION
    return TO_JSON.encode(record).encode()


def pending_from_bytes(data: bytes) -> PendingAuthorization:
    """Read the record of a pending authorization; raises `BrokenRecord` when it is not one."""
    record = read_record(data)
    return parse(lambda: _pending(record), lambda failure: broken("", UNEXPECTED.format(failure.kind)))


def _pending(record: Mapping[str, Any]) -> PendingAuthorization:
    return PendingAuthorization(
        state=Secret(record["state"]),
        code_verifier=secret_of(record["code_verifier"]),
        request_token=secret_of(record["request_token"]),
        scopes=frozenset(record["scopes"]),
        replaces=str(record.get("replaces", "")),
        settled=texts_of(record.get("settled", {})),
        created_at=float(record["created_at"]),
        expires_at=float(record["expires_at"]),
        **{name: str(record[name]) for name in _TEXTS},
    )
