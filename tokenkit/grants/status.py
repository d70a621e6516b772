"""How an account stands: types, not flags (R11). A pure look: nothing is refreshed and nothing is sent."""

from dataclasses import dataclass

from tokenkit.account import Account
from tokenkit.errors import GrantSuperseded, StoreError
from tokenkit.grant import MOVED, NEEDS_CONSENT, Grant
from tokenkit.grants.refresh_state import RefreshState
from tokenkit.grants.refresher import Refresher


@dataclass(frozen=True, slots=True)
class Active:
    """A good access token is stored; `until` is when it ends, None for never."""

    until: float | None


@dataclass(frozen=True, slots=True)
class Expiring:
    """The access token is good and about to end; the next use refreshes it."""

    until: float


@dataclass(frozen=True, slots=True)
class Expired:
    """The access token has ended; the next use refreshes it."""

    since: float


@dataclass(frozen=True, slots=True)
class NeedsConsent:
    """Only the person can go on. A stored token is served `until` then all the same (R14); None where there is none."""

    reason: str
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The provider could not be reached; the next try is at `retry_at`."""

    retry_at: float
    message: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The record cannot be opened; or it can, and is `superseded`: older than one already used (R10)."""

    message: str
    hint: str
    superseded: bool = False


@dataclass(frozen=True, slots=True)
class Moved:
    """Another machine holds the grant now."""


State = Active | Expiring | Expired | NeedsConsent | Unavailable | Broken | Moved


@dataclass(frozen=True, slots=True)
class Status:
    """An account and how it stands; the other members are empty where the record cannot be opened.

    All times are Unix time in seconds, UTC. `missing` are scopes that were asked for and not granted. `ends_at` is when
    the person must sign in again, as far as that is known: the refresh token's end, or without one the access token's.
    """

    account: Account
    state: State
    scopes: frozenset[str] | None = None
    missing: frozenset[str] = frozenset()
    authorized_at: float = 0.0
    expires_at: float | None = None
    refresh_expires_at: float | None = None
    ends_at: float | None = None


def status(refresher: Refresher, account: Account, now: float) -> Status:
    """How `account` stands at `now`; a record that cannot be opened is a state. Raises `UnknownAccount`."""
    try:
        grant = refresher.records.get(account).grant
        state = _state(grant, now)
        if isinstance(state, Expired):
            note = refresher.note(account)
            state = _superseded(refresher, account, grant, note) or _unavailable(note, now) or state
    except StoreError as error:
        return Status(account, Broken(str(error), error.hint))
    token = grant.access_token
    expires_at = None if token is None else token.expires_at
    return Status(
        account,
        state,
        scopes=grant.scopes,
        missing=grant.missing,
        authorized_at=grant.authorized_at,
        expires_at=expires_at,
        refresh_expires_at=grant.refresh_expires_at,
        ends_at=grant.refresh_expires_at if grant.refresh_token else expires_at,
    )


def _state(grant: Grant, now: float) -> State:
    if grant.state == MOVED:
        return Moved()
    if grant.state == NEEDS_CONSENT:
        return NeedsConsent(grant.reason, _served_until(grant, now))
    token = grant.access_token
    if token is not None and token.expires_at is None:
        return Active(None)
    end = 0.0 if token is None or token.expires_at is None else token.expires_at
    good = token is not None and token.good(now)
    if token is not None and good and not (token.closing(now) and grant.refresh_token):
        return Active(end)
    if not grant.refresh_token:
        reason = "the access token has ended, and the provider gave no refresh token"
        return NeedsConsent(reason, _served_until(grant, now))
    return Expiring(end) if good else Expired(end)


def _served_until(grant: Grant, now: float) -> float | None:
    """Until when the stored token is handed out though nothing refreshes it (R14); infinite for never ending."""
    token = grant.access_token
    if token is None or not (token.good(now) or token.alive(now)):
        return None
    return token.good_until() if token.expires_at is None else max(token.expires_at, token.good_until())


def _superseded(refresher: Refresher, account: Account, grant: Grant, note: RefreshState) -> Broken | None:
    """What a refresh says of a restored backup: it is not sent (R10)."""
    try:
        refresher.refuse_hopeless(account, grant, note)
    except GrantSuperseded as error:
        return Broken(str(error), error.hint, superseded=True)
    return None


def _unavailable(note: RefreshState, now: float) -> Unavailable | None:
    """What those who refresh the account say of it: nobody waits for a provider that a good token does without."""
    if note.failure is None or now >= note.failure.retry_at:
        return None
    return Unavailable(note.failure.retry_at, note.failure.message)
