"""Refreshing keeps what the answer does not bring, and says why a grant has ended (R13, R16)."""

import pytest
from tokenkit.errors import ClientRefused, ConsentRequired, ProviderError, ProviderUnavailable
from tokenkit.flows.refresh import refresh
from tokenkit.flows.token_endpoint import TokenEndpoint
from tokenkit.provider import Response
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


PRESUMED = {
    "Atlassian": ({"error": "unauthorized_client", "error_description": "refresh_token is invalid"}, 403),
    "X": ({"error": "invalid_request", "error_description": "Value passed for the token was invalid."}, 400),
    "a code of its own": ({"error": "something_new"}, 400),
    "a code in an object": ({"error": {"code": "REVOKED", "message": "This was revoked."}}, 400),
    "a code in a list": ({"errors": [{"code": "token_gone", "detail": "It is gone."}]}, 422),
    "a code in camels": ({"errorCode": "E0000021", "errorSummary": "It is gone."}, 401),
    "a code beside a message": ({"code": 50014, "message": "Invalid token."}, 401),
    "inside a 200": ({"ok": False, "error": "token_expired"}, 200),
    "gone": ({"error": "unsupported_grant_type"}, 410),
}


@pytest.mark.parametrize("what", PRESUMED)
def test_a_refusal_in_the_providers_own_words_presumes_the_end_and_is_sent_once(what):
    """R13: it was "try again later", for ever. Presumed, for nothing says for sure that the sign-in has ended."""
    error = refused(*PRESUMED[what])
    assert error.presumed
    assert error.reason


ENDED = {
    "RFC 6749": {"error": "invalid_grant"},
    "GitHub": {"error": "bad_refresh_token"},
    "Slack": {"ok": False, "error": "invalid_refresh_token"},
    "in an object": {"error": {"type": "invalid_grant", "message": "It is gone."}},
}


@pytest.mark.parametrize("what", ENDED)
@pytest.mark.parametrize("status", [200, 400, 401, 403])
def test_an_end_that_is_named_is_no_presumption(what, status):
    """R13: wherever the answer has its code, and whatever its status."""
    assert not refused(ENDED[what], status).presumed


SILENT = {
    "an empty 400": Response(400),
    "a page": Response(403, (("Content-Type", "text/html"),), b"<html>{Forbidden}</html>"),
    "a message alone": answer({"message": "Forbidden"}, 403),
    "a code that repeats the status": answer({"code": 404, "message": "Not Found"}, 404),
    "an error that is only true": answer({"error": True, "message": "Not found"}, 404),
}


@pytest.mark.parametrize("what", SILENT)
def test_a_refusal_that_names_no_error_counts_for_nothing(what):
    """R13, R14: it may be a proxy's; it is a known outcome, and no lost answer."""
    with pytest.raises(ProviderError) as caught:
        refresh(World(SILENT[what]).ctx, ENDPOINT, CLIENT, grant(), {})
    assert type(caught.value) is ProviderError


@pytest.mark.parametrize(
    ("code", "kind"), [("temporarily_unavailable", ProviderUnavailable), ("", ProviderUnavailable)]
)
@pytest.mark.parametrize("status", [429, 500, 503])
def test_trouble_of_the_provider_is_no_end(code, kind, status):
    """R13: 429 and 5xx never count, whatever they say."""
    with pytest.raises(kind):
        refresh(World(answer({"error": code or "invalid_grant"}, status)).ctx, ENDPOINT, CLIENT, grant(), {})


def test_a_refused_client_is_no_end():
    """R13: it is a matter of configuration, and never latched."""
    with pytest.raises(ClientRefused):
        refresh(World(answer({"error": "invalid_client"}, 401)).ctx, ENDPOINT, CLIENT, grant(), {})


SCOPELESS = (
    {"error": "invalid_request", "error_description": "AADSTS90009: requesting a token for itself"},
    {"error": "invalid_scope"},
    {"error": "invalid_request", "error_description": "The parameter scope is missing."},
)


@pytest.mark.parametrize("members", SCOPELESS)
def test_a_refusal_that_asks_for_the_scopes_gets_them(members):
    """Entra and others, RFC 6749 section 6: the first request was refused for its form, so its token is unused."""
    world = World(answer(members, 400), answer({"access_token": "new"}))
    kept = refresh(world.ctx, ENDPOINT, CLIENT, grant(), {})
    assert (kept.access_token.value, world.sent["scope"]) == ("new", "read write")


def test_a_refusal_of_the_scopes_gets_none():
    world = World(answer({"error": "invalid_scope"}, 400), answer({"access_token": "new"}))
    kept = refresh(world.ctx, ENDPOINT, CLIENT, grant(), {}, name_scopes=True)
    assert (kept.access_token.value, "scope" in world.sent) == ("new", False)


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
