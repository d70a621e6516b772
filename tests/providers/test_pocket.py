"""Pocket: its own protocol, against answers recorded from the service while it lived (getpocket.com/developer)."""

import json

import pytest
from tokenkit.errors import (
    AuthorizationError,
    ClientRefused,
    ConfigurationError,
    ConsentDenied,
    InvalidAnswer,
    ProviderUnavailable,
    UsageError,
)
from tokenkit.net.hosts import holds
from tokenkit.provider import AuthorizationAnswer, AuthorizationRequest, Provider, Request, Response
from tokenkit.token import AccessToken

from tokenkit_providers.pocket import provider
from world import NOW, PUBLIC, World, answer, query

BASE = "https://pocket.example"
POCKET = provider(base_url=BASE)
REQUEST = AuthorizationRequest("http://127.0.0.1:1/callback/pocket")
CODE = answer({"code": "5678defg-5678-defg-5678-defg56", "state": None})
TOKEN = answer({"access_token": "5678defg-token", "username": "pocketuser@gmail.com"})


def begun():
    world = World(CODE)
    return POCKET.begin(world.ctx, PUBLIC, REQUEST), world


def complete(outcome):
    world = World(outcome)
    return POCKET.complete(world.ctx, PUBLIC, begun()[0], AuthorizationAnswer()), world


def error(status, code="", **headers):
    pairs = [("Content-Type", "text/html"), *((name.replace("_", "-"), value) for name, value in headers.items())]
    if code:
        pairs += [("X-Error", "Something."), ("X-Error-Code", code)]
    return Response(status, tuple(pairs), b"403 Forbidden")


def test_it_is_a_provider():
    """Every member of the protocol is there, and what Pocket lacks is None."""
    assert [name for name in vars(Provider) if not name.startswith("_") and not hasattr(POCKET, name)] == []
    assert (POCKET.refresh, POCKET.revoke, POCKET.device, POCKET.revocation_reach) == (None, None, None, "")


def test_a_sign_in_begins_with_a_request_token():
    pending, world = begun()
    (request,) = world.requests
    assert request.url == f"{BASE}/v3/oauth/request"
    assert request.header("x-accept") == "application/json"
    assert "charset" in request.header("content-type").lower()
    assert json.loads(request.body) == {"consumer_key": "client-1", "redirect_uri": pending.redirect_uri}
    assert pending.url.startswith(f"{BASE}/auth/authorize?")
    assert query(pending.url) == {
        "request_token": "5678defg-5678-defg-5678-defg56", "redirect_uri": pending.redirect_uri,
    }  # fmt: skip
    assert pending.request_token.reveal() == "5678defg-5678-defg-5678-defg56"


def test_the_return_is_bound_by_a_path_that_cannot_be_guessed():
    """R21: the redirect carries neither code nor state."""
    pending, _ = begun()
    state = pending.state.reveal()
    assert POCKET.state_in == "path"
    assert len(state) == 43
    assert pending.redirect_uri == f"http://127.0.0.1:1/callback/pocket/{state}"


def test_the_request_token_becomes_a_grant_without_an_end():
    kept, world = complete(TOKEN)
    (request,) = world.requests
    assert request.url == f"{BASE}/v3/oauth/authorize"
    assert json.loads(request.body) == {"consumer_key": "client-1", "code": "5678defg-5678-defg-5678-defg56"}
    assert (kept.access_token.value, kept.access_token.expires_at) == ("5678defg-token", None)
    assert (kept.refresh_token, kept.authorized_at) == (None, NOW)


def test_the_user_name_came_with_the_token_and_is_not_asked_for():
    kept, _ = complete(TOKEN)
    identity = POCKET.identify(World().ctx, PUBLIC, kept)
    assert (identity.subject, identity.name) == ("pocketuser@gmail.com", "pocketuser@gmail.com")


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "138", ClientRefused),
        (400, "140", AuthorizationError),
        (403, "152", ClientRefused),
        (403, "158", ConsentDenied),
        (403, "159", AuthorizationError),
        (400, "181", AuthorizationError),
        (400, "182", AuthorizationError),
        (400, "185", AuthorizationError),
        (500, "199", ProviderUnavailable),
        (503, "", ProviderUnavailable),
        (429, "", ProviderUnavailable),
        (403, "", InvalidAnswer),
        (400, "777", InvalidAnswer),
        (302, "", InvalidAnswer),
        (410, "", InvalidAnswer),
    ],
)
def test_errors_are_read_from_their_headers_and_the_exchange_is_sent_once(status, code, kind):
    """R18; the table of Pocket's documentation."""
    world = World(error(status, code))
    with pytest.raises(kind) as caught:
        POCKET.complete(world.ctx, PUBLIC, begun()[0], AuthorizationAnswer())
    assert type(caught.value) is kind
    assert (len(world.requests), world.slept) == (1, [])


def test_declined_and_not_yet_approved_look_the_same_and_both_are_said():
    """158: so nothing is polled."""
    with pytest.raises(ConsentDenied) as caught:
        complete(error(403, "158"))
    assert "declined" in str(caught.value)
    assert "not approved yet" in str(caught.value)
    assert "tokenkit login pocket" in caught.value.hint


@pytest.mark.parametrize(("which", "reset", "at"), [("User", "90", NOW + 90), ("Key", "x", NOW + 3600)])
def test_a_403_may_be_a_rate_limit(which, reset, at):
    """320 requests an hour for a user, 10,000 for a key."""
    limits = {f"X_Limit_{which}_Remaining": "0", f"X_Limit_{which}_Reset": reset}
    with pytest.raises(ProviderUnavailable) as caught:
        complete(error(403, **limits))
    assert caught.value.retry_at == at


@pytest.mark.parametrize(
    "members", [[], {}, {"access_token": "x"}, {"access_token": "x\n", "username": "u"}, {"access_token": 1}]
)
def test_an_answer_without_what_it_must_hold_is_none(members):
    with pytest.raises(InvalidAnswer):
        complete(answer(members))


def test_token_and_consumer_key_travel_in_the_body():
    """R33: so that only `kit.http` may carry them."""
    request = Request(
        "POST",
        f"{BASE}/v3/get",
        (("Content-Type", "application/json"), ("Content-Length", "11"), ("User-Agent", "me")),
        b'{"count":10}',
    )
    signed = POCKET.authenticate(World().ctx, PUBLIC, AccessToken("s3cret"), request)
    assert json.loads(signed.body) == {"count": 10, "consumer_key": "client-1", "access_token": "s3cret"}
    assert signed.header("user-agent") == "me"
    assert signed.header("content-length") is None
    assert signed.header("authorization") is None
    assert [name.lower() for name, _ in signed.headers].count("content-type") == 1
    assert POCKET.header_token is False
    assert "s3cret" not in signed.url


def test_a_request_without_a_body_gets_one():
    signed = POCKET.authenticate(World().ctx, PUBLIC, AccessToken("a"), Request("POST", f"{BASE}/v3/get"))
    assert json.loads(signed.body) == {"consumer_key": "client-1", "access_token": "a"}


@pytest.mark.parametrize(("method", "body"), [("GET", b""), ("POST", b"count=10"), ("POST", b"[]"), ("POST", b"\xff")])
def test_what_cannot_carry_the_token_is_refused(method, body):
    with pytest.raises(UsageError):
        POCKET.authenticate(World().ctx, PUBLIC, AccessToken("a"), Request(method, f"{BASE}/v3/get", (), body))


@pytest.mark.parametrize(
    "base_url", ["", "https://getpocket.com", "https://getpocket.com/", "https://www.getpocket.com"]
)
def test_the_real_pocket_is_explained_before_anything_is_sent(base_url):
    """It ended in 2025: no odd failure, but what happened and what is still possible."""
    real = provider(base_url=base_url)
    assert "2025-10-08" in real.retired
    with pytest.raises(ConfigurationError, match="closed Pocket") as caught:
        real.begin(World().ctx, PUBLIC, REQUEST)
    assert "[providers.pocket]" in caught.value.hint
    assert "base_url" in caught.value.hint
    assert provider(base_url="https://my.example").retired == ""


def test_tokens_go_to_the_three_actions_alone():
    """R32: the endpoints of the sign-in lie under /v3, too."""
    assert holds(f"{BASE}/v3/get", POCKET.resource_hosts)
    assert not holds(POCKET.token_endpoint, POCKET.resource_hosts)


def test_no_secret_shows():
    """R35: no secret is in what is printed."""
    pending, _ = begun()
    kept, _ = complete(TOKEN)
    for secret in (pending.state.reveal(), pending.request_token.reveal(), kept.access_token.value):
        assert secret not in repr(pending) + repr(kept)
