"""What only the provider knows: opt-in, by a request or two for each account that has a good access token.

It is introspection (RFC 7662) where the provider has that and tells us, else the identity call; nothing is refreshed,
and so nothing rotates. Only the kit's own owner is asked for.
"""

from collections.abc import Iterator
from contextlib import suppress
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import NamedTuple

from tokenkit.audit.check import Fault, Severity, check
from tokenkit.audit.found_record import FoundRecord
from tokenkit.audit.inventory import Inventory
from tokenkit.audit.wording import about, active, command, login
from tokenkit.errors import ConfigurationError, FileRefused, ProviderUnavailable, TokenKitError
from tokenkit.grant import Grant
from tokenkit.grants.bound_to import check_bound, within
from tokenkit.kit import TokenKit
from tokenkit.plugins import guarded
from tokenkit.provider import ClientRegistration, Context, Identity, Provider, Request, Response

CLOCK_SKEW = 60.0
"""Seconds by which our clock and the server's may differ."""


Outcome = Identity | bool | TokenKitError
"""Whose account it is, whether its token is active, or why neither is known."""


class Answer(NamedTuple):
    """What a provider answered about an account: its response, and what the plugin made of it."""

    record: FoundRecord
    grant: Grant
    response: Response | None
    outcome: Outcome


@check(
    "TK501",
    Severity.ERROR,
    "The provider does not accept the access token",
    "It was revoked, or belongs to another app; what tokenkit has stored says nothing of that.",
)
def refused(inventory: Inventory) -> Iterator[Fault]:
    """Find access tokens that the provider calls inactive, or answers with 401 or 403."""
    for answer in _answers(inventory):
        status = 0 if answer.response is None else answer.response.status
        if answer.outcome is False or status in (401, 403):
            what = "it says that the token is not active" if answer.outcome is False else f"it answered HTTP {status}"
            anew = login(inventory, answer.record)
            if answer.grant.refresh_token:
                anew = f"{command(inventory, answer.record, 'refresh')}, or: {anew}"
            yield about(answer.record, what, anew)


@check(
    "TK502",
    Severity.ERROR,
    "The account is somebody else's",
    "Tools would read and write in another person's name.",
)
def somebody_else(inventory: Inventory) -> Iterator[Fault]:
    """Find access tokens that the provider says are another subject's."""
    for answer in _answers(inventory):
        if isinstance(answer.outcome, Identity) and answer.grant.subject not in ("", answer.outcome.subject):
            yield about(
                answer.record, f"the provider says that it is {answer.outcome.name}'s", login(inventory, answer.record)
            )


@check(
    "TK503",
    Severity.WARNING,
    "The clock is wrong",
    "Whether a token is still good is told by the clock: with a wrong one it is refreshed too often, or too late.",
)
def clock(inventory: Inventory) -> Iterator[Fault]:
    """Find a difference between our clock and a provider's, by more than a minute."""
    for answer in _answers(inventory):
        skew = _skew(answer.response)
        if abs(skew) > CLOCK_SKEW:
            where = f"the clock of {answer.record.account.provider}"
            yield Fault(where, f"ours differs from it by {abs(skew):.0f} seconds", "sudo timedatectl set-ntp true")
            return


@check(
    "TK504",
    Severity.WARNING,
    "The provider could not be asked",
    "Whether the account works there is not known.",
)
def unreachable(inventory: Inventory) -> Iterator[Fault]:
    """Find providers that gave no answer, or one that says to come later."""
    for answer in _answers(inventory):
        if isinstance(answer.outcome, ProviderUnavailable):
            yield about(answer.record, str(answer.outcome), answer.outcome.hint or "try again later")


CHECKS = (refused, somebody_else, clock, unreachable)


def refresh_all(kit: TokenKit) -> None:
    """Refresh every account that can be, now. How that went is kept with the accounts, where the checks find it."""
    with suppress(FileRefused):  # what lies in a folder's place hides no other; a check of files reports it
        for account in kit.records.each_account():
            with suppress(TokenKitError):
                kit.refresh(str(account))


@lru_cache(maxsize=1)
def _answers(inventory: Inventory) -> list[Answer]:
    """Ask once for all of these checks."""
    return [answer for record, grant in active(inventory) for answer in _ask(inventory, record, grant)]


def _ask(inventory: Inventory, record: FoundRecord, grant: Grant) -> Iterator[Answer]:
    provider = inventory.provider_of(record)
    token = grant.access_token
    if isinstance(provider, TokenKitError) or record.account.owner != inventory.kit.owner:
        return
    if token is None or not token.good(inventory.now):
        return
    responses: list[Response] = []

    def send(request: Request) -> Response:
        responses.append(inventory.kit.context.send(request))
        return responses[-1]

    context = within(inventory.kit.context._replace(send=send), record.account, grant, provider)
    outcome: Outcome | None
    try:
        outcome = _introspected(inventory, record, provider, context, grant)
        if outcome is None and provider.identify is not None:
            client = ClientRegistration(grant.client_id)
            check_bound(record.account, grant, provider, grant.client_id, "identify")
            outcome = guarded(provider, "identify", provider.identify, context, client, grant)
    except TokenKitError as error:
        outcome = error
    if outcome is not None and (responses or isinstance(outcome, TokenKitError)):
        yield Answer(record, grant, responses[-1] if responses else None, outcome)


def _introspected(
    inventory: Inventory, record: FoundRecord, provider: Provider, context: Context, grant: Grant
) -> bool | None:
    """Tell whether the token is active, asked with the client's secret, and so only where the grant is from (R17)."""
    if provider.introspect is None:
        return None
    try:
        client = inventory.kit.client(provider)
        check_bound(record.account, grant, provider, client.client_id, "introspect")
    except ConfigurationError:
        return None
    return guarded(provider, "introspect", provider.introspect, context, client, grant)


def _skew(response: Response | None) -> float:
    """Return the seconds that the server's clock is ahead of ours, by its ``Date`` (RFC 9110 section 6.6.1)."""
    try:
        date = parsedate_to_datetime((response.header("date") if response else None) or "")
    except ValueError:
        return 0.0
    return 0.0 if response is None else date.timestamp() - response.at
