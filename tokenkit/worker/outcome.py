"""What came of a refresh, and what follows from it: when it is due again, and whether its provider is in trouble."""

from concurrent.futures import Future
from contextlib import suppress
from typing import NamedTuple

from tokenkit.account import Account
from tokenkit.errors import (
    ConfigurationError,
    ConsentRequired,
    KeyUnavailable,
    ProviderError,
    ProviderUnavailable,
    StoreError,
    StoreUnavailable,
    TokenKitError,
    UnknownAccount,
)
from tokenkit.grants.due import NEVER, due
from tokenkit.grants.refresh_job import RefreshOutcome
from tokenkit.grants.refresher import Refresher
from tokenkit.worker.figures import Result

RETRY = 60.0
"""Seconds until what failed without a date of its own is due again. A worker elsewhere may have a key that we lack."""

HOUR = 3600.0
"""Seconds until what a person or an administrator must see to is looked at again; nothing is sent then."""


class Verdict(NamedTuple):
    """What came of one that was due.

    `at` is when it is due again (Unix seconds), infinite for never, None for when the save has said. `provider_failed`
    is None where it says nothing about the provider. `reason` is the error in words, which may name the account.
    """

    result: Result
    at: float | None
    provider_failed: bool | None
    reason: str = ""


def judge(
    refresher: Refresher, account: Account, flight: "Future[RefreshOutcome]", now: float, *, stopping: bool
) -> Verdict:
    """Return the verdict on a refresh that has ended. A provider's errors, and its configuration's, are its trouble."""
    error = flight.exception()
    if error is None:
        outcome = flight.result()
        return Verdict("refreshed" if outcome.refreshed else "fresh", due(outcome.held.grant), False)
    if not isinstance(error, TokenKitError):
        return Verdict("failed", now + HOUR, None, type(error).__name__)  # its words may hold a token (R35)
    if isinstance(error, UnknownAccount):
        return Verdict("signed_out", NEVER, None)
    if isinstance(error, ConsentRequired):
        return Verdict("consent_needed", _retry_at(refresher, account, now) if error.presumed else NEVER, None)
    if isinstance(error, ProviderUnavailable) and not error.sent and stopping:
        return Verdict("failed", now, None)  # this process ends, and another one takes it at once
    if isinstance(error, StoreError) and not isinstance(error, (StoreUnavailable, KeyUnavailable)):
        return Verdict("failed", now + HOUR, None, str(error))
    if isinstance(error, StoreUnavailable):  # nor is it asked now; its claim ends, and another worker takes it
        return Verdict("failed", None if stopping else now + RETRY, None, str(error))
    failed = isinstance(error, (ProviderError, ConfigurationError))
    return Verdict("failed", _retry_at(refresher, account, now), failed or None, str(error))


def _retry_at(refresher: Refresher, account: Account, now: float) -> float:
    """Return when callers try again, too (R12): what they note of a failure."""
    with suppress(StoreError):
        failure = refresher.note(account).failure
        if failure is not None and failure.holds(now):
            return failure.retry_at
    return now + RETRY
