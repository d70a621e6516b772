"""Introspection (RFC 7662) tells whether a token is active, or nothing; it never guesses."""

import pytest
from tokenkit.errors import InvalidAnswer, ProviderUnavailable
from tokenkit.flows.introspect import introspect
from tokenkit.flows.token_endpoint import TokenEndpoint
from tokenkit.provider import Response
from tokenkit.token import AccessToken

from world import CLIENT, World, answer

URL = "https://acme.example/introspect"


def introspected(world, method="post"):
    endpoint = TokenEndpoint("acme", "Acme", "https://acme.example/token", client_auth=method)
    return introspect(world.ctx, endpoint, URL, CLIENT, AccessToken("access-1"))


def test_the_access_token_is_named_and_the_client_says_who_it_is():
    """RFC 7662 section 2.1."""
    world = World(answer({"active": True}))
    assert introspected(world) is True
    assert (world.requests[0].method, world.requests[0].url) == ("POST", URL)
    assert world.sent == {
        "token": "access-1", "token_type_hint": "access_token",
        "client_id": "client-1", "client_secret": "client-secret-1",
    }  # fmt: skip


def test_the_client_says_who_it_is_as_at_the_token_endpoint():
    world = World(answer({"active": False}))
    assert introspected(world, "basic") is False
    assert world.requests[0].header("authorization")
    assert "client_secret" not in world.sent


@pytest.mark.parametrize(
    "told",
    [
        answer({"error": "invalid_client"}, 401),
        answer({"active": False}, 403),
        answer({}),
        answer({"active": "no"}),
        Response(200, (), b"<html>"),
    ],
    ids=["refused", "forbidden", "silent", "no boolean", "no JSON"],
)
def test_an_answer_that_does_not_say_it_says_nothing(told):
    assert introspected(World(told)) is None


@pytest.mark.parametrize(
    ("status", "error"), [(503, ProviderUnavailable), (429, ProviderUnavailable), (302, InvalidAnswer)]
)
def test_trouble_of_the_server_is_raised(status, error):
    with pytest.raises(error):
        introspected(World(Response(status)))
