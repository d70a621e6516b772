"""When a grant falls due for those who keep grants fresh."""

import pytest
from tokenkit.grants.due import NEVER, due
from tokenkit.token import AccessToken

from world import NOW, grant


def lasting(seconds, **changes):
    token = AccessToken("access-new", expires_at=NOW + seconds, obtained_at=NOW)
    return grant(access_tokens={"": token}, **changes)


@pytest.mark.parametrize("lifetime", [60.0, 3600.0, 86400.0])
def test_it_is_ahead_of_the_end_and_after_callers_have_begun_to_refresh_for_themselves(lifetime):
    """R3: what is in use has just been refreshed, and what is not has most of the margin left."""
    fresh = lasting(lifetime)
    token = fresh.access_token
    margin = NOW + lifetime - token.closing_from()
    drawn = [due(fresh) for _ in range(50)]
    assert all(token.closing(at) for at in drawn)
    assert max(drawn) <= NOW + lifetime - margin * 0.8
    assert len(set(drawn)) > 25, "what an outage has held up must not fall due at once again"


@pytest.mark.parametrize(
    "hopeless",
    [
        lasting(3600, state="needs_consent", reason="revoked"),
        lasting(3600, state="moved"),
        lasting(3600, refresh_token=None),
        lasting(3600, perhaps_spent=True),
        lasting(59),
        grant(access_tokens={}),
        grant(access_tokens={"": AccessToken("for-ever")}),
    ],
    ids=["needs consent", "moved", "no refresh token", "perhaps spent", "short", "no token", "no end"],
)
def test_what_a_refresh_ahead_would_not_help_never_falls_due(hopeless):
    """R12, R13: nothing is sent for what only a person can help, nor ahead for a token that is perhaps spent."""
    assert due(hopeless) == NEVER
