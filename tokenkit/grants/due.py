"""When a grant should be refreshed by those who do that ahead of time: by a worker, where nobody has asked for it."""

import os

from tokenkit.grant import ACTIVE, Grant
from tokenkit.token import REFRESH_MARGIN

NEVER = float("inf")

SHORTEST = 60.0
"""Seconds that a token must last to be kept fresh: a shorter one would cost more requests than its users make."""


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
