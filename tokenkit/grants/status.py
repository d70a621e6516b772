"""How an account stands: types, not flags (R11). A pure look: nothing is refreshed and nothing is sent."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from tokenkit.account import Account
from tokenkit.errors import (
    GrantMoved,
    GrantSuperseded,
    StoreError,
    TokenKitError,
    UnknownAccount,
    UnknownProvider,
)
from tokenkit.grant import NEEDS_CONSENT, Grant
from tokenkit.grants import after_loss, beside, signed_out
from tokenkit.grants.due import consent_end, token_end
from tokenkit.grants.hopeless import refuse_hopeless
from tokenkit.grants.refresh_state import RefreshState
from tokenkit.grants.refresher import Refresher
from tokenkit.grants.sealed_store import StoredGrant, grant_name
from tokenkit.plugins import guarded
from tokenkit.shell import account_options, with_options

UNIDENTIFIED = "unidentified"
"""The member of a grant's extra that holds why its provider did not say whose it is."""


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
    """The record cannot be opened; or it can, and is `superseded`: older than one already used (R10).

    A stored token of a superseded one is served `until` then all the same (R14); None where there is none.
    """

    message: str
    hint: str
    superseded: bool = False
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """The grant is in another place now, which holds its newest refresh token; `hint` says how to go on."""

    message: str
    hint: str


State = Active | Expiring | Expired | NeedsConsent | Unavailable | Broken | Moved


@dataclass(frozen=True, slots=True)
class Status:
    """An account and how it stands; the other members are empty where the record cannot be opened.

    All times are Unix time in seconds, UTC. `missing` are scopes that were asked for and not granted. `ends_at` is when
    the person must sign in again, as far as that is known: the refresh token's end, or without one the access token's.
    `taking_turns` names two machines that refresh the account one after the other, as of a copied home: empty for none.
    `server` is where it is, if its provider has several servers or regions; else empty. `unidentified` is why nobody
    knows whose account it is, in words, where the provider failed to say it: then it is called ``default`` or the like,
    and the next sign-in asks again.
    """

    account: Account
    state: State
    scopes: frozenset[str] | None = None
    missing: frozenset[str] = frozenset()
    authorized_at: float = 0.0
    expires_at: float | None = None
    refresh_expires_at: float | None = None
    ends_at: float | None = None
    taking_turns: tuple[str, ...] = ()
    server: str = ""
    unidentified: str = ""

    def __str__(self) -> str:
        """Say in a sentence how the account stands; the times are UTC."""
        return f"{self.account} {_in_words(self.state)}"


def statuses(refresher: Refresher, now: Callable[[], float], provider: str = "") -> Iterator[Status]:
    """Yield how each of the owner's accounts stands, or each of one provider, by name; see `statuses_of`.

    Raises `UnknownProvider`, which names the nearest, for one that there is not.
    """
    accounts = refresher.records.accounts(provider)
    if provider and not accounts:
        _check_known(refresher, provider)
    return statuses_of(refresher, now, accounts)


def _check_known(refresher: Refresher, provider: str) -> None:
    try:
        refresher.provider(provider)
    except UnknownProvider:
        raise
    except TokenKitError:  # it is known, and what is wrong with it is told where it is used
        return


def statuses_of(refresher: Refresher, now: Callable[[], float], accounts: Iterable[Account]) -> Iterator[Status]:
    """Yield how each of these accounts of the owner stands; one that is signed out meanwhile is left out.

    What lies beside the records is listed once, at the beginning. Raises `StoreUnavailable` where a shared store has no
    answer.
    """
    records, lying = refresher.records, beside.names(refresher.records)

    def look(account: Account) -> Status | None:
        try:
            return status(
                refresher, account, now(), alone=lying is not None and (not lying or str(account) not in lying)
            )
        except UnknownAccount:
            return None

    found = records.in_pages(accounts, lambda account: (grant_name(account), signed_out.name(account)), look)
    return (each for each in found if each is not None)


def status(refresher: Refresher, account: Account, now: float, *, alone: bool = False) -> Status:
    """Return how `account` stands at `now`; a record that cannot be opened is a state. Raises `UnknownAccount`.

    `alone` says that nothing lies beside its record: then nobody looks.
    """
    try:
        held = refresher.stored(account, alone=alone)
        state, noted = _state(refresher, account, held, now)
    except StoreError as error:
        broken = Broken(str(error), error.hint, superseded=isinstance(error, GrantSuperseded))
        return Status(account, _for_owner(refresher, account, broken))
    grant = held.grant
    token = grant.access_token
    return Status(
        account,
        _for_owner(refresher, account, state),
        scopes=grant.scopes,
        missing=grant.missing,
        authorized_at=grant.authorized_at,
        expires_at=None if token is None else token.expires_at,
        refresh_expires_at=grant.refresh_expires_at,
        ends_at=consent_end(grant),
        taking_turns=noted.turns.taking(now),
        server=_server(refresher, account, grant),
        unidentified="" if grant.subject else grant.extra.get(UNIDENTIFIED, ""),
    )


def _for_owner(refresher: Refresher, account: Account, state: State) -> State:
    """Return the state with a hint whose commands work on the accounts of that owner (R37)."""
    if not isinstance(state, Broken | Moved):
        return state
    return replace(state, hint=with_options(state.hint, account_options(refresher.records.ring.app, account.owner)))


def _server(refresher: Refresher, account: Account, grant: Grant) -> str:
    """Return where the account is, see `Settled.place_of`; no plugin is loaded for a grant that has settled nothing."""
    if not grant.settled:
        return ""
    with suppress(TokenKitError):  # a provider that is gone says nothing
        provider = refresher.provider(account.provider)
        place: Callable[[Grant], str] | None = getattr(provider, "place_of", None)
        return "" if place is None else guarded(provider, "place_of", place, grant)
    return ""


def judge(account: Account, grant: Grant, noted: RefreshState, now: float) -> State:
    """Return how an account stands at `now`, by its grant and by what its refreshes noted; nothing is looked up.

    It is the one judgement: the status, the audit and the web pages show it, and it says what `token` would do.
    """
    if grant.state == NEEDS_CONSENT:
        return NeedsConsent(grant.reason, _served_until(grant, now))
    try:
        refuse_hopeless(account, grant, noted)
    except GrantMoved as error:
        return Moved(str(error), error.hint)
    except GrantSuperseded as error:
        return Broken(str(error), error.hint, superseded=True, until=_served_until(grant, now))
    if noted.failure is not None and noted.failure.presumed_reason:
        return NeedsConsent(noted.failure.presumed_reason, _served_until(grant, now))
    state = _token_state(grant, now)
    if isinstance(state, Expired) and noted.failure is not None and noted.failure.holds(now):
        return Unavailable(noted.failure.retry_at, noted.failure.message)
    return state


def _state(refresher: Refresher, account: Account, held: StoredGrant, now: float) -> tuple[State, RefreshState]:
    """Return the judgement and what the refreshes noted; that of a good token holds also while it cannot be read."""
    grant = held.grant
    try:
        noted = after_loss.judged(refresher.records, account, held, refresher.note(account))
        return judge(account, refresher.endings.reopened(grant, noted), noted, now), noted
    except StoreError:
        state = judge(account, grant, RefreshState(), now)
        if isinstance(state, Expired):
            raise
        return state, RefreshState()


def _token_state(grant: Grant, now: float) -> State:
    token, end = grant.access_token, 0.0
    if token is not None:
        if token.expires_at is None:
            return Active(None)
        end = token_end(token)
        if token.good(now):
            return Expiring(end) if token.closing(now) and grant.refresh_token else Active(end)
    if not grant.refresh_token:
        reason = "the access token has ended, and the provider gave no refresh token"
        return NeedsConsent(reason, _served_until(grant, now))
    return Expired(end)


def _served_until(grant: Grant, now: float) -> float | None:
    """Return until when the stored token is given out though nothing refreshes it (R14); infinite for no end."""
    token = grant.access_token
    if token is None or not (token.good(now) or token.alive(now)):
        return None
    return token_end(token)


def _in_words(state: State) -> str:
    match state:
        case Active(until):
            end = "has no end" if until is None else f"is good until {_utc(until)}"
            return f"is signed in; its token {end}"
        case Expiring(until):
            return f"is signed in; its token ends at {_utc(until)}, and the next use refreshes it"
        case Expired(since):
            ended = f"ended at {_utc(since)}" if since else "is not here"
            return f"is signed in; its token {ended}, and the next use refreshes it"
        case NeedsConsent(reason):
            return f"needs a new sign-in: {reason}"
        case Unavailable(retry_at, message):
            return f"cannot be refreshed before {_utc(retry_at)}: {message}"
        case Broken(message) | Moved(message):
            return f"cannot be used: {message}"


def _utc(moment: float) -> str:
    try:
        return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return "a time far away"
