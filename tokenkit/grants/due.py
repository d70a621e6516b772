"""When something is due of a grant: a refresh ahead of time, by a worker; or a new consent, by its person."""

import os

from tokenkit.grant import ACTIVE, Grant
from tokenkit.token import REFRESH_MARGIN, AccessToken

NEVER = float("inf")

SHORTEST = 60.0
"""Seconds that a token must last to be kept fresh: a shorter one would cost more requests than its users make."""

SOON = 14 * 86400.0
"""Seconds before the end of a grant from which its person is told, in events, in the audit and in the dashboard: only
they can put it off."""


def due(grant: Grant) -> float:
    """Return when to refresh the grant (Unix seconds, UTC), infinite for never.

    It is within the first fifth of the time in which a caller's kit refreshes ahead (R3): what is in use has just been
    refreshed then. Where in that fifth is drawn anew at each save, else all that an outage held up would fall due at
    once again. Never is right where only a person can help, or what is stored serves to its end (R12).
    """
    token = grant.access_token
    if grant.state != ACTIVE or not grant.refresh_token or grant.perhaps_spent or token is None:
        return NEVER
    lifetime = token.lifetime()
    if token.expires_at is None or lifetime < SHORTEST:
        return NEVER
    drawn = int.from_bytes(os.urandom(2)) / 65536  # `random` takes longer to import than all else here
    return min(token.closing_from() + drawn * min(REFRESH_MARGIN, lifetime / 5) / 5, token.good_until())


def consent_end(grant: Grant) -> float | None:
    """Return when the person must sign in again (Unix seconds, UTC), as far as that is known; None for not known.

    It is the refresh token's end, or without one the access token's. A refresh token that has worked after its end has
    another one: the clock was wrong when that end was noted.
    """
    token = grant.access_token
    if not grant.refresh_token:
        return None if token is None or token.expires_at is None else token_end(token)
    end = grant.refresh_expires_at
    return None if end is None or (token is not None and token.obtained_at > end) else end


def token_end(token: AccessToken) -> float:
    """Return when a token is no longer given out: its end, or a while after for one expired on arrival (R16)."""
    return token.good_until() if token.expires_at is None else max(token.expires_at, token.good_until())
