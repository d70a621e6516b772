"""How an account stands: in words, with the command that helps, and as an exit code."""

from collections.abc import Collection
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING

from tokenkit.cli.brief import brief
from tokenkit.cli.output import to_paste
from tokenkit.duration import duration, within
from tokenkit.errors import ConsentRequired, ProviderUnavailable, StoreError, TokenKitError
from tokenkit.grants.status import Active, Broken, Expired, Expiring, Moved, NeedsConsent, Status, Unavailable
from tokenkit.shell import quoted

if TYPE_CHECKING:
    from tokenkit.kit import TokenKit

ENDS_SOON = 7
"""The exit code of a check where a person has to sign in again before long."""

SEVERITY = (StoreError.exit_code, ConsentRequired.exit_code, ProviderUnavailable.exit_code, ENDS_SOON, 0)
"""The exit codes of a check, the worst first."""


def state_words(status: Status, now: float) -> str:
    """Say in a few words what a tool that asks now gets."""
    match status.state:
        case Active(until):
            return "good, without an end" if until is None else f"good for {duration(until - now)}"
        case Expiring(until):
            return f"good for {duration(until - now)}, about to be refreshed"
        case Expired():
            return "ended, refreshed at the next use"
        case NeedsConsent(_, until):
            return _served(until, now, "none until you sign in")
        case Unavailable(retry_at, _):
            return f"none now, next try {within(retry_at - now)}"
        case Broken(superseded=True, until=until):
            return _served(until, now, "none, a newer grant was used already")
        case Broken():
            return "none, its record cannot be opened"
        case Moved():
            return "none, the grant is in another place"


def _served(until: float | None, now: float, after: str) -> str:
    """Say what a tool gets where nothing refreshes: the stored token `until` then (R14), and `after` that."""
    if until is None:
        return after
    return "good, without an end" if until == inf else f"good for {duration(until - now)}, then {after}"


def reason(status: Status) -> str:
    """Say why there is no token; empty where there is one."""
    match status.state:
        case NeedsConsent(reason):
            return reason
        case Unavailable(_, message) | Broken(message, _) | Moved(message, _):
            return message
        case _:
            return ""


def brief_reason(status: Status) -> str:
    """Return the reason's first clause, for a list; ``status`` has all of it."""
    return brief(reason(status))


def end_words(status: Status, now: float) -> str:
    """Say when the person has to sign in again, as far as that is known; empty where it is not."""
    if isinstance(status.state, NeedsConsent):
        return "now"
    if status.ends_at is None or isinstance(status.state, Moved):
        return ""
    return "now" if status.ends_at <= now else within(status.ends_at - now)


def turns_words(status: Status) -> str:
    """Say that two machines refresh the account in turns; empty where they do not."""
    if not status.taking_turns:
        return ""
    machines = " and ".join(status.taking_turns)
    return f"{machines} refresh it in turns: two copies of one home end each other's session, so sign in anew on one"


def is_fine(status: Status) -> bool:
    """Tell whether a tool that asks now gets a token, perhaps after a refresh."""
    return isinstance(status.state, Active | Expiring | Expired)


def hint_for(status: Status) -> str:
    """Return the command that brings the account back, or keeps it; words where only waiting helps."""
    match status.state:
        case Broken(_, hint) | Moved(_, hint):
            return to_paste(hint)
        case Unavailable():
            return "try again later; nobody is signed out"
        case _:
            return to_paste(f"tokenkit login {quoted(str(status.account))}")


def exit_code(status: Status, now: float, within: float) -> int:
    """Return 0 when a tool that asks gets a token, and nobody has to sign in again `within` seconds."""
    match status.state:
        case Broken() | Moved():
            return StoreError.exit_code
        case NeedsConsent():
            return ConsentRequired.exit_code
        case Unavailable():
            return ProviderUnavailable.exit_code
        case _:
            return ENDS_SOON if status.ends_at is not None and status.ends_at <= now + within else 0


def scope_names(kit: "TokenKit", provider: str, scopes: Collection[str] | None) -> list[str]:
    """Return the scopes of a provider by their short names, where it has such; sorted."""
    short: dict[str, str] = {}
    with suppress(TokenKitError):  # a provider that is gone has no short names
        short = {scope.value: alias for alias, scope in kit.provider(provider).scopes.items()}
    return sorted(short.get(scope, scope) for scope in scopes or ())
