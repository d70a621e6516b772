"""What is Spotify's own in the sandbox."""

import pytest
from tokenkit.errors import AuthorizationError, UsageError
from tokenkit.provider import Request

from at_sandbox import BASE, World, error

PLAY = "user-read-playback-state user-modify-playback-state"


@pytest.fixture
def world() -> World:
    return World()


def message(world: World, path: str, token: str = "") -> tuple[int, str]:
    answer = world.get(path, token)
    return answer.status, answer.json_object()["error"]["message"]


def test_a_client_without_a_secret_is_a_public_one_and_pkce_is_what_proves_it(world: World) -> None:
    assert world.exchange("spotify", world.code("spotify"), client_secret=None).status == 200
    assert error(world.exchange("spotify", world.code("spotify"), client_secret="wrong"))[1] == "invalid_client"


def test_localhost_is_refused_as_a_redirect_uri(world: World) -> None:
    """For every app since 2025-11-27."""
    with pytest.raises(AuthorizationError, match="Insecure redirect URI"):
        world.authority.approve(
            world.authorization_url("spotify", redirect_uri="http://localhost:50000/callback/spotify")
        )


def test_scopes_are_granted_all_or_none(world: World) -> None:
    with pytest.raises(UsageError, match="no box"):
        world.authority.approve(world.authorization_url("spotify", scope=PLAY), only=["user-read-playback-state"])
    assert world.tokens("spotify", scope=PLAY)["scope"] == " ".join(sorted(PLAY.split()))


def test_a_sign_in_ends_six_months_after_it_was_given_however_often_it_is_refreshed(world: World) -> None:
    """https://developer.spotify.com/blog/2026-06-18-refresh-token-expiration"""
    token = world.tokens("spotify")["refresh_token"]
    for _ in range(6):
        world.clock.advance(30 * 86400)
        assert world.refresh("spotify", token).status == 200
    world.clock.advance(2 * 86400)
    answer = world.refresh("spotify", token)
    assert answer.json_object() == {"error": "invalid_grant", "error_description": "Refresh token expired"}


def test_there_is_no_revocation_endpoint(world: World) -> None:
    assert world.post("/spotify/revoke", token="x").status == 404


def test_the_api_tells_apart_a_token_that_is_missing_unknown_expired_and_without_scope(world: World) -> None:
    token = world.tokens("spotify")["access_token"]
    assert message(world, "/spotify/v1/me") == (401, "No token provided")
    assert message(world, "/spotify/v1/me", "wrong") == (401, "Invalid access token")
    assert message(world, "/spotify/v1/me/player", token) == (403, "Insufficient client scope")
    world.clock.advance(3600)
    assert message(world, "/spotify/v1/me", token) == (401, "The access token expired")


def test_the_profile_has_the_address_only_with_its_scope(world: World) -> None:
    with_address = world.get("/spotify/v1/me", world.tokens("spotify")["access_token"]).json_object()
    without = world.get("/spotify/v1/me", world.tokens("spotify", scope="streaming")["access_token"]).json_object()
    assert with_address["email"] == "me@example.com"
    assert "email" not in without
    assert without["id"] == with_address["id"]


def test_music_is_found_and_played(world: World) -> None:
    token = world.tokens("spotify", scope=PLAY)["access_token"]
    found = world.get("/spotify/v1/search?q=karma&type=track", token).json_object()["tracks"]["items"]
    assert [track["name"] for track in found] == ["Karma Police"]
    assert world.get("/spotify/v1/me/player", token).status == 204
    played = Request.json(
        f"{BASE}/spotify/v1/me/player/play", {"uris": [found[0]["uri"]]}, (("Authorization", f"Bearer {token}"),)
    )
    assert world.authority.handle(Request("PUT", played.url, played.headers, played.body)).status == 204
    assert world.get("/spotify/v1/me/player", token).json_object()["item"]["name"] == "Karma Police"


def test_a_search_without_a_query_or_of_an_unknown_type_is_an_error(world: World) -> None:
    token = world.tokens("spotify")["access_token"]
    assert message(world, "/spotify/v1/search?type=track", token) == (400, "No search query")
    assert message(world, "/spotify/v1/search?q=a&type=song", token) == (400, "Bad search type field")
