"""A refusal that may mean the end of a sign-in is reported at once, latches nothing, and is tried from time to time.

So it is with what a provider says in words of its own (R13). What names no error of the provider's counts for nothing.
"""

import pytest
from tokenkit.cli.status_text import state_words
from tokenkit.errors import ConsentRequired, InvalidAnswer, ProviderError, ProviderUnavailable
from tokenkit.grant import ACTIVE
from tokenkit.grants.status import Active, NeedsConsent
from tokenkit.oauth2 import OAuth2
from tokenkit.provider import AuthorizationAnswer, AuthorizationRequest, Response

from scripted import ScriptedKit, expire, stored, unavailable
from world import CLIENT, World, answer

MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.fixture
def kit(tmp_path):
    kit = ScriptedKit(tmp_path)
    kit.me = kit.sign_in()
    return kit


def presumed():
    return ConsentRequired("refused", reason="it says so in its own words", presumed=True)


def refuse(kit):
    kit.scripted.will(presumed())
    with pytest.raises(ConsentRequired, match="its own words") as caught:
        kit.token("scripted")
    return caught.value


def test_it_is_reported_at_once_with_the_command_and_shared_by_all(kit):
    """R13: one request for any number of askers; the record is not touched."""
    expire(kit)
    error = refuse(kit)
    assert (error.presumed, error.account, error.hint) == (True, str(kit.me), f"tokenkit login {kit.me}")
    for _ in range(3):
        with pytest.raises(ConsentRequired, match="its own words") as caught:
            kit.token("scripted")
        assert caught.value.presumed
    assert kit.scripted.refreshes == 1
    assert stored(kit).state == ACTIVE
    assert isinstance(kit.status("scripted").state, NeedsConsent)
    assert "its own words" in kit.status("scripted").state.reason
    assert state_words(kit.status("scripted"), kit.clock.now())


def test_it_is_tried_after_a_minute_ten_minutes_an_hour_and_then_daily(kit):
    """R13: the pauses grow, so that a provider that means it is not asked for ever."""
    expire(kit)
    refuse(kit)
    for pause in (MINUTE, 10 * MINUTE, HOUR, DAY, DAY, DAY):
        asked = kit.scripted.refreshes
        kit.clock.advance(pause - 1)
        with pytest.raises(ConsentRequired):
            kit.token("scripted")
        assert kit.scripted.refreshes == asked
        kit.clock.advance(2)
        refuse(kit)
        assert kit.scripted.refreshes == asked + 1


def test_one_success_clears_it(kit):
    """R13: the presumption was wrong then."""
    expire(kit)
    refuse(kit)
    kit.clock.advance(MINUTE + 1)
    assert kit.token("scripted").value
    assert isinstance(kit.status("scripted").state, Active)
    expire(kit)
    refuse(kit)
    kit.clock.advance(MINUTE + 1)
    assert kit.token("scripted").value, "the pauses begin anew"


def test_a_person_may_try_at_once(kit):
    expire(kit)
    refuse(kit)
    assert kit.refresh("scripted", force=True)
    assert kit.token("scripted").value


def test_trouble_of_the_network_meanwhile_clears_nothing_and_adds_nothing(kit):
    """R13, R14: the person is asked for until it works, and the pauses go on where they were."""
    expire(kit)
    refuse(kit)
    kit.clock.advance(MINUTE + 1)
    kit.scripted.will(unavailable(sent=False))
    with pytest.raises(ProviderUnavailable):
        kit.token("scripted")
    assert isinstance(kit.status("scripted").state, NeedsConsent)
    kit.clock.advance(5 * MINUTE)
    refuse(kit)
    assert kit.refresher.note(kit.me).failure.retry_at == kit.clock.now() + 10 * MINUTE


def test_a_token_with_life_left_is_served_all_the_same(kit):
    """R14: a presumption ends no token that still works."""
    token = kit.token("scripted")
    kit.scripted.will(presumed())
    with pytest.raises(ConsentRequired):
        kit.refresh("scripted")
    assert kit.token("scripted").value == token.value
    assert isinstance(kit.status("scripted").state, NeedsConsent)


# What a proxy says, for hours

ACME = OAuth2(
    name="scripted",
    title="Acme",
    authorization_endpoint="https://acme.example/a",
    token_endpoint="https://acme.example/t",
)
PAGE = b'<html><script>var config = {"error": "invalid_grant"}</script>Sign in to the hotel\'s network</html>'
PROXY = {
    "a page with 200": Response(200, (("Content-Type", "text/html"),), PAGE),
    "a page with 403": Response(403, (("Content-Type", "text/html"),), b"<html>Forbidden</html>"),
    "a page with 407": Response(407, (("Content-Type", "text/html"),), b"<html>Proxy</html>"),
    "a page with 502": Response(502, (("Content-Type", "text/html"),), PAGE),
    "a redirect": Response(302, (("Location", "https://portal.example/"),)),
    "an empty 400": Response(400),
    "an empty 200": Response(200),
    "busy, with words": answer({"error": "invalid_grant"}, 429),
    "in trouble, with words": answer({"error": "invalid_grant"}, 503),
}


@pytest.mark.parametrize("what", PROXY)
def test_what_a_proxy_says_for_hours_signs_nobody_out(kit, what):
    """R13, R14: HTML, redirects, 429 and 5xx never count, and the next good answer is used."""
    pending = ACME.begin(World().ctx, CLIENT, AuthorizationRequest("http://127.0.0.1:1/callback/scripted"))
    given = AuthorizationAnswer({"state": pending.state.reveal(), "code": "c"})
    world = World(answer({"access_token": "a", "refresh_token": "r", "expires_in": 3600}))
    grant = ACME.complete(world.ctx, CLIENT, pending, given)
    for _ in range(48):
        with pytest.raises(ProviderError) as caught:
            ACME.refresh(World(PROXY[what]).ctx, CLIENT, grant)
        assert isinstance(caught.value, InvalidAnswer | ProviderUnavailable) or type(caught.value) is ProviderError
    expire(kit)
    for _ in range(12):
        kit.scripted.will(caught.value, caught.value)
        with pytest.raises(ProviderError):
            kit.token("scripted")
        assert not isinstance(kit.status("scripted").state, NeedsConsent)
        kit.clock.advance(HOUR)
    kit.scripted.script.clear()
    assert kit.token("scripted").value
