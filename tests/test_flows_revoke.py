"""Revocation (RFC 7009) names the refresh token first, and tells a failure instead of raising it (R19)."""

import pytest
from tokenkit.errors import ProviderUnavailable
from tokenkit.flows.revoke import revoke
from tokenkit.provider import Response
from tokenkit.token import AccessToken

from world import CLIENT, World, answer, form, grant

URL = "https://acme.example/revoke"


def revoked(world, of=None, each_token=False, method="post"):
    return revoke(world.ctx, URL, method, CLIENT, grant() if of is None else of, each_token=each_token)


def test_the_refresh_token_is_named_where_there_is_one():
    world = World(Response(200))
    assert revoked(world).done is True
    (request,) = world.requests
    assert request.url == URL
    assert form(request) == {
        "token": "refresh-old", "token_type_hint": "refresh_token",
        "client_id": "client-1", "client_secret": "client-secret-1",
    }  # fmt: skip


def test_without_one_the_access_token_is():
    world = World(Response(200))
    assert revoked(world, grant(refresh_token=None)).done is True
    assert (world.sent["token"], world.sent["token_type_hint"]) == ("access-old", "access_token")


def test_each_token_is_named_where_revocation_reaches_no_further():
    world = World(Response(200), Response(200))
    assert revoked(world, each_token=True).done is True
    assert [form(request)["token"] for request in world.requests] == ["refresh-old", "access-old"]


def test_the_client_says_who_it_is_as_at_the_token_endpoint():
    world = World(Response(200))
    revoked(world, method="basic")
    assert world.requests[0].header("authorization")
    assert "client_secret" not in world.sent


def test_a_token_that_had_ended_already_counts_as_ended():
    """Google answers 400 where RFC 7009 section 2.2 has 200."""
    assert revoked(World(answer({"error": "invalid_token"}, 400))).done is True


@pytest.mark.parametrize(
    "outcome",
    [
        answer({"error": "invalid_client"}, 401),
        answer({"error": "unsupported_token_type"}, 400),
        Response(400, (), b"<html>"),
        Response(403),
        Response(302, (("Location", "https://acme.example/login"),)),
        Response(503),
        ProviderUnavailable("Acme cannot be reached"),
    ],
)
def test_a_failure_is_told(outcome):
    """R19: sign-out then says that the provider did not confirm it."""
    world = World(outcome)
    told = revoked(world, each_token=True)
    assert told.done is False
    assert told.note
    assert len(world.requests) == 1


def test_nothing_to_revoke_is_said():
    world = World()
    told = revoked(world, grant(refresh_token=None, access_tokens={}))
    assert (told.done, told.note) == (False, "there was no token to revoke")


def test_no_token_is_in_what_is_told():
    """R35: what a server answers may quote the token."""
    of = grant(access_tokens={"": AccessToken("s3cret")}, refresh_token=None)
    assert "s3cret" not in repr(revoked(World(answer({"error": "s3cret"}, 400)), of))
