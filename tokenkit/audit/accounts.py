"""The accounts: whether they work, and for how long, as `tokenkit.grants.status` judges it."""

from collections.abc import Iterator
from math import inf

from tokenkit.audit.check import Fault, Severity, check
from tokenkit.audit.inventory import Inventory
from tokenkit.audit.wording import about, active, command, login, whose
from tokenkit.duration import ago, duration, within
from tokenkit.grant import NEEDS_CONSENT, Grant
from tokenkit.grants.due import SOON, consent_end
from tokenkit.grants.hopeless import IMPORT_CUT_OFF
from tokenkit.grants.status import Active, Moved, NeedsConsent

DAY = 86400.0

TESTING = 7 * DAY
"""Seconds that a refresh token of a Google app in testing lasts
(https://developers.google.com/identity/protocols/oauth2#expiration)."""

UNUSED = 90 * DAY
"""Seconds without a use after which an account counts as unused."""

LOST = 300.0
"""Seconds after which a refresh that has not ended never will."""


@check(
    "TK301",
    Severity.ERROR,
    "An account needs you to sign in again",
    "The provider has ended the grant; once the stored token has ended, no tool gets one until you do.",
)
def needs_consent(inventory: Inventory) -> Iterator[Fault]:
    """Find grants that were refused, for good or as far as the provider's words let one presume (R13)."""
    for record, grant in inventory.grants:
        if isinstance(record.state, NeedsConsent) and (grant.state == NEEDS_CONSENT or grant.refresh_token):
            reason = record.state.reason or "the provider refused the refresh token"
            yield about(record, reason + _served(record.state, inventory.now), login(inventory, record))


@check(
    "TK302",
    Severity.ERROR,
    "An access token has ended, and cannot be refreshed",
    "The provider gave no refresh token; no tool gets a token until you sign in again.",
)
def ended(inventory: Inventory) -> Iterator[Fault]:
    """Find grants without a refresh token whose access token has ended."""
    for record, grant in active(inventory):
        end = consent_end(grant)
        if isinstance(record.state, NeedsConsent) and not grant.refresh_token:
            when = "" if end is None else f" {ago(inventory.now - end)}"
            yield about(record, f"it ended{when}{_served(record.state, inventory.now)}", login(inventory, record))


@check(
    "TK303",
    Severity.WARNING,
    "An access token ends soon, and cannot be refreshed",
    "The provider gave no refresh token; tools stop working when this one ends.",
)
def ends_unrefreshed(inventory: Inventory) -> Iterator[Fault]:
    """Find grants without a refresh token whose access token ends within a day."""
    for record, grant in active(inventory):
        end = None if grant.refresh_token else consent_end(grant)
        if isinstance(record.state, Active) and end is not None and end <= inventory.now + DAY:
            yield about(record, f"it ends {within(end - inventory.now)}", login(inventory, record))


@check(
    "TK304",
    Severity.ERROR,
    "A refresh token is past its end",
    "The provider said when it ends; the next refresh will be refused.",
)
def refresh_token_ended(inventory: Inventory) -> Iterator[Fault]:
    """Refresh tokens whose known end is over."""
    for record, grant in active(inventory):
        end = _refresh_token_end(grant)
        if end is not None and end <= inventory.now:
            yield about(record, f"it ended {ago(inventory.now - end)}", login(inventory, record))


@check(
    "TK305",
    Severity.WARNING,
    "A refresh token ends soon",
    "Spotify and GitHub end it six months after the sign-in, Slack after thirty days; using it does not extend it.",
)
def refresh_token_ends(inventory: Inventory) -> Iterator[Fault]:
    """Refresh tokens that end within two weeks, but those of TK306."""
    for record, grant in active(inventory):
        end = _refresh_token_end(grant)
        if end is not None and inventory.now < end <= inventory.now + SOON and not _in_testing(grant):
            yield about(record, f"it ends {within(end - inventory.now)}", login(inventory, record))


@check(
    "TK306",
    Severity.WARNING,
    "A Google app is still in testing",
    "Google ends every refresh token of such an app seven days after the sign-in.",
)
def google_testing(inventory: Inventory) -> Iterator[Fault]:
    """Find Google grants that last a week."""
    for record, grant in active(inventory):
        end = _refresh_token_end(grant)
        if end is not None and end > inventory.now and _in_testing(grant):
            hint = "set it to In production at https://console.cloud.google.com/auth/audience, then: " + login(
                inventory, record
            )
            yield about(record, f"this one ends {within(end - inventory.now)}", hint)


@check(
    "TK307",
    Severity.NOTE,
    "An account was not used for long",
    "What nobody uses can only get lost; Google ends what was unused for six months.",
)
def unused(inventory: Inventory) -> Iterator[Fault]:
    """Find grants without a refresh, and without a use in the activity log, for three months."""
    for record, grant in active(inventory):
        token = grant.access_token
        uses = (use.at for use in inventory.uses.get(whose(record), ()))
        last = max(grant.authorized_at, token.obtained_at if token else 0.0, *uses)
        if 0 < last < inventory.now - UNUSED:
            yield about(record, f"it was last used {ago(inventory.now - last)}", command(inventory, record, "logout"))


@check(
    "TK315",
    Severity.NOTE,
    "A grant was moved to another place",
    "It is not used here any more, so that the two places do not end each other's session.",
)
def moved(inventory: Inventory) -> Iterator[Fault]:
    """Find grants that `store copy`, or an import that was cut off, has marked as moved."""
    for record, grant in inventory.grants:
        if isinstance(record.state, Moved) and grant.reason == IMPORT_CUT_OFF:  # then it is the only one there is
            hint = inventory.command("import FILE", record.account.owner)
            yield about(record, "its import was cut off before it had its name", f"run the same command again: {hint}")
        elif isinstance(record.state, Moved):
            yield about(record, "this copy is marked as moved", command(inventory, record, "logout", "--local"))


@check(
    "TK316",
    Severity.WARNING,
    "The last refresh failed",
    "A stored token is served as long as it lives; then tools wait until a refresh succeeds.",
)
def failing(inventory: Inventory) -> Iterator[Fault]:
    """Find accounts whose last refresh failed, as their refresh state says."""
    for record, _ in active(inventory):
        failure = record.refresh_state.failure
        refused = isinstance(record.state, NeedsConsent)  # which is TK301
        if failure is not None and failure.at <= inventory.now and not refused:
            hint = failure.hint or command(inventory, record, "refresh")
            often = "once" if failure.failures == 1 else f"{failure.failures} times"
            yield about(record, f"{failure.message} ({often}, last {ago(inventory.now - failure.at)})", hint)


@check(
    "TK317",
    Severity.WARNING,
    "The answer to a refresh was lost",
    "The provider may have replaced the refresh token without our learning it; the next refresh tells.",
)
def lost_answer(inventory: Inventory) -> Iterator[Fault]:
    """Find refreshes that began and never ended."""
    for record, _ in active(inventory):
        began = record.refresh_state.attempt
        if began is not None and began < inventory.now - LOST and record.refresh_state.failure is None:
            yield about(record, f"a refresh began {ago(inventory.now - began)}", command(inventory, record, "refresh"))


CHECKS = (
    needs_consent,
    ended,
    ends_unrefreshed,
    refresh_token_ended,
    refresh_token_ends,
    google_testing,
    unused,
    moved,
    failing,
    lost_answer,
)


def _refresh_token_end(grant: Grant) -> float | None:
    return consent_end(grant) if grant.refresh_token else None


def _served(state: NeedsConsent, now: float) -> str:
    """Say that a token with life left is handed out all the same (R14)."""
    if state.until is None:
        return ""
    left = "" if state.until == inf else f" for {duration(state.until - now)}"
    return f"; the stored token is still handed out{left}"


def _in_testing(grant: Grant) -> bool:
    end = _refresh_token_end(grant)
    return grant.provider == "google" and end is not None and end - grant.authorized_at <= TESTING + DAY
