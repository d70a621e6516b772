"""Refreshes that would be in vain, for good or for now: what is raised, so that nothing is sent (R10, R12, R13)."""

from tokenkit.account import Account
from tokenkit.errors import GrantMoved, GrantSuperseded
from tokenkit.grant import MOVED, NEEDS_CONSENT, Grant
from tokenkit.grants.refresh_errors import consent_required
from tokenkit.grants.refresh_state import RefreshState
from tokenkit.shell import quoted

IMPORT_CUT_OFF = "its import was cut off"
"""The `reason` of a grant that an import has marked as moved: to the name that its account was to get."""


def refuse_hopeless(account: Account, grant: Grant, note: RefreshState) -> None:
    """Raise the error that only a person can help against, so that nothing is sent (R10, R13)."""
    if grant.state == MOVED and grant.reason == IMPORT_CUT_OFF:
        raise GrantMoved(
            f"the import of {account} was cut off before it had its name",
            hint="run the same command again: tokenkit import FILE; nothing is sent twice",
            account=str(account),
        )
    if grant.state == MOVED:
        raise GrantMoved(
            f"the grant of {account} was moved to another place",
            hint=f"use the store that it is in now (TOKENKIT_STORE); else: tokenkit login {quoted(str(account))}",
            account=str(account),
        )
    if grant.state == NEEDS_CONSENT:
        raise consent_required(account, grant.reason)
    if grant.generation < note.newest:
        whose = quoted(str(account))
        raise GrantSuperseded(
            f"the stored grant of {account} is older than one already used: a restored backup, a synced folder, or "
            "a database that failed over to a replica behind it",
            hint=f"tokenkit refresh {whose} --force, or sign in again: tokenkit login {whose}",
            account=str(account),
        )


def share_failure(account: Account, note: RefreshState, began: float, now: float) -> None:
    """Raise the failure of the last request for those who waited for it, or come too soon after it (R5, R12).

    `began` is since when the caller waits. A failure from the future is of a clock that was stepped back since: it
    stops nobody.
    """
    failure = note.failure
    if failure is not None and (began <= failure.at <= now or failure.holds(now)):
        raise failure.error(str(account))
