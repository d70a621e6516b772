"""A store that is away, as a database can be: what is served from memory, and for how long (R1, R14)."""

import pytest
from tokenkit.errors import ConsentRequired, StoreUnavailable, UnknownAccount
from tokenkit.token import AccessToken

from scripted import LIFETIME, ScriptedKit
from stores import AwayStore

pytest_plugins = ("faces",)


@pytest.fixture
def kit(tmp_path):
    kit = ScriptedKit(tmp_path, store=AwayStore())
    kit.me = kit.sign_in()
    return kit


def test_memory_serves_for_a_minute_after_the_last_look(kit, token, asked):
    """R14: a token with life left is served, and a sign-out that nobody could see is not served for longer."""
    value = token(asked).value
    kit.records.store.away = True
    for _ in range(59):
        kit.clock.advance(1)
        assert token(asked).value == value
    kit.clock.advance(1)
    with pytest.raises(StoreUnavailable):
        token(asked)


def test_the_minute_begins_anew_with_each_look_that_is_answered(kit, token, asked):
    """R1: it is the last look that counts, not the one that loaded the record."""
    value = token(asked).value
    for _ in range(3):
        kit.records.store.away = False
        kit.clock.advance(1)
        assert token(asked).value == value
        kit.records.store.away = True
        kit.clock.advance(59)
        assert token(asked).value == value


def test_a_sign_out_is_seen_within_a_second_once_the_store_is_back(kit, token, asked, tmp_path):
    """R1: what memory serves meanwhile is not believed for longer than that."""
    token(asked)
    kit.records.store.away = True
    kit.clock.advance(30)
    token(asked)
    kit.records.store.away = False
    ScriptedKit(tmp_path, provider=kit.scripted, clock=kit.clock, store=kit.records.store).logout(asked)
    kit.clock.advance(1)
    with pytest.raises((UnknownAccount, ConsentRequired), match=r"nothing is stored|no account is signed in"):
        token(asked)


def test_a_token_too_short_for_the_caller_is_served_and_not_refreshed_in_vain(kit, token, asked, monkeypatch):
    """R14: a refresh needs the store, and would only block until that is given up."""
    value = token(asked).value
    kit.clock.advance(LIFETIME - 40)
    token(asked)
    kit.records.store.away = True
    kit.clock.advance(1)
    monkeypatch.setattr(kit.refresher, "renew", lambda *_: pytest.fail("a refresh"))
    assert token(asked, min_ttl=600).value == value


def test_a_token_that_an_api_has_rejected_is_not_served(kit, token, asked):
    """R15: the error says that the store is away, for nobody is signed out (R14)."""
    value = token(asked).value
    kit.records.store.away = True
    with pytest.raises(StoreUnavailable):
        token(asked, rejected=AccessToken(value))


def test_a_spent_token_is_an_error_of_the_store(kit, token, asked):
    """R14: never "signed out"."""
    token(asked)
    kit.clock.advance(LIFETIME - 30)
    token(asked)
    kit.records.store.away = True
    kit.clock.advance(31)
    with pytest.raises(StoreUnavailable):
        token(asked)


def test_a_token_that_memory_cannot_serve_is_waited_for(kit, token, asked):
    """R14: a look gives up in a second and a half, and a store that restarts takes longer: then it is loaded."""
    value = token(asked).value
    kit.clock.advance(LIFETIME)
    kit.records.store.looks_fail = True
    assert token(asked).value != value


def test_a_clock_that_was_set_back_serves_nothing_from_memory(kit, token, asked):
    """R1: how long ago the last look was is not known then."""
    token(asked)
    kit.records.store.away = True
    kit.clock.advance(-10)
    with pytest.raises(StoreUnavailable):
        token(asked)
