"""What a caller needs of a token that is not in hand, and what a flight brought back."""

from collections.abc import Collection
from typing import NamedTuple

from tokenkit.grant import MOVED, Grant
from tokenkit.grants.sealed_store import StoredGrant
from tokenkit.token import Secret

SERVED_WAIT = 3.0
"""Seconds for which a lease is waited for while the stored token has life left: then that is served (R14)."""


class RefreshJob(NamedTuple):
    """What a caller needs of a token that is not in hand.

    `rejected` is a token value that an API has refused (R15); `newer_than` a generation that a person wants refreshed;
    `early` asks for the refresh ahead of the end (R3); `force` tries even what is known to be hopeless (R10, R13);
    `scopes` are those that the caller named.
    """

    min_ttl: float = 0.0
    rejected: Secret | None = None
    newer_than: int | None = None
    early: bool = False
    force: bool = False
    scopes: Collection[str] = ()

    def met_by(self, grant: Grant, now: float, *, confirmed: bool = False) -> bool:
        """Tell whether the grant's access token is all that is needed; `confirmed` as in `RefreshState`."""
        token = grant.access_token
        min_ttl = 0.0 if grant.perhaps_spent else self.min_ttl  # such a token is served to its end (R12)
        if token is None or grant.state == MOVED or not token.good(now, min_ttl):
            return False
        if self.newer_than is not None:
            return grant.generation > self.newer_than
        if self.rejected is not None:
            return confirmed or token.value != self.rejected.reveal()
        return not (self.early and token.closing(now))


class RefreshOutcome(NamedTuple):
    """What a flight brought back, and whether it asked the provider for it (else somebody else had).

    `confirmed` as in `RefreshState`.
    """

    held: StoredGrant
    refreshed: bool
    confirmed: bool = False

    def meets(self, need: RefreshJob, now: float) -> bool:
        """Tell whether this is all that can be had: the flight may have been begun by a caller who needed less."""
        return self.refreshed or need.met_by(self.held.grant, now, confirmed=self.confirmed)
