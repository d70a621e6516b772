"""Refreshing keeps what the answer does not bring, and says why a grant has ended (R13, R16)."""

import pytest
from tokenkit.errors import ConsentRequired, ProviderError, ProviderUnavailable
from tokenkit.flows.refresh import refresh
from tokenkit.flows.token_endpoint import TokenEndpoint
from tokenkit.token import AccessToken, Secret

from world import CLIENT, NOW, World, answer, grant

ENDPOINT = TokenEndpoint("acme", "Acme", "https://acme.example/token", captured=("instance",))


def refreshed(members, **changes):
    world = World(answer(members))
    return refresh(world.ctx, ENDPOINT, CLIENT, grant(**changes), {})


def refused(members, status=400, **changes):
    world = World(answer(members, status))
    with pytest.raises(ConsentRequired) as caught:
        refresh(world.ctx, ENDPOINT, CLIENT, grant(**changes), {})
    assert len(world.requests) == 1, "R13: a refused refresh token is not sent twice"
    return caught.value


def test_the_request_is_the_one_of_the_rfc():
    """RFC 6749 section 6; more parameters never replace the flow's own."""
    world = World(answer({"access_token": "a"}))
    refresh(world.ctx, ENDPOINT, CLIENT, grant(), {"audience": "x", "refresh_token": "y", "grant_type": "z"})
    assert world.sent == {
        "audience": "x", "grant_type": "refresh_token", "refresh_token": "refresh-old",
        "client_id": "client-1", "client_secret": "client-secret-1",
    }  # fmt: skip


@pytest.mark.parametrize("extra", [{}, {"refresh_token": None}, {"refresh_token": ""}])
def test_the_old_refresh_token_is_kept_when_the_answer_has_none(extra):
    """R16: null wiped the grant of spotify-player, a missing one that of music-assistant."""
    kept = refreshed({"access_token": "new", "expires_in": 60, **extra})
    assert kept.refresh_token == Secret("refresh-old")
    assert (kept.access_token.value, kept.access_token.expires_at) == ("new", NOW + 60)


@pytest.mark.parametrize("value", ["refresh-new", "refresh-old"])
def test_the_answers_refresh_token_is_taken(value):
    """R16: also the same one again, as servers with a grace period hand out."""
    assert refreshed({"access_token": "new", "refresh_token": value}).refresh_token == Secret(value)


def test_narrowed_scopes_are_taken_and_the_missing_ones_told():
    """R16: requests-oauthlib raised here, and dropped the new refresh token."""
    kept = refreshed({"access_token": "new", "refresh_token": "refresh-new", "scope": "read"})
    assert kept.scopes == kept.access_token.scopes == {"read"}
    assert kept.missing == {"write"}
    assert kept.refresh_token == Secret("refresh-new")


@pytest.mark.parametrize("extra", [{}, {"scope": None}, {"scope": ""}])
def test_the_old_scopes_are_kept_when_the_answer_names_none(extra):
    """R16: what an answer leaves out is kept."""
    kept = refreshed({"access_token": "new", **extra})
    assert kept.scopes == kept.access_token.scopes == {"read", "write"}


def test_everything_else_of_the_grant_stays():
    """R16, R30: other audiences, unknown members, what was captured before, when it was authorized."""
    other = AccessToken("other")
    old = grant(
        access_tokens={"": AccessToken("x"), "files": other}, extra={"instance": "eu", "x": "y"}, unknown={"n": 1}
    )
    world = World(answer({"access_token": "new", "instance": "us"}))
    kept = refresh(world.ctx, ENDPOINT, CLIENT, old, {})
    assert kept.access_tokens["files"] is other
    assert kept.extra == {"instance": "us", "x": "y"}
    assert (kept.unknown, kept.authorized_at) == ({"n": 1}, old.authorized_at)


def test_a_fixed_end_of_the_refresh_token_is_not_moved_by_a_refresh():
    """Spotify counts six months from the authorization."""
    assert refreshed({"access_token": "new"}, refresh_expires_at=NOW + 9).refresh_expires_at == NOW + 9


def test_an_end_that_the_answer_names_is_taken():
    members = {"access_token": "new", "refresh_token_expires_in": 60}
    assert refreshed(members, refresh_expires_at=NOW + 9).refresh_expires_at == NOW + 60


@pytest.mark.parametrize("code", ["invalid_grant", "bad_refresh_token", "interaction_required"])
@pytest.mark.parametrize("status", [200, 400, 401, 403])
def test_an_ended_grant_needs_consent_and_says_why(code, status):
    """R13: the provider's "no" ends a grant. R11: the reason comes with it."""
    error = refused({"error": code, "error_description": "Token has been expired or revoked."}, status)
    assert error.reason == f"{code}: Token has been expired or revoked."
    assert error.hint == "tokenkit login acme"


def test_a_sign_in_whose_time_was_up_says_so():
    """The provider's own words rarely do."""
    error = refused({"error": "invalid_grant"}, refresh_expires_at=NOW - 1)
    assert error.reason == "the sign-in was good until 2027-01-15; invalid_grant"


def test_a_sign_in_that_had_time_left_does_not_say_so():
    assert refused({"error": "invalid_grant"}, refresh_expires_at=NOW + 1).reason == "invalid_grant"


def test_the_refresh_token_is_not_in_the_error():
    """R35: an error shows no token."""
    error = refused({"error": "invalid_grant", "error_description": "no such token: refresh-old"})
    assert "refresh-old" not in f"{error} {error.reason} {error.hint}"


@pytest.mark.parametrize("code", ["invalid_request", "invalid_scope", "unsupported_grant_type", "something_new", ""])
@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_another_refusal_ends_nothing(code, status):
    """R14: only what the RFC calls the end of a grant is taken for it, and it is a known outcome, not a lost answer."""
    world = World(answer({"error": code}, status))
    with pytest.raises(ProviderError) as caught:
        refresh(world.ctx, ENDPOINT, CLIENT, grant(), {})
    assert type(caught.value) is ProviderError


def test_a_grant_without_a_refresh_token_asks_nobody():
    world = World()
    with pytest.raises(ConsentRequired, match="no refresh token"):
        refresh(world.ctx, ENDPOINT, CLIENT, grant(refresh_token=None), {})


def test_no_answer_is_passed_on_as_it_is():
    """R12: whether it was sent decides what the keeper does next."""
    world = World(ProviderUnavailable("no route", sent=False))
    with pytest.raises(ProviderUnavailable) as caught:
        refresh(world.ctx, ENDPOINT, CLIENT, grant(), {})
    assert caught.value.sent is False
