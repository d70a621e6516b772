"""What is Google's own in the sandbox."""

from base64 import urlsafe_b64encode

import pytest
from tokenkit.errors import AuthorizationError, UsageError

from at_sandbox import BASE, World, error, query

AUTH = "https://www.googleapis.com/auth/"
READ, SEND = f"{AUTH}gmail.readonly", f"{AUTH}gmail.send"
MESSAGES = "/google/gmail/v1/users/me/messages"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture
def world() -> World:
    return World()


def test_the_secret_is_required_although_pkce_is_used(world: World) -> None:
    answer = world.exchange("google", world.code("google"), client_secret=None)
    assert answer.status == 400
    assert answer.json_object()["error_description"] == "client_secret is missing."


def test_a_refresh_token_comes_the_first_time_only_unless_it_is_pressed_for(world: World) -> None:
    assert "refresh_token" not in world.tokens("google", access_type=None)
    assert "refresh_token" not in world.tokens("google"), "consent was given before"
    assert "refresh_token" in world.tokens("google", prompt="consent")
    assert "refresh_token" in world.tokens("google", as_user="you@example.com")
    world.authority.withdraw("google", "me@example.com")
    assert "refresh_token" in world.tokens("google"), "the first time again"


def test_the_person_may_grant_fewer_scopes_than_were_asked_for(world: World) -> None:
    url = world.authorization_url("google", scope=f"openid {READ} {SEND}")
    answer = query(world.authority.approve(url, only=["openid", SEND]))
    assert answer["scope"] == f"{SEND} openid"
    tokens = world.exchange("google", answer["code"]).json_object()
    assert tokens["scope"] == f"{SEND} openid"
    assert world.get(MESSAGES, tokens["access_token"]).status == 403


def test_a_scope_that_was_not_asked_for_cannot_be_ticked(world: World) -> None:
    with pytest.raises(UsageError, match="no box"):
        world.authority.approve(world.authorization_url("google", scope="openid"), only=[SEND])


def test_earlier_consents_are_merged_when_that_is_asked_for(world: World) -> None:
    world.tokens("google", scope=f"openid {READ}")
    assert READ not in world.tokens("google", scope=SEND)["scope"]
    assert READ in world.tokens("google", scope=SEND, include_granted_scopes="true")["scope"]


def test_short_scopes_come_back_by_their_long_names(world: World) -> None:
    assert world.tokens("google", scope="email profile")["scope"] == f"{AUTH}userinfo.email {AUTH}userinfo.profile"


def test_the_redirect_names_the_issuer(world: World) -> None:
    """RFC 9207."""
    assert query(world.authority.approve(world.authorization_url("google")))["iss"] == f"{BASE}/google"


def test_a_silent_request_and_one_without_scopes_are_sent_back(world: World) -> None:
    for changes, expected in (({"prompt": "none"}, "interaction_required"), ({"scope": ""}, "invalid_request")):
        assert query(world.authority.approve(world.authorization_url("google", **changes)))["error"] == expected


def test_userinfo_tells_what_the_scopes_allow(world: World) -> None:
    both = world.get("/google/v1/userinfo", world.tokens("google", scope="openid email")["access_token"]).json_object()
    assert both["email"] == "me@example.com"
    assert len(both["sub"]) == 21
    one = world.get("/google/v1/userinfo", world.tokens("google", scope="openid")["access_token"]).json_object()
    assert one == {"sub": both["sub"]}
    assert world.get("/google/v1/userinfo", world.tokens("google", scope=READ)["access_token"]).status == 403


def test_mail_is_listed_and_sent(world: World) -> None:
    token = world.tokens("google", scope=f"{READ} {SEND}")["access_token"]
    before = world.get(MESSAGES, token).json_object()
    raw = urlsafe_b64encode(b"To: you@example.com\r\nSubject: hi\r\n\r\nhello").decode()
    sent = world.post_json(f"{MESSAGES}/send", {"raw": raw}, token)
    after = world.get(MESSAGES, token).json_object()
    assert sent.json_object()["labelIds"] == ["SENT"]
    assert after["messages"][0]["id"] == sent.json_object()["id"]
    assert after["resultSizeEstimate"] == before["resultSizeEstimate"] + 1
    assert world.post_json(f"{MESSAGES}/send", {"raw": "?"}, token).status == 400


def test_the_api_answers_401_to_a_bad_token_and_403_to_a_missing_scope(world: World) -> None:
    reader = world.tokens("google", scope=READ)["access_token"]
    bad = world.get(MESSAGES, "wrong")
    assert (bad.status, bad.json_object()["error"]["status"]) == (401, "UNAUTHENTICATED")
    assert 'error="invalid_token"' in (bad.header("WWW-Authenticate") or "")
    missing = world.post_json(f"{MESSAGES}/send", {"raw": ""}, reader)
    assert (missing.status, missing.json_object()["error"]["status"]) == (403, "PERMISSION_DENIED")
    assert 'error="insufficient_scope"' in (missing.header("WWW-Authenticate") or "")


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_revoking_either_token_ends_all_that_the_client_has_of_the_person(world: World, kind: str) -> None:
    """R19: at Google, revocation reaches the client."""
    first, second = world.tokens("google"), world.tokens("google", prompt="consent")
    yours = world.tokens("google", as_user="you@example.com")
    assert world.post("/google/revoke", token=first[kind]).status == 200
    assert error(world.refresh("google", second["refresh_token"])) == (400, "invalid_grant")
    assert world.get("/google/v1/userinfo", second["access_token"]).status == 401
    assert world.get("/google/v1/userinfo", yours["access_token"]).status == 200
    assert error(world.post("/google/revoke", token=first[kind])) == (400, "invalid_token")


def test_revoking_nothing_and_nonsense_is_an_error(world: World) -> None:
    assert error(world.post("/google/revoke")) == (400, "invalid_request")
    assert error(world.post("/google/revoke", token="nonsense")) == (400, "invalid_token")


def test_a_dead_refresh_token_is_named_in_googles_words(world: World) -> None:
    token = world.tokens("google")["refresh_token"]
    world.authority.withdraw("google", "me@example.com")
    answer = world.refresh("google", token).json_object()
    assert answer == {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}


def test_an_end_of_the_refresh_token_is_announced() -> None:
    assert World(refresh_lifetime=604800.0).tokens("google")["refresh_token_expires_in"] == 604800


def test_the_metadata_names_the_endpoints(world: World) -> None:
    """OpenID Connect Discovery."""
    metadata = world.get("/google/.well-known/openid-configuration").json_object()
    assert metadata["issuer"] == f"{BASE}/google"
    assert metadata["token_endpoint"] == f"{BASE}/google/token"
    assert metadata["code_challenge_methods_supported"] == ["S256"]


class TestTheDeviceFlow:
    """RFC 8628, in the way of Google."""

    def begin(self, world: World, scope: str = "openid email") -> dict[str, str]:
        return world.post("/google/device/code", client_id="sandbox-google", scope=scope).json_object()

    def poll(self, world: World, codes: dict[str, str]) -> tuple[int, str]:
        world.clock.advance(5)
        answer = world.exchange("google", "", grant_type=DEVICE_GRANT, device_code=codes["device_code"])
        return answer.status, answer.json_object().get("error", "")

    def test_a_device_gets_tokens_once_the_person_has_entered_its_code(self, world: World) -> None:
        codes = self.begin(world)
        assert codes["verification_url"] == f"{BASE}/google/device"
        assert self.poll(world, codes) == (428, "authorization_pending")
        assert world.authority.approve(f"{codes['verification_url']}?user_code={codes['user_code'].lower()}") == ""
        assert self.poll(world, codes) == (200, "")
        assert self.poll(world, codes) == (400, "invalid_grant")

    def test_a_device_that_is_denied_is_told(self, world: World) -> None:
        codes = self.begin(world)
        world.authority.approve(f"{codes['verification_url']}?user_code={codes['user_code']}", deny=True)
        assert self.poll(world, codes) == (403, "access_denied")

    def test_a_device_that_asks_too_often_is_slowed_down(self, world: World) -> None:
        codes = self.begin(world)
        fields = {"grant_type": DEVICE_GRANT, "device_code": codes["device_code"]}
        assert error(world.exchange("google", "", **fields)) == (403, "slow_down")

    def test_a_code_expires(self, world: World) -> None:
        codes = self.begin(world)
        world.clock.advance(1800)
        assert self.poll(world, codes) == (400, "expired_token")
        with pytest.raises(AuthorizationError, match="not known"):
            world.authority.approve(f"{codes['verification_url']}?user_code={codes['user_code']}")

    def test_most_scopes_are_refused(self, world: World) -> None:
        answer = world.post("/google/device/code", client_id="sandbox-google", scope=READ)
        assert answer.json_object()["error_description"] == f"Invalid device flow scope: {READ}"

    def test_a_code_that_was_decided_cannot_be_decided_again(self, world: World) -> None:
        codes = self.begin(world)
        url = f"{codes['verification_url']}?user_code={codes['user_code']}"
        world.authority.approve(url)
        with pytest.raises(AuthorizationError, match="not known"):
            world.authority.approve(url)

    def test_an_unknown_client_gets_no_code(self, world: World) -> None:
        assert error(world.post("/google/device/code", client_id="nobody", scope="openid")) == (401, "invalid_client")


def test_a_calendar_is_shown_to_those_who_may_see_it(world: World) -> None:
    events = "/google/calendar/v3/calendars/primary/events"
    token = world.tokens("google", scope=f"{AUTH}calendar.readonly")["access_token"]
    assert [event["summary"] for event in world.get(events, token).json_object()["items"]] == ["Breakfast", "Lunch"]
    assert world.get(events, world.tokens("google", scope=READ)["access_token"]).status == 403
