"""The sandbox's authorization code flow and refresh, as strict as a real one, at Google and at Spotify."""

from base64 import b64encode

import pytest
from tokenkit.errors import AuthorizationError
from tokenkit.provider import Request
from tokenkit.sandbox import Client

from at_sandbox import BASE, CLIENTS, REDIRECT, TOKEN_PATHS, World, error, query

FLAVOURS = ("google", "spotify")
USERINFO = {"google": "/google/v1/userinfo", "spotify": "/spotify/v1/me"}

both = pytest.mark.parametrize("flavour", FLAVOURS)


@pytest.fixture
def world() -> World:
    return World()


@both
def test_a_code_is_exchanged_for_tokens_that_the_api_takes(world: World, flavour: str) -> None:
    answer = world.exchange(flavour, world.code(flavour))
    members = answer.json_object()
    assert answer.status == 200
    assert answer.header("Cache-Control") == "no-store"
    assert (members["token_type"], members["expires_in"]) == ("Bearer", 3600)
    assert members["refresh_token"]
    assert world.get(USERINFO[flavour], members["access_token"]).status == 200


@both
def test_the_answer_brings_the_state_back(world: World, flavour: str) -> None:
    assert query(world.authority.approve(world.authorization_url(flavour)))["state"] == "the-state"


@both
def test_a_code_serves_once_and_a_second_use_ends_what_the_first_one_got(world: World, flavour: str) -> None:
    """RFC 6749 section 4.1.2."""
    code = world.code(flavour)
    first = world.exchange(flavour, code).json_object()
    assert error(world.exchange(flavour, code)) == (400, "invalid_grant")
    assert world.get(USERINFO[flavour], first["access_token"]).status == 401
    assert error(world.refresh(flavour, first["refresh_token"])) == (400, "invalid_grant")


@both
def test_a_code_expires(world: World, flavour: str) -> None:
    code = world.code(flavour)
    world.clock.advance(600)
    assert error(world.exchange(flavour, code)) == (400, "invalid_grant")


@both
@pytest.mark.parametrize(
    "verifier", ["another-verifier-that-is-long-enough-to-be-00", "short", None], ids=["another", "short", "none"]
)
def test_pkce_is_verified(world: World, flavour: str, verifier: str | None) -> None:
    assert error(world.exchange(flavour, world.code(flavour), code_verifier=verifier)) == (400, "invalid_grant")


@both
@pytest.mark.parametrize("changes", [{"code_challenge": None}, {"code_challenge_method": "plain"}])
def test_a_client_that_drops_pkce_is_sent_back(world: World, flavour: str, changes: dict[str, str | None]) -> None:
    """R23: never ``plain``, never dropped."""
    answer = query(world.authority.approve(world.authorization_url(flavour, **changes)))
    assert (answer["error"], answer["state"]) == ("invalid_request", "the-state")


@both
def test_the_code_is_bound_to_its_redirect_uri(world: World, flavour: str) -> None:
    other = REDIRECT[flavour].replace("50000", "50001")
    status, _ = error(world.exchange(flavour, world.code(flavour), redirect_uri=other))
    assert status == 400


@both
@pytest.mark.parametrize(
    "redirect_uri",
    [
        "https://evil.example/callback/google",
        "http://127.0.0.1:50000/callback/other",
        "http://127.0.0.1:50000/callback/google/more",
        "http://127.0.0.1:50000/callback/google?a=b",
        "http://user@127.0.0.1:50000/callback/google",
        "http://127.0.0.1.evil.example/callback/google",
        "http://127.0.0.1:nonsense/callback/google",
        "",
    ],
)
def test_nobody_is_sent_to_a_redirect_uri_that_is_not_registered(world: World, flavour: str, redirect_uri: str) -> None:
    """RFC 6749 section 4.1.2.1: an error page, not a redirect."""
    wrong = redirect_uri.replace("google", flavour)
    with pytest.raises(AuthorizationError, match=r"shows no consent screen: .*redirect"):
        world.authority.approve(world.authorization_url(flavour, redirect_uri=wrong))


@both
def test_any_loopback_port_is_accepted_and_others_can_be_registered(world: World, flavour: str) -> None:
    """RFC 8252 section 7.3."""
    world.authority.registry.redirect_uris[flavour].append("https://dashboard.example/callback")
    for uri in (f"http://127.0.0.1:1/callback/{flavour}", f"http://[::1]:2/callback/{flavour}"):
        assert world.authority.approve(world.authorization_url(flavour, redirect_uri=uri)).startswith(f"{uri}?")
    uri = "https://dashboard.example/callback"
    assert world.authority.approve(world.authorization_url(flavour, redirect_uri=uri)).startswith(f"{uri}?")


@both
def test_a_denial_a_wrong_scope_and_a_wrong_response_type_go_back_with_the_state(world: World, flavour: str) -> None:
    denied = query(world.authority.approve(world.authorization_url(flavour), deny=True))
    assert (denied["error"], denied["state"]) == ("access_denied", "the-state")
    for changes, expected in (
        ({"scope": "nonsense"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
    ):
        answer = query(world.authority.approve(world.authorization_url(flavour, **changes)))
        assert (answer["error"], answer["state"]) == (expected, "the-state")


@both
def test_another_client_can_neither_redeem_a_code_nor_refresh(world: World, flavour: str) -> None:
    world.authority.registry.clients[flavour].append(Client("other", "other-secret"))
    other = {"client_id": "other", "client_secret": "other-secret"}
    assert error(world.exchange(flavour, world.code(flavour), **other)) == (400, "invalid_grant")
    tokens = world.tokens(flavour, prompt="consent")
    assert error(world.refresh(flavour, tokens["refresh_token"], **other)) == (400, "invalid_grant")


@both
@pytest.mark.parametrize("wrong", [{"client_id": "nobody"}, {"client_secret": "wrong"}], ids=["client", "secret"])
def test_a_client_that_is_not_known_is_refused(world: World, flavour: str, wrong: dict[str, str]) -> None:
    assert error(world.exchange(flavour, world.code(flavour), **wrong))[1] == "invalid_client"


@both
def test_a_client_may_authenticate_by_basic_and_in_one_way_only(world: World, flavour: str) -> None:
    """RFC 6749 section 2.3."""
    client, tokens = CLIENTS[flavour], world.tokens(flavour)
    basic = b64encode(f"{client.client_id}:{client.client_secret}".encode()).decode()
    fields = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    url, headers = BASE + TOKEN_PATHS[flavour], (("Authorization", f"Basic {basic}"),)
    assert world.authority.handle(Request.form(url, fields, headers)).status == 200
    twice = {**fields, "client_id": client.client_id, "client_secret": client.client_secret}
    assert error(world.authority.handle(Request.form(url, twice, headers))) == (400, "invalid_request")


@both
def test_a_parameter_given_twice_is_refused(world: World, flavour: str) -> None:
    """RFC 6749 section 3.2."""
    url = BASE + TOKEN_PATHS[flavour]
    form = (("Content-Type", "application/x-www-form-urlencoded"),)
    assert error(world.authority.handle(Request("POST", url, form, b"code=1&code=2"))) == (400, "invalid_request")


@both
def test_an_unknown_grant_type_is_refused(world: World, flavour: str) -> None:
    assert error(world.exchange(flavour, "x", grant_type="password")) == (400, "unsupported_grant_type")


@both
def test_access_tokens_end_when_they_say_and_shorter_lives_can_be_asked_for(world: World, flavour: str) -> None:
    world.authority.lifetimes.change(access=5)
    tokens = world.tokens(flavour)
    assert tokens["expires_in"] == 5
    world.clock.advance(4)
    assert world.get(USERINFO[flavour], tokens["access_token"]).status == 200
    world.clock.advance(1)
    assert world.get(USERINFO[flavour], tokens["access_token"]).status == 401


@both
def test_a_refresh_gives_a_new_access_token_and_no_refresh_token(world: World, flavour: str) -> None:
    """Neither Google nor Spotify rotates."""
    tokens = world.tokens(flavour)
    renewed = world.refresh(flavour, tokens["refresh_token"]).json_object()
    assert renewed["access_token"] != tokens["access_token"]
    assert "refresh_token" not in renewed
    assert world.refresh(flavour, tokens["refresh_token"]).status == 200


@both
def test_a_refresh_may_narrow_the_scopes_and_never_widen_them(world: World, flavour: str) -> None:
    """RFC 6749 section 6."""
    wide, one = {
        "google": ("openid https://www.googleapis.com/auth/gmail.send", "openid"),
        "spotify": ("user-read-email streaming", "streaming"),
    }[flavour]
    tokens = world.tokens(flavour, scope=wide)
    assert world.refresh(flavour, tokens["refresh_token"], scope=one).json_object()["scope"] == one
    more = {"google": "https://mail.google.com/", "spotify": "user-top-read"}[flavour]
    assert error(world.refresh(flavour, tokens["refresh_token"], scope=more)) == (400, "invalid_scope")


@both
def test_rotation_replaces_the_refresh_token_and_reuse_ends_the_whole_family(flavour: str) -> None:
    """RFC 9700 section 4.14.2: the session that R5 is there to save."""
    world = World(rotating=("google", "spotify"))
    first = world.tokens(flavour)
    second = world.refresh(flavour, first["refresh_token"]).json_object()
    assert second["refresh_token"] != first["refresh_token"]
    assert error(world.refresh(flavour, first["refresh_token"])) == (400, "invalid_grant")
    assert error(world.refresh(flavour, second["refresh_token"])) == (400, "invalid_grant")
    assert world.get(USERINFO[flavour], second["access_token"]).status == 401


def test_one_family_that_dies_leaves_another_of_the_same_person_alone() -> None:
    world = World(rotating=("spotify",))
    one, two = world.tokens("spotify"), world.tokens("spotify")
    world.refresh("spotify", one["refresh_token"])
    world.refresh("spotify", one["refresh_token"])
    assert world.refresh("spotify", two["refresh_token"]).status == 200


@both
def test_a_refresh_token_may_be_given_an_end_that_counts_from_the_authorization(flavour: str) -> None:
    world = World(refresh_lifetime=7 * 86400.0)
    token = world.tokens(flavour)["refresh_token"]
    world.clock.advance(7 * 86400 - 1)
    assert world.refresh(flavour, token).status == 200
    world.clock.advance(1)
    assert error(world.refresh(flavour, token)) == (400, "invalid_grant")


@both
def test_a_person_who_removes_the_app_ends_everything_it_has_of_them(world: World, flavour: str) -> None:
    mine, yours = world.tokens(flavour), world.tokens(flavour, as_user="you@example.com")
    world.authority.withdraw(flavour, "me@example.com")
    assert world.get(USERINFO[flavour], mine["access_token"]).status == 401
    assert error(world.refresh(flavour, mine["refresh_token"])) == (400, "invalid_grant")
    assert world.get(USERINFO[flavour], yours["access_token"]).status == 200


def test_a_token_of_one_provider_is_worth_nothing_at_the_other(world: World) -> None:
    google, spotify = world.tokens("google"), world.tokens("spotify")
    assert world.get(USERINFO["spotify"], google["access_token"]).status == 401
    assert world.get(USERINFO["google"], spotify["access_token"]).status == 401
    assert error(world.refresh("google", spotify["refresh_token"])) == (400, "invalid_grant")


@both
def test_a_token_in_the_query_is_not_taken(world: World, flavour: str) -> None:
    token = world.tokens(flavour)["access_token"]
    assert world.get(f"{USERINFO[flavour]}?access_token={token}").status == 401


def test_a_response_says_when_its_request_was_sent(world: World) -> None:
    """Expiry counts from there (`Response.at`), also when the answer was slow."""
    world.authority.next("userinfo", delay=30)
    began = world.clock.now()
    assert world.get("/google/v1/userinfo").at == began
    assert world.clock.now() == began + 30
