"""Spotify: no rotation, six months from the authorization, no revocation endpoint, no localhost."""

from datetime import UTC, datetime

import pytest
from tokenkit.errors import ConsentRequired, ProviderUnavailable
from tokenkit.net.hosts import holds
from tokenkit.provider import AuthorizationAnswer, AuthorizationRequest
from tokenkit.token import Secret

from tokenkit_providers.spotify import provider
from world import CLIENT, NOW, PUBLIC, World, answer, form, grant, query

SPOTIFY = provider()
REQUEST = AuthorizationRequest("http://127.0.0.1:1/callback/spotify", scopes=("user-top-read",))


def signed_in(client=CLIENT, at=NOW):
    pending = SPOTIFY.begin(World().ctx, client, REQUEST)
    world = World(answer({"access_token": "a", "refresh_token": "r", "expires_in": 3600, "scope": "user-top-read"}))
    world.time = at
    given = AuthorizationAnswer({"state": pending.state.reveal(), "code": "c"})
    return SPOTIFY.complete(world.ctx, client, pending, given), world


def test_a_public_client_sends_its_id_in_the_body_and_the_verifier():
    _, world = signed_in(PUBLIC)
    (request,) = world.requests
    assert form(request).keys() == {"grant_type", "code", "redirect_uri", "code_verifier", "client_id"}
    assert request.header("authorization") is None


def test_a_client_with_a_secret_uses_basic_and_pkce():
    _, world = signed_in(CLIENT)
    (request,) = world.requests
    assert request.header("authorization").startswith("Basic ")
    assert form(request).keys() == {"grant_type", "code", "redirect_uri", "code_verifier"}
    assert SPOTIFY.needs_secret is False


def test_the_person_is_sent_to_spotify_with_spaces_between_scopes():
    request = AuthorizationRequest("http://127.0.0.1:1/", scopes=("a", "b"))
    url = SPOTIFY.begin(World().ctx, PUBLIC, request).url
    assert url.startswith("https://accounts.spotify.com/authorize?")
    assert query(url)["scope"] == "a b"


def test_a_refresh_without_a_refresh_token_keeps_the_old_one():
    """R16: it broke music-assistant, spotify-player and SyncLyrics."""
    kept = SPOTIFY.refresh(World(answer({"access_token": "new", "expires_in": 3600})).ctx, PUBLIC, grant())
    assert kept.refresh_token == Secret("refresh-old")


def test_a_sign_in_lasts_six_months_and_a_refresh_does_not_make_it_longer():
    """https://developer.spotify.com/blog/2026-06-18-refresh-token-expiration."""
    kept, _ = signed_in()
    start, end = (datetime.fromtimestamp(moment, UTC) for moment in (kept.authorized_at, kept.refresh_expires_at))
    assert 181 <= (end - start).days <= 184
    renewed = SPOTIFY.refresh(World(answer({"access_token": "new"})).ctx, CLIENT, kept)
    assert renewed.refresh_expires_at == kept.refresh_expires_at


def test_a_new_authorization_starts_the_six_months_again():
    first, later = signed_in()[0], signed_in(at=NOW + 86400)[0]
    assert later.refresh_expires_at == first.refresh_expires_at + 86400


@pytest.mark.parametrize("description", ["Refresh token revoked", "Invalid refresh token", "Refresh token expired"])
def test_an_end_says_what_usually_ends_it(description):
    world = World(answer({"error": "invalid_grant", "error_description": description}, 400))
    with pytest.raises(ConsentRequired) as caught:
        SPOTIFY.refresh(world.ctx, PUBLIC, grant(refresh_expires_at=NOW - 1))
    assert caught.value.reason.startswith(
        "the sign-in was good until 2027-01-15; Spotify ends every sign-in six months"
    )


def test_a_used_up_quota_is_not_a_sign_out():
    world = World(answer({"error": {"status": 429, "reason": "QUOTA_EXCEEDED"}}, 429, Retry_After="30"))
    with pytest.raises(ProviderUnavailable) as caught:
        SPOTIFY.refresh(world.ctx, PUBLIC, grant())
    assert caught.value.retry_at == NOW + 30


def test_there_is_no_way_to_revoke_but_a_page_for_people():
    """R19: where nothing can be revoked, the person is told where to do it."""
    assert SPOTIFY.revoke is None
    assert SPOTIFY.revocation_reach == ""
    assert SPOTIFY.manage_url == "https://www.spotify.com/account/apps/"


def test_the_redirect_is_an_ip_literal():
    """R24: localhost is refused for every app since 2025-11-27."""
    assert (SPOTIFY.redirect_host, SPOTIFY.redirect_port) == ("127.0.0.1", 0)


@pytest.mark.parametrize(
    ("members", "name"),
    [
        ({"id": "31x", "display_name": "Me", "email": "me@example.com"}, "me@example.com"),
        ({"id": "31x", "display_name": "Me"}, "Me"),
        ({"id": "31x", "display_name": None}, "31x"),
    ],
)
def test_the_account_is_known_by_its_id(members, name):
    world = World(answer(members))
    identity = SPOTIFY.identify(world.ctx, PUBLIC, grant())
    assert (identity.subject, identity.name) == ("31x", name)
    assert world.requests[0].url == "https://api.spotify.com/v1/me"


def test_every_scope_has_a_sentence():
    assert all(scope.about for scope in SPOTIFY.scopes.values())
    assert set(SPOTIFY.default_scopes) <= SPOTIFY.scopes.keys()


def test_tokens_go_to_the_web_api_alone():
    """R32: tokens go to the resource servers and nowhere else."""
    assert holds("https://api.spotify.com/v1/me/player", SPOTIFY.resource_hosts)
    assert not holds("https://accounts.spotify.com/v1/me", SPOTIFY.resource_hosts)


def test_a_base_url_moves_everything():
    base = "http://127.0.0.1:4/spotify"
    sandboxed = provider(base_url=f"{base}/")
    assert sandboxed.authorization_endpoint == f"{base}/authorize"
    assert sandboxed.token_endpoint == f"{base}/api/token"
    assert sandboxed.userinfo_endpoint == f"{base}/v1/me"
    assert sandboxed.resource_hosts == (f"{base}/v1",)
    assert sandboxed.issuer == base
