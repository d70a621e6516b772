"""The device flow (RFC 8628) waits as it is told to, and ends with a word on why."""

import pytest
from tokenkit.errors import AuthorizationError, ClientRefused, ConsentDenied, InvalidAnswer, ProviderUnavailable
from tokenkit.flows.device import sign_in_by_device
from tokenkit.flows.token_endpoint import TokenEndpoint
from tokenkit.provider import Response

from world import CLIENT, World, answer, form

TOKENS = TokenEndpoint("acme", "Acme", "https://acme.example/token", scope_separator=",")
URL = "https://acme.example/device"
START = {
    "device_code": "device-1",
    "user_code": "WDJB-MJHT",
    "verification_uri": "https://acme.example/enter",
    "expires_in": 60,
    "interval": 7,
}
PENDING = answer({"error": "authorization_pending"}, 400)
DONE = answer({"access_token": "a", "refresh_token": "r"})


def sign_in(world, scopes=("x", "y")):
    shown = []
    tokens = sign_in_by_device(world.ctx, TOKENS, URL, CLIENT, scopes, lambda *what: shown.append(what))
    return tokens, shown


def without(*names, **others):
    return {name: value for name, value in {**START, **others}.items() if name not in names}


def test_the_code_is_shown_and_asked_after_until_it_is_entered():
    world = World(answer(START), PENDING, PENDING, DONE)
    tokens, shown = sign_in(world)
    assert tokens.access.reveal() == "a"
    assert shown == [("https://acme.example/enter", "WDJB-MJHT")]
    assert world.slept == [7.0, 7.0, 7.0]
    start, *polls = world.requests
    assert start.url == URL
    assert form(start) == {"scope": "x,y", "client_id": "client-1", "client_secret": "client-secret-1"}
    assert {poll.url for poll in polls} == {"https://acme.example/token"}
    assert form(polls[0]) == {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": "device-1",
        "client_id": "client-1", "client_secret": "client-secret-1",
    }  # fmt: skip


def test_verification_url_is_understood_and_so_is_428():
    """Google's older names."""
    members = without("verification_uri", verification_url="https://www.google.com/device")
    world = World(answer(members), answer({"error": "authorization_pending"}, 428), DONE)
    assert sign_in(world)[1] == [("https://www.google.com/device", "WDJB-MJHT")]


def test_slow_down_adds_five_seconds_for_good():
    """RFC 8628 section 3.5."""
    world = World(answer(START), answer({"error": "slow_down"}, 400), PENDING, DONE)
    sign_in(world)
    assert world.slept == [7.0, 12.0, 12.0]


@pytest.mark.parametrize(("interval", "waits"), [(None, 5.0), ("3", 3.0), (0, 1.0), (-4, 1.0), ("often", 5.0)])
def test_the_interval_is_five_seconds_unless_told_otherwise(interval, waits):
    world = World(answer({**START, "interval": interval}), DONE)
    sign_in(world)
    assert world.slept == [waits]


@pytest.mark.parametrize(
    "trouble",
    [
        ProviderUnavailable("no route", sent=False),
        answer({}, 503),
        answer({}, 429),
        Response(200, (), b"<html>Sign in to the hotel's network</html>"),
        Response(302),
    ],
)
def test_trouble_on_the_way_is_waited_out(trouble):
    """RFC 8628 section 3.5: the interval is doubled; the person may have said yes already."""
    world = World(answer(START), trouble, DONE)
    assert sign_in(world)[0].access.reveal() == "a"
    assert world.slept == [7.0, 14.0]


@pytest.mark.parametrize(("trouble", "kind"), [(answer({}, 503), ProviderUnavailable), (Response(302), InvalidAnswer)])
def test_trouble_that_does_not_pass_is_told_as_such_and_not_as_a_code_that_nobody_has_entered(trouble, kind):
    with pytest.raises(kind):
        sign_in(World(answer(START), *[trouble] * 20))


@pytest.mark.parametrize("members", [START, without("expires_in")])
def test_it_ends_when_the_code_does(members):
    """No request is sent for a code that has expired, and none for ever."""
    world = World(answer(members), *[PENDING] * 200)
    with pytest.raises(AuthorizationError, match="expired"):
        sign_in(world)
    assert sum(world.slept) <= members.get("expires_in", 900)


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        ("access_denied", ConsentDenied, "declined"),
        ("expired_token", AuthorizationError, "expired"),
        ("invalid_grant", AuthorizationError, "invalid_grant"),
    ],
)
def test_an_end_is_told_in_words(error, kind, words):
    world = World(answer(START), answer({"error": error}, 400))
    with pytest.raises(kind, match=words) as caught:
        sign_in(world)
    assert type(caught.value) is kind


def test_a_refused_scope_says_so_and_names_the_way_that_works():
    """R25: Google's device flow refuses Gmail."""
    world = World(answer({"error": "invalid_scope", "error_description": "Invalid device flow scope: x"}, 400))
    with pytest.raises(AuthorizationError, match="Invalid device flow scope: x") as caught:
        sign_in(world)
    assert caught.value.hint == "sign in with a browser: tokenkit login acme"


def test_a_client_of_the_wrong_kind_is_a_matter_of_configuration():
    with pytest.raises(ClientRefused):
        sign_in(World(answer({"error": "unauthorized_client"}, 400)))


@pytest.mark.parametrize(
    "members",
    [
        {},
        without("device_code"),
        without("user_code"),
        without("verification_uri"),
        without(user_code="\x1b[2J"),
        without(user_code="АВС"),
        without(verification_uri="javascript:alert(1)"),
        without(verification_uri="file:///etc/passwd"),
    ],
)
def test_an_answer_that_cannot_be_shown_is_refused(members):
    """R24: only http(s) addresses are shown or opened, and nothing that drives a terminal."""
    with pytest.raises(InvalidAnswer):
        sign_in(World(answer(members)))


def test_tokens_without_an_access_token_are_none():
    with pytest.raises(InvalidAnswer):
        sign_in(World(answer(START), answer({"refresh_token": "r"})))
