"""The note of a lease: what those who refresh one account tell each other, across processes; never a secret (R8)."""

import json
from contextlib import suppress
from typing import NamedTuple

from tokenkit import errors
from tokenkit.errors import (
    ConfigurationError,
    ConsentRequired,
    InvalidAnswer,
    ProviderBroken,
    ProviderUnavailable,
    StoreError,
    TokenKitError,
)
from tokenkit.grants.machine import Machine, Turns
from tokenkit.store import Lease

FIRST_BACKOFF = 1.0
LONGEST_BACKOFF = 300.0
LONGEST_ASKED = 3600.0
"""Seconds: what a provider asks for beyond an hour is taken for a mistake (R12)."""

LONGEST_FOR_CONFIGURATION = 5.0
"""Seconds: what a person has corrected, they want to try at once, and it is never latched (R13)."""

PRESUMED_PAUSES = (60.0, 600.0, 3600.0, 86400.0)
"""Seconds until a grant that has presumably ended is tried again; the last one from then on (R13)."""

PRESUMED = "ConsentRequired"
"""The kind of failure that presumes it. An end that the provider names is latched in the record, and not noted here."""

_SHARED = frozenset(
    {
        "ProviderUnavailable", "InvalidAnswer", "ClientRefused", "ProviderBroken", "StoreUnavailable", "ProviderError",
        PRESUMED,
    }
)  # fmt: skip

LONGEST_HINT = 200
"""Characters: a longer one is not noted, for a command that ends in the middle of a path works on another file."""

_TO_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class Failure(NamedTuple):
    """The last refresh that failed: what to tell the others, until when not to try again, how many in a row.

    Times are Unix time in seconds, UTC.
    """

    kind: str
    message: str
    hint: str
    at: float
    retry_at: float
    failures: int

    def holds(self, now: float) -> bool:
        """Tell whether no refresh is to be tried yet; a failure from the future means that the clock was set back."""
        return self.at <= now < self.retry_at

    @property
    def presumed_reason(self) -> str:
        """Why the grant has presumably ended, in words; empty where nothing says so."""
        return self.message.partition(": ")[2] if self.kind == PRESUMED else ""

    def error(self, account: str) -> TokenKitError:
        """Return the error for the callers that share it."""
        if self.kind == "ProviderUnavailable":
            return ProviderUnavailable(self.message, retry_at=self.retry_at, hint=self.hint, account=account)
        if self.kind == PRESUMED:
            return ConsentRequired(
                self.message, hint=self.hint, account=account, reason=self.presumed_reason, presumed=True
            )
        if self.kind == "ProviderBroken":
            return errors.ProviderError(self.message, hint=self.hint, account=account)
        kind: type[TokenKitError] = getattr(errors, self.kind)
        return kind(self.message, hint=self.hint, account=account)


class RefreshState(NamedTuple):
    """`newest`: the highest generation ever saved; `attempt`: when a refresh began that has not ended, else None.

    `confirmed`: the generation whose access token an API has rejected and a refresh has brought back all the same, so
    that another would be in vain (R15), else None. `unsaved`: who holds a newer grant that could be saved nowhere (R8),
    in words; empty for nobody. `turns`: which machines refreshed it, and whether two take turns (R8). `latched`: when
    the provider ended the grant (R13), else None. `kept`: whether the last refresh brought no other refresh token.
    """

    newest: int = 0
    attempt: float | None = None
    failure: Failure | None = None
    confirmed: int | None = None
    unsaved: str = ""
    turns: Turns = Turns()
    latched: float | None = None
    kept: bool = False

    def begun(self, now: float, machine: Machine) -> "RefreshState":
        """Return the state once a refresh is about to be sent, from `machine`."""
        return self._replace(attempt=now, turns=self.turns.then(machine, now))

    def ended(self, generation: int, *, confirmed: bool = False, kept: bool = False) -> "RefreshState":
        """Return the state once a record of that generation is saved."""
        newest = max(self.newest, generation)
        confirms = generation if confirmed else None
        return RefreshState(newest=newest, confirmed=confirms, turns=self.turns, kept=kept)

    def refused(self, generation: int, now: float) -> "RefreshState":
        """Return the note once the record of that generation says that the provider has ended the grant."""
        return self.ended(generation)._replace(latched=now)

    def failed(self, error: TokenKitError, now: float, *, outcome_known: bool) -> "RefreshState":
        """Return the state once a refresh failed: all wait until the provider's time, or twice as long as before.

        An attempt whose outcome is not known stays open: should the next be refused, this one's answer was lost.
        """
        last = self.failure
        kind = type(error).__name__
        failure = Failure(
            kind=kind if kind in _SHARED else "ProviderError",
            message=str(error)[:300],
            hint=error.hint if len(error.hint) <= LONGEST_HINT else "",
            at=now,
            retry_at=now,
            failures=1 if last is None else last.failures + 1,
        )
        if kind == PRESUMED:
            count = last.failures + 1 if last is not None and last.kind == PRESUMED else 1
            pause = PRESUMED_PAUSES[min(count, len(PRESUMED_PAUSES)) - 1]
            failure = failure._replace(failures=count, retry_at=now + pause)
        else:
            failure = failure._replace(retry_at=_retry_at(error, failure.failures, now))
            if last is not None and last.kind == PRESUMED:  # only a success clears it
                failure = last._replace(at=now, retry_at=failure.retry_at)
        return self._replace(attempt=None if outcome_known else self.attempt, failure=failure)

    def later(self, seconds: float) -> "RefreshState":
        """Return the state with all its dates so much later: as another clock tells them."""
        if not seconds:
            return self
        failure, turns = self.failure, self.turns
        return self._replace(
            attempt=_later(self.attempt, seconds),
            failure=failure and failure._replace(at=failure.at + seconds, retry_at=failure.retry_at + seconds),
            turns=turns._replace(came_back=_later(turns.came_back, seconds)),
            latched=_later(self.latched, seconds),
        )

    def to_bytes(self) -> bytes:
        """Write it: JSON, small, whatever path the system has named in the words of a failure."""
        record: dict[str, object] = {"newest": self.newest, "attempt": self.attempt, "confirmed": self.confirmed}
        if self.unsaved:
            record["unsaved"] = self.unsaved
        if self.kept:
            record["kept"] = True
        if self.latched is not None:
            record["latched"] = self.latched
        if self.turns.machines:
            record["turns"] = self.turns.to_record()
        if self.failure is not None:
            record["failure"] = self.failure._asdict()
        return _TO_JSON.encode(record).encode(errors="replace")

    @classmethod
    def from_bytes(cls, data: bytes) -> "RefreshState":
        """Read it; what cannot be read is as good as no note, for it only ever makes callers wait."""
        if not data:
            return NOTHING
        try:
            record = json.loads(data.decode())
            failure = record.get("failure")
            attempt = record.get("attempt")
            confirmed = record.get("confirmed")
            latched = record.get("latched")
            return cls(
                newest=int(record.get("newest", 0)),
                attempt=None if attempt is None else float(attempt),
                failure=None if failure is None else _failure(failure),
                confirmed=None if confirmed is None else int(confirmed),
                unsaved=str(record.get("unsaved", "")),
                turns=Turns.from_record(record.get("turns")),
                latched=None if latched is None else float(latched),
                kept=record.get("kept") is True,
            )
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
            return cls()


NOTHING = RefreshState()
"""What a note says that is not there."""


def read_state(lease: Lease, now: float) -> RefreshState:
    """Return what the lease's note says, with its dates by the clock of this machine, which shows `now` (R38)."""
    return RefreshState.from_bytes(lease.note).later(now - lease.now(now))


def stored_state(lease: Lease, state: RefreshState, now: float) -> RefreshState:
    """Return the state with its dates by the clock of the store; that of this machine shows `now` (R38)."""
    return state.later(lease.now(now) - now)


def noted_state(lease: Lease, state: RefreshState, now: float) -> bytes:
    """Return the lease's note, with its dates as `stored_state` has them."""
    return stored_state(lease, state, now).to_bytes()


def write_state(lease: Lease, state: RefreshState, now: float, *, acts: bool = False) -> None:
    """Write the lease's note, see `noted_state`; `acts` as in `Lease.write_note`."""
    lease.write_note(noted_state(lease, state, now), acts=acts)


def seen_state(lease: Lease, generation: int, now: float) -> RefreshState:
    """Return the note, once it knows of the stored generation: what it says of former grants does not count (R10)."""
    note = read_state(lease, now)
    if generation > note.newest:
        note = note.ended(generation)
        with suppress(StoreError):  # a good token is served all the same, and a refresh writes it before it is sent
            write_state(lease, note, now)
    return note


def _later(date: float | None, seconds: float) -> float | None:
    return None if date is None else date + seconds


def _retry_at(error: TokenKitError, failures: int, now: float) -> float:
    """Return when the next one may be sent: at the provider's own time, else after twice the last pause."""
    asked = error.retry_at if isinstance(error, ProviderUnavailable) else None
    if asked is not None:
        return min(max(asked, now + FIRST_BACKOFF), now + LONGEST_ASKED)
    longest = LONGEST_FOR_CONFIGURATION if isinstance(error, ConfigurationError) else LONGEST_BACKOFF
    return now + min(FIRST_BACKOFF * 2.0 ** min(failures - 1, 20), longest)


def _failure(record: dict[str, object]) -> Failure | None:
    if record["kind"] not in _SHARED:
        return None
    return Failure(
        kind=str(record["kind"]),
        message=str(record["message"]),
        hint=str(record["hint"]),
        at=float(str(record["at"])),
        retry_at=float(str(record["retry_at"])),
        failures=int(str(record["failures"])),
    )


def outcome_known(error: TokenKitError) -> bool:
    """Tell whether the provider certainly did not act: the request never left, or was put off (429, Retry-After)."""
    if isinstance(error, ProviderUnavailable):
        return not error.sent or error.retry_at is not None
    return not isinstance(error, (InvalidAnswer, ProviderBroken))
