"""What came of a request to the token endpoint is told apart: refused, unavailable, or not an answer (R12 to R14)."""

from email.utils import formatdate

import pytest
from tokenkit.errors import ClientRefused, InvalidAnswer, ProviderUnavailable
from tokenkit.flows.token_endpoint import LONGEST_PAUSE, PAUSE, Refusal, TokenEndpoint
from tokenkit.provider import Response

from world import CLIENT, NOW, PUBLIC, World, answer, form

ENDPOINT = TokenEndpoint("acme", "Acme", "https://acme.example/token?v=2")
HTML = (("Content-Type", "text/html"),)


def ask(*answers, endpoint=ENDPOINT, client=CLIENT, **fields):
    world = World(*answers)
    return endpoint.ask(world.ctx, client, {"grant_type": "refresh_token", **fields}), world


def failure(response, kind, **fields):
    with pytest.raises(kind) as caught:
        ask(response, **fields)
    return caught.value


def test_a_form_is_posted_to_the_url_as_it_is_query_included():
    """A provider list that is in wide use drops the query of the token URL."""
    told, world = ask(answer({"access_token": "a"}), code="c")
    assert told.access.reveal() == "a"
    (request,) = world.requests
    assert (request.method, request.url) == ("POST", "https://acme.example/token?v=2")
    assert request.header("content-type") == "application/x-www-form-urlencoded"
    assert request.header("accept") == "application/json"
    assert form(request) == {
        "grant_type": "refresh_token", "code": "c", "client_id": "client-1", "client_secret": "client-secret-1",
    }  # fmt: skip


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
@pytest.mark.parametrize("body", [b"", b"<html>", b'{"error":"invalid_grant"}', b'{"error":"invalid_client"}'])
def test_5xx_and_429_are_unavailable_whatever_the_body_says(status, body):
    """R14: one 503 must not end a session, not even with an invalid_grant in it."""
    error = failure(Response(status, HTML, body), ProviderUnavailable)
    assert error.sent is True
    assert str(status) in str(error)


def test_retry_after_in_seconds_is_obeyed():
    """R12: the provider says when to come back."""
    assert failure(answer({}, 503, Retry_After="120"), ProviderUnavailable).retry_at == NOW + 120


def test_retry_after_as_a_date_is_obeyed():
    """R12: the provider says when to come back (RFC 9110 section 10.2.3)."""
    date = formatdate(NOW + 300, usegmt=True)
    assert failure(answer({}, 429, Retry_After=date), ProviderUnavailable).retry_at == NOW + 300


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("0", NOW),
        (formatdate(NOW - 50, usegmt=True), NOW),
        ("999999999999999999", NOW + LONGEST_PAUSE),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("Wed, 99 Foo 2026 00:00:00 GMT", None),
    ],
)
def test_a_retry_after_that_makes_no_sense_does_no_harm(text, at):
    assert failure(answer({}, 503, Retry_After=text), ProviderUnavailable).retry_at == at


def test_a_429_always_says_when():
    """R12: without a time the keeper would take it for an unknown outcome and ask again at once."""
    assert failure(answer({}, 429), ProviderUnavailable).retry_at == NOW + PAUSE


@pytest.mark.parametrize("code", ["temporarily_unavailable", "server_error"])
def test_a_temporary_error_is_unavailable_whatever_its_status(code):
    failure(answer({"error": code}, 400), ProviderUnavailable)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status):
    error = failure(Response(status, (("Location", "https://elsewhere.example/?token=s3cret"),)), InvalidAnswer)
    assert "redirect" in str(error)
    assert "elsewhere" not in str(error)


@pytest.mark.parametrize("body", [b"", b"<html>login</html>", b"[]", b"null", b'"text"', b"{", b"\xff\xfe"])
def test_a_200_without_a_json_object_is_not_an_answer(body):
    error = failure(Response(200, HTML, body), InvalidAnswer)
    assert "login" not in str(error)


def test_a_200_without_tokens_is_not_an_answer():
    failure(answer({"token_type": "bearer"}), InvalidAnswer)


@pytest.mark.parametrize("status", [200, 400, 401, 403])
def test_an_error_is_an_error_whatever_its_status(status):
    """GitHub and Slack answer errors with HTTP 200."""
    told, _ = ask(answer({"error": "invalid_grant", "error_description": "Token has been revoked."}, status))
    assert told == Refusal("invalid_grant", "invalid_grant: Token has been revoked.")


def test_an_empty_error_beside_a_token_is_none():
    told, _ = ask(answer({"access_token": "a", "error": None}))
    assert told.access.reveal() == "a"


@pytest.mark.parametrize("code", ["invalid_client", "unauthorized_client", "incorrect_client_credentials"])
@pytest.mark.parametrize("status", [200, 400, 401])
def test_a_refused_client_is_a_matter_of_configuration(code, status):
    """R13: never latched, and it says which provider's registration to look at."""
    error = failure(answer({"error": code}, status), ClientRefused)
    assert "acme" in error.hint


def test_a_bare_401_refuses_the_client():
    """RFC 6749 section 5.2 has 401 for invalid_client alone; gateways leave the body out."""
    failure(Response(401), ClientRefused)


@pytest.mark.parametrize("status", [400, 403])
def test_a_refusal_without_a_reason_says_that_there_is_none(status):
    told, _ = ask(Response(status, HTML, b"<html>Forbidden</html>"))
    assert told == Refusal("", f"HTTP {status}, without saying why")


def test_a_410_says_that_the_service_is_gone():
    """Fitbit's endpoints answer so since November 2026."""
    told, _ = ask(Response(410, HTML, b""))
    assert "gone for good" in told.sentence


def test_an_object_in_the_place_of_the_code_is_read_for_its_message():
    told, _ = ask(answer({"error": {"status": 400, "message": "Only valid bearer authentication supported"}}, 400))
    assert told == Refusal("", "Only valid bearer authentication supported")


@pytest.mark.parametrize("key", ["code", "error_description", "error_subtype"])
def test_the_providers_data_puts_better_words_to_an_error(key):
    members = {"error": "invalid_grant", "error_description": "Bad Request"}
    members["error" if key == "code" else key] = "reauth related error (INVALID_RAPT)"
    endpoint = TokenEndpoint("acme", "Acme", "https://acme.example/token", reasons={"invalid_rapt": "Ask your boss."})
    told, _ = ask(answer(members, 400), endpoint=endpoint)
    assert told.sentence == "Ask your boss."


def test_no_secret_comes_back_in_an_error():
    """R35: a server that quotes what it was sent, or what it would have given."""
    quoted = "refresh-tok code-1 verif-1 client-secret-1 access-tok device-1"
    told, _ = ask(
        answer({"error": "invalid_grant", "error_description": quoted, "access_token": ""}, 400),
        refresh_token="refresh-tok", code="code-1", code_verifier="verif-1", device_code="device-1",
    )  # fmt: skip
    assert told.sentence == "invalid_grant: ... ... ... ... access-tok ..."
    told, _ = ask(answer({"error": "oops", "error_description": "got access-tok", "access_token": "access-tok"}, 400))
    assert told.sentence == "oops: got ..."


def test_the_secret_of_basic_does_not_come_back_either():
    endpoint = TokenEndpoint("acme", "Acme", "https://acme.example/token", client_auth="basic")
    told, world = ask(answer({"error": "e", "error_description": "client-secret-1"}, 400), endpoint=endpoint)
    assert told.sentence == "e: ..."
    assert "client_secret" not in world.sent


def test_no_field_of_the_flow_replaces_the_client():
    """A provider's own parameters must not make it another's client."""
    _, world = ask(answer({"access_token": "a"}), client_id="other", client_secret="other")
    assert (world.sent["client_id"], world.sent["client_secret"]) == ("client-1", "client-secret-1")


def test_a_public_client_has_nothing_to_hide():
    told, world = ask(answer({"error": "e", "error_description": "d"}, 400), client=PUBLIC)
    assert told.sentence == "e: d"
    assert "client_secret" not in world.sent
