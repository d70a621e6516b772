"""The shapes of ``--json``. They are documented in docs/reference/json.md, and change only with `version`.

All times are Unix time in seconds, UTC.
"""

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict

from tokenkit.account import Account
from tokenkit.cli.provider_facts import FactsShape, facts
from tokenkit.cli.status_text import hint_for, is_fine, reason
from tokenkit.config import KnownClient
from tokenkit.grants import status as states
from tokenkit.grants.sign_out import SignOut
from tokenkit.grants.status import Status
from tokenkit.pending import PendingAuthorization
from tokenkit.provider import Provider
from tokenkit.token import AccessToken


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Output(_Shape):
    version: Literal[1] = 1


State = Literal["active", "expiring", "expired", "needs_consent", "unavailable", "broken", "moved"]


class AccountShape(_Shape):
    """An account and how it stands. `reason` and `hint` are words; `retry_at` is set while unavailable.

    `taking_turns` names two machines that refresh it in turns, as two copies of one home do; it is empty for none.
    `server` is where it is, if its provider has several servers or regions; else empty.
    """

    account: str
    provider: str
    name: str
    state: State
    reason: str
    hint: str
    scopes: list[str] | None
    missing_scopes: list[str]
    authorized_at: float | None
    access_token_expires_at: float | None
    ends_at: float | None
    retry_at: float | None
    taking_turns: list[str]
    server: str


class Accounts(_Output):
    """What ``list``, ``status``, ``login``, ``import`` and ``refresh`` print."""

    accounts: list[AccountShape]


class Begun(_Output):
    """What ``login --print-url`` prints: where to go, and where the browser stops. `login --complete` goes on then."""

    provider: str
    url: str
    redirect_uri: str
    expires_at: float


class Token(_Output):
    """What ``token`` prints. It holds a secret."""

    account: str
    access_token: str
    token_type: str
    expires_at: float | None
    scopes: list[str] | None


class SignedOut(_Output):
    """What ``logout`` prints: which of the two happened."""

    account: str
    removed: bool
    revoked: bool
    note: str


class ScopeShape(_Shape):
    """A scope: its short name, its full value, and what it permits."""

    name: str
    value: str
    about: str


class ProviderShape(_Shape):
    """A provider. `retired` is a sentence where the service is gone, else empty.

    `redirect_uri` is what a client registration needs, for the program; without a port any is used. `facts` is null
    for a plugin that is code.
    """

    name: str
    title: str
    retired: str
    console_url: str
    redirect_uri: str
    needs_secret: bool
    registered: bool
    default_scopes: list[str]
    scopes: list[ScopeShape]
    facts: FactsShape | None


class Providers(_Output):
    """What ``providers`` prints."""

    providers: list[ProviderShape]


class ClientShape(_Shape):
    """A client registration: where it comes from, and never its secret."""

    provider: str
    client_id: str
    has_secret: bool
    source: str


class Clients(_Output):
    """What ``client list`` prints."""

    clients: list[ClientShape]


class KeyShape(_Shape):
    """A key: its id, whether it ``seals``, only ``opens`` or is ``missing``, and how many records it has sealed."""

    kid: str
    use: Literal["seals", "opens", "missing"]
    records: int


class Keys(_Output):
    """What ``key list`` prints; no key is in it."""

    source: str
    keys: list[KeyShape]


_STATES: dict[type[states.State], State] = {
    states.Active: "active",
    states.Expiring: "expiring",
    states.Expired: "expired",
    states.NeedsConsent: "needs_consent",
    states.Unavailable: "unavailable",
    states.Broken: "broken",
    states.Moved: "moved",
}


def accounts_json(statuses: Iterable[Status]) -> str:
    """Return the JSON of accounts and how they stand."""
    return Accounts(accounts=[_account(status) for status in statuses]).model_dump_json(indent=2)


def begun_json(pending: PendingAuthorization) -> str:
    """Return the JSON of a sign-in that was begun."""
    return Begun(
        provider=pending.provider,
        url=pending.url,
        redirect_uri=pending.redirect_uri,
        expires_at=pending.expires_at,
    ).model_dump_json(indent=2)


def token_json(account: Account, token: AccessToken) -> str:
    """Return the JSON of a token, which is a secret."""
    return Token(
        account=str(account),
        access_token=token.value,
        token_type=token.type,
        expires_at=token.expires_at,
        scopes=None if token.scopes is None else sorted(token.scopes),
    ).model_dump_json(indent=2)


def signed_out_json(outcome: SignOut) -> str:
    """Return the JSON of a sign-out."""
    return SignedOut(
        account=str(outcome.account), removed=outcome.removed, revoked=outcome.revoked, note=outcome.note
    ).model_dump_json(indent=2)


def clients_json(found: Iterable[KnownClient]) -> str:
    """Return the JSON of client registrations."""
    return Clients(clients=[ClientShape(**client._asdict()) for client in found]).model_dump_json(indent=2)


def keys_json(source: str, rows: Iterable[tuple[str, Literal["seals", "opens", "missing"], int]]) -> str:
    """Return the JSON of keys, by id."""
    keys = [KeyShape(kid=kid, use=use, records=records) for kid, use, records in rows]
    return Keys(source=source, keys=keys).model_dump_json(indent=2)


def providers_json(found: Iterable[tuple[Provider, bool, str]]) -> str:
    """Return the JSON of providers, each with whether a client is registered for it, and its redirect URI."""
    return Providers(providers=[_provider(*each) for each in found]).model_dump_json(indent=2)


def _provider(provider: Provider, registered: bool, redirect_uri: str) -> ProviderShape:
    return ProviderShape(
        name=provider.name,
        title=provider.title,
        retired=provider.retired,
        console_url=provider.console_url,
        redirect_uri=redirect_uri,
        needs_secret=provider.needs_secret,
        registered=registered,
        default_scopes=list(provider.default_scopes),
        scopes=[ScopeShape(name=name, value=scope.value, about=scope.about) for name, scope in provider.scopes.items()],
        facts=facts(provider),
    )


def _account(status: Status) -> AccountShape:
    state = status.state
    return AccountShape(
        account=str(status.account),
        provider=status.account.provider,
        name=status.account.name,
        state=_STATES[type(state)],
        reason=reason(status),
        hint="" if is_fine(status) else hint_for(status),
        scopes=None if status.scopes is None else sorted(status.scopes),
        missing_scopes=sorted(status.missing),
        authorized_at=status.authorized_at or None,
        access_token_expires_at=status.expires_at,
        ends_at=status.ends_at,
        retry_at=state.retry_at if isinstance(state, states.Unavailable) else None,
        taking_turns=list(status.taking_turns),
        server=status.server,
    )
