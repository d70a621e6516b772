"""The one judgement whether a token is still good, which the core and the fast path share (R3, R14, R16)."""

import json

import pytest
from tokenkit.token import AccessToken, usable

from test_grant import GRANT, shown

RECORD = shown(GRANT)


def token(lifetime, obtained_at=1000.0):
    return AccessToken("t", expires_at=obtained_at + lifetime, obtained_at=obtained_at)


@pytest.mark.parametrize(
    ("lifetime", "age", "good"),
    [(3600, 0, True), (3600, 3589, True), (3600, 3591, False), (2, 1.8, True), (2, 1.95, False), (100, 96, False)],
)
def test_a_token_is_good_until_shortly_before_its_end(lifetime, age, good):
    """How shortly follows from its lifetime."""
    assert token(lifetime).good(1000 + age) is good


def test_a_token_without_an_end_is_always_good():
    """Pocket, classic GitHub: no expiry is not "expired"."""
    assert AccessToken("t").good(1e12, min_ttl=1e9)


@pytest.mark.parametrize(
    ("lifetime", "age", "due"), [(3600, 3299, False), (3600, 3301, True), (10, 7.9, False), (10, 8.1, True)]
)
def test_the_refresh_ahead_of_the_end_is_due_a_fifth_or_five_minutes_before_it(lifetime, age, due):
    """R3: how close to the end follows from the lifetime."""
    assert token(lifetime).closing(1000 + age) is due


def test_a_token_from_the_future_is_not_good_and_yet_alive():
    """The clock was stepped back: nobody can tell how old it is."""
    assert not token(3600).good(900)
    assert token(3600).alive(900)


def test_a_token_that_was_dead_on_arrival_is_used_for_a_minute():
    """R16: else every call would refresh it."""
    assert token(0).good(1059)
    assert not token(0).good(1061)


def test_a_token_that_was_dead_on_arrival_calls_for_no_refresh_ahead_of_its_end():
    """R16: else every look would refresh it, not one a minute."""
    assert not AccessToken("value", expires_at=1000.0, obtained_at=1000.0).closing(1005.0)


def test_a_record_gives_its_token_only_if_it_is_good_for_what_is_asked():
    assert usable(RECORD, 1500).value == "access-1"
    assert usable(RECORD, 1500, scopes=["a"])
    assert usable(RECORD, 1500, scopes=["b"]) is None
    assert usable(RECORD, 1995) is None
    assert usable(RECORD, 1500, min_ttl=600) is None
    assert usable({**RECORD, "state": "moved"}, 1500) is None
    assert usable({**RECORD, "access_tokens": {}}, 1500) is None


def test_a_refused_grant_still_gives_the_token_that_has_life_left():
    """R14: a token with life left is always served."""
    assert usable({**RECORD, "state": "needs_consent"}, 1500)


def test_a_token_refuses_json():
    with pytest.raises(TypeError):
        json.dumps(token(1))


@pytest.mark.parametrize(
    ("told", "begins"),
    [(None, 4300), (1000 + 3240, 4300), (1000 + 3500, 4500), (0, 4300), (1000 + 7200, 4590)],
)
def test_no_refresh_ahead_of_the_end_begins_before_the_provider_allows_it(told, begins):
    """It is no reason to let a token end (R3): what the provider says for later than that is not waited for."""
    held = AccessToken("t", expires_at=4600.0, obtained_at=1000.0, refresh_from=told)
    assert held.closing_from() == begins
    assert not held.closing(begins - 1)


def test_what_the_provider_allows_later_keeps_no_token_that_has_ended():
    """A refresh that is needed waits for nothing."""
    held = AccessToken("t", expires_at=4600.0, obtained_at=1000.0, refresh_from=1e9)
    assert not held.good(4595.0)
    assert not held.good(4000.0, min_ttl=1200.0)
