"""What is Pocket's own in the sandbox: not OAuth 2."""

from typing import Any
from urllib.parse import quote

import pytest
from tokenkit.errors import AuthorizationError
from tokenkit.provider import Request, Response

from at_sandbox import BASE, World

KEY = "sandbox-pocket"
REDIRECT = "http://127.0.0.1:50000/callback/pocket/unguessable"


@pytest.fixture
def world() -> World:
    return World()


def refusal(answer: Response) -> tuple[int, str | None, str | None]:
    """Where Pocket says what is wrong: in the headers."""
    return answer.status, answer.header("X-Error-Code"), answer.header("X-Error")


def request_token(world: World, key: str = KEY) -> str:
    answer = world.post_json("/pocket/v3/oauth/request", {"consumer_key": key, "redirect_uri": REDIRECT})
    return str(answer.json_object()["code"])


def consent_url(code: str, redirect_uri: str = REDIRECT) -> str:
    return f"{BASE}/pocket/auth/authorize?request_token={code}&redirect_uri={quote(redirect_uri, safe='')}"


def convert(world: World, code: str, key: str = KEY) -> Response:
    return world.post_json("/pocket/v3/oauth/authorize", {"consumer_key": key, "code": code})


def token(world: World, key: str = KEY) -> str:
    code = request_token(world, key)
    world.authority.approve(consent_url(code))
    return str(convert(world, code, key).json_object()["access_token"])


def api(world: World, action: str, access_token: str, key: str = KEY, **members: Any) -> Response:
    return world.post_json(f"/pocket/v3/{action}", {"consumer_key": key, "access_token": access_token, **members})


def test_the_redirect_carries_nothing_whatever_the_person_decided(world: World) -> None:
    for deny in (False, True):
        assert world.authority.approve(consent_url(request_token(world)), deny=deny) == REDIRECT


def test_a_request_token_is_converted_once_the_person_allowed_it(world: World) -> None:
    code = request_token(world)
    assert refusal(convert(world, code)) == (403, "158", "User rejected code.")
    world.authority.approve(consent_url(code), as_user="you@example.com")
    assert convert(world, code).json_object()["username"] == "you@example.com"
    assert refusal(convert(world, code)) == (403, "159", "Already used code.")


def test_a_denial_looks_like_a_decision_that_was_not_made_yet(world: World) -> None:
    code = request_token(world)
    world.authority.approve(consent_url(code), deny=True)
    assert refusal(convert(world, code)) == (403, "158", "User rejected code.")


def test_what_was_decided_cannot_be_decided_again(world: World) -> None:
    code = request_token(world)
    world.authority.approve(consent_url(code), deny=True)
    with pytest.raises(AuthorizationError, match="not known"):
        world.authority.approve(consent_url(code))


def test_the_person_is_sent_only_where_the_request_token_was_issued_for(world: World) -> None:
    with pytest.raises(AuthorizationError, match="Invalid redirect uri"):
        world.authority.approve(consent_url(request_token(world), f"{REDIRECT}x"))
    with pytest.raises(AuthorizationError, match="not known"):
        world.authority.approve(consent_url("guessed"))


@pytest.mark.parametrize(
    ("path", "members", "expected"),
    [
        ("request", {}, (400, "138", "Missing consumer key.")),
        ("request", {"consumer_key": "wrong"}, (403, "152", "Invalid consumer key.")),
        ("request", {"consumer_key": KEY}, (400, "140", "Missing redirect url.")),
        (
            "request",
            {"consumer_key": KEY, "redirect_uri": "https://evil.example/"},
            (400, "181", "Invalid redirect uri."),
        ),
        ("authorize", {}, (400, "138", "Missing consumer key.")),
        ("authorize", {"consumer_key": "wrong"}, (403, "152", "Invalid consumer key.")),
        ("authorize", {"consumer_key": KEY}, (400, "182", "Missing code.")),
        ("authorize", {"consumer_key": KEY, "code": "guessed"}, (400, "185", "Code not found.")),
    ],
)
def test_every_documented_refusal_of_the_sign_in_is_in_the_headers(
    world: World, path: str, members: dict[str, str], expected: tuple[int, str, str]
) -> None:
    answer = world.post_json(f"/pocket/v3/oauth/{path}", members)
    assert refusal(answer) == expected
    assert b"{" not in answer.body


def test_another_consumer_key_can_not_convert_the_request_token(world: World) -> None:
    code = request_token(world)
    world.authority.approve(consent_url(code))
    assert refusal(convert(world, code, "sandbox-pocket-reader"))[1] == "185"


def test_answers_are_forms_unless_json_is_asked_for(world: World) -> None:
    url = f"{BASE}/pocket/v3/oauth/request"
    answer = world.authority.handle(Request.form(url, {"consumer_key": KEY, "redirect_uri": REDIRECT}))
    assert answer.header("Content-Type") == "application/x-www-form-urlencoded"
    assert answer.body.startswith(b"code=")


def test_the_state_is_echoed_in_answers_and_not_in_the_redirect(world: World) -> None:
    members = {"consumer_key": KEY, "redirect_uri": REDIRECT, "state": "s"}
    answer = world.post_json("/pocket/v3/oauth/request", members).json_object()
    assert answer["state"] == "s"
    assert world.authority.approve(consent_url(answer["code"])) == REDIRECT
    assert convert(world, answer["code"]).json_object()["state"] == "s"


def test_a_token_never_ends(world: World) -> None:
    access_token = token(world)
    world.clock.advance(10 * 365 * 86400)
    assert api(world, "get", access_token).status == 200


def test_the_api_answers_401_to_a_bad_token_and_403_to_a_key_without_permission(world: World) -> None:
    assert refusal(api(world, "get", "wrong"))[:2] == (401, "107")
    reader = token(world, "sandbox-pocket-reader")
    assert api(world, "get", reader, "sandbox-pocket-reader").status == 200
    for action in ("add", "send"):
        assert refusal(api(world, action, reader, "sandbox-pocket-reader"))[:2] == (403, "151")
    assert api(world, "get", reader, KEY).status == 401, "a token serves with its own consumer key"


def test_a_token_in_the_authorization_header_is_not_looked_at(world: World) -> None:
    answer = world.post_json("/pocket/v3/get", {"consumer_key": KEY}, token(world))
    assert answer.status == 401


def test_items_are_added_found_changed_and_deleted(world: World) -> None:
    access_token = token(world)
    added = api(world, "add", access_token, url="https://news.example/a", title="News").json_object()["item"]
    listed = api(world, "get", access_token, search="news", count="5").json_object()["list"]
    assert list(listed) == [added["item_id"]]
    actions = [
        {"action": "favorite", "item_id": added["item_id"]},
        {"action": "archive", "item_id": added["item_id"]},
        {"action": "explode", "item_id": added["item_id"]},
        {"action": "delete", "item_id": "999"},
        "nonsense",
    ]
    results = api(world, "send", access_token, actions=actions).json_object()
    assert results == {"action_results": [True, True, False, False, False], "status": 0}
    item = api(world, "get", access_token, search="news").json_object()["list"][added["item_id"]]
    assert (item["favorite"], item["status"]) == ("1", "1")
    assert api(world, "send", access_token, actions=[{"action": "delete", "item_id": added["item_id"]}]).status == 200
    assert added["item_id"] not in api(world, "get", access_token).json_object()["list"]


def test_the_newest_item_comes_first_and_the_list_can_be_paged(world: World) -> None:
    access_token = token(world)
    for name in "abc":
        api(world, "add", access_token, url=f"https://{name}.example/")
    page = api(world, "get", access_token, count="2", offset="1").json_object()["list"]
    assert [item["given_url"] for item in page.values()] == ["https://b.example/", "https://a.example/"]


def test_a_body_without_what_it_must_hold_is_refused(world: World) -> None:
    access_token = token(world)
    assert refusal(api(world, "add", access_token))[:2] == (400, "130")
    assert refusal(api(world, "send", access_token))[:2] == (400, "130")


def test_only_post_is_taken(world: World) -> None:
    assert world.get("/pocket/v3/get").status == 405
