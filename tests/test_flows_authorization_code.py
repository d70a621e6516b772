"""The authorization code grant: what is sent out, and which answers are accepted (R18, R21 to R23)."""

import re
from base64 import urlsafe_b64encode
from dataclasses import replace
from hashlib import sha256

import pytest
from tokenkit.errors import (
    AuthorizationError,
    CallbackRefused,
    ClientRefused,
    ConsentDenied,
    InvalidAnswer,
    ProviderChanged,
    ProviderError,
    ProviderUnavailable,
)
from tokenkit.flows.authorization_code import AuthorizationEndpoint, exchange
from tokenkit.flows.token_endpoint import TokenEndpoint
from tokenkit.pending import pending_from_bytes, pending_to_bytes
from tokenkit.provider import AuthorizationAnswer, AuthorizationRequest, ClientRegistration, Response

from world import CLIENT, NOW, World, answer, query

ISSUER = "https://acme.example"
PLAIN = AuthorizationEndpoint("acme", "Acme", "https://acme.example/authorize")
WITH_ISSUER = AuthorizationEndpoint("acme", "Acme", "https://acme.example/authorize", issuer=ISSUER)
PROMISED = AuthorizationEndpoint("acme", "Acme", "https://acme.example/authorize", issuer=ISSUER, iss="required")
TOKENS = TokenEndpoint("acme", "Acme", "https://acme.example/token")
REQUEST = AuthorizationRequest("http://127.0.0.1:1/callback/acme")


def begin(endpoint=PLAIN, request=REQUEST, scopes=("a", "b"), parameters=None):
    return endpoint.begin(World().ctx, CLIENT, request, scopes, parameters or {})


def code(endpoint=PLAIN, **parameters):
    pending = begin(endpoint)
    parameters.setdefault("state", pending.state.reveal())
    given = {name: value for name, value in parameters.items() if value is not None}
    return endpoint.code(World().ctx, CLIENT, pending, AuthorizationAnswer(given))


def test_the_person_is_sent_with_what_the_rfc_asks_for():
    pending = begin(request=AuthorizationRequest(REQUEST.redirect_uri, login_hint="me@example.com"))
    assert pending.url.startswith("https://acme.example/authorize?")
    sent = query(pending.url)
    assert sent.pop("code_challenge")
    assert sent == {
        "response_type": "code",
        "client_id": "client-1",
        "redirect_uri": REQUEST.redirect_uri,
        "state": pending.state.reveal(),
        "scope": "a b",
        "login_hint": "me@example.com",
        "code_challenge_method": "S256",
    }
    assert (pending.scopes, pending.created_at, pending.client_id) == ({"a", "b"}, NOW, "client-1")


def test_the_challenge_is_s256_of_the_verifier():
    """R23: PKCE is S256 (RFC 7636 section 4.2)."""
    pending = begin()
    verifier = pending.code_verifier.reveal()
    assert re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", verifier)
    hashed = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
    assert query(pending.url)["code_challenge"] == hashed
    assert verifier not in pending.url


def test_state_and_verifier_are_256_bits_and_drawn_apart():
    """R21: the world draws another byte each time."""
    pending = begin()
    assert pending.state != pending.code_verifier
    assert len(pending.state.reveal()) == 43


def test_pkce_is_off_only_where_the_provider_says_so():
    """R23: PKCE is never dropped because of an error."""
    pending = begin(AuthorizationEndpoint("acme", "Acme", "https://acme.example/authorize", pkce=False))
    assert pending.code_verifier is None
    assert "code_challenge" not in query(pending.url)


def test_more_parameters_never_replace_the_flows_own():
    forged = dict.fromkeys(("state", "code_challenge_method", "client_id", "response_type", "redirect_uri"), "forged")
    pending = begin(parameters={"prompt": "consent", **forged})
    sent = query(pending.url)
    assert sent["prompt"] == "consent"
    assert "forged" not in sent.values()


def test_the_query_of_the_endpoint_is_kept():
    """RFC 6749 section 3.1."""
    pending = begin(AuthorizationEndpoint("acme", "Acme", "https://acme.example/authorize?tenant=x"))
    assert query(pending.url)["tenant"] == "x"


def test_scopes_are_joined_by_the_providers_separator_and_left_out_when_there_are_none():
    endpoint = AuthorizationEndpoint("acme", "Acme", "https://acme.example/authorize", scope_separator=",")
    assert query(begin(endpoint).url)["scope"] == "a,b"
    assert "scope" not in query(begin(scopes=()).url)


def test_what_is_remembered_survives_its_record_and_shows_nothing():
    """R21: a sign-in under way is a sealed record, and shows no secret (R35)."""
    pending = begin(WITH_ISSUER)
    assert pending_from_bytes(pending_to_bytes(pending)) == pending
    assert pending.state.reveal() not in repr(pending)
    assert pending.code_verifier.reveal() not in repr(pending)


def test_a_fitting_answer_gives_its_code():
    assert code(code="the-code") == "the-code"


@pytest.mark.parametrize("state", ["", "x", "other", "ü", "\ud800", None])
def test_another_state_is_refused(state):
    """R22: also with an error, which anyone could forge to end a sign-in."""
    for more in ({"code": "c"}, {"error": "access_denied"}):
        pending = begin()
        parameters = more if state is None else {**more, "state": state}
        with pytest.raises(CallbackRefused, match="does not belong") as caught:
            PLAIN.code(World().ctx, CLIENT, pending, AuthorizationAnswer(parameters))
        assert pending.state.reveal() not in str(caught.value)


def test_states_are_compared_in_constant_time(monkeypatch):
    """R21: the time of a comparison must not tell how much of a guess is right."""
    compared = []
    monkeypatch.setattr("hmac.compare_digest", lambda *both: compared.append(both) or True)
    assert code(state="x", code="c") == "c"
    assert len(compared) == 1


@pytest.mark.parametrize("endpoint", [WITH_ISSUER, PROMISED])
@pytest.mark.parametrize(
    "iss", ["https://evil.example", f"{ISSUER}/", "HTTPS://ACME.EXAMPLE", "https://acme.example:443", ""]
)
def test_another_issuer_is_refused_before_its_error_is_believed(endpoint, iss):
    """R23, RFC 9207 section 2.4: plain strings are compared, on error answers too."""
    for more in ({"code": "c"}, {"error": "access_denied", "error_description": "believe me"}):
        with pytest.raises(CallbackRefused, match="RFC 9207") as caught:
            code(endpoint, iss=iss, **more)
        assert "believe" not in str(caught.value)


def test_a_promised_issuer_must_be_there():
    """R23: an answer without the promised `iss` may come from another provider."""
    with pytest.raises(CallbackRefused, match="RFC 9207"):
        code(PROMISED, code="c")
    assert code(PROMISED, code="c", iss=ISSUER) == "c"
    assert code(WITH_ISSUER, code="c") == "c"


def test_an_issuer_where_none_is_configured_is_refused():
    """R23: an `iss` that cannot be compared proves nothing."""
    for iss in ("https://elsewhere.example", ""):
        with pytest.raises(CallbackRefused, match="Acme has none") as caught:
            code(PLAIN, code="c", iss=iss)
        assert "issuer" in caught.value.hint
        assert not iss or iss not in caught.value.hint, "anybody can write it into the address"


@pytest.mark.parametrize(
    ("token_endpoint", "named"), [("https://acme.example/token", True), ("https://x.example/t", False)]
)
def test_the_issuer_to_write_down_is_named_where_its_metadata_names_our_token_endpoint(token_endpoint, named):
    """R23: Keycloak and others send `iss` unasked; nothing but the provider's own server is asked about it."""
    issuer = "https://acme.example/realms/home"
    told = {"issuer": issuer, "authorization_endpoint": "https://acme.example/authorize"}
    world = World(answer({**told, "token_endpoint": token_endpoint}))
    endpoint = replace(PLAIN, token_endpoint="https://acme.example/token")
    pending = begin(endpoint)
    given = AuthorizationAnswer({"state": pending.state.reveal(), "code": "c", "iss": issuer})
    with pytest.raises(CallbackRefused) as caught:
        endpoint.code(world.ctx, CLIENT, pending, given)
    assert (f'issuer = "{issuer}"' in caught.value.hint) == named
    assert {request.url.partition("/.well-known")[0] for request in world.requests} == {"https://acme.example"}


@pytest.mark.parametrize("value", [None, "", "two\nlines", "ü"])
def test_an_answer_without_a_code_that_can_be_one_is_refused(value):
    with pytest.raises(CallbackRefused, match="neither a code nor an error"):
        code(code=value)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("access_denied", ConsentDenied),
        ("invalid_scope", ConsentDenied),
        ("login_required", ConsentDenied),
        ("unauthorized_client", ClientRefused),
        ("server_error", ProviderUnavailable),
        ("temporarily_unavailable", ProviderUnavailable),
    ],
)
def test_error_answers_are_told_apart(error, kind):
    """RFC 6749 section 4.1.2.1."""
    with pytest.raises(kind) as caught:
        code(error=error, error_description="Scope \x1b[31m is not known")
    assert type(caught.value) is kind
    assert "\x1b" not in str(caught.value)
    if kind is ConsentDenied:
        assert caught.value.error == error


def test_the_providers_words_are_told_without_the_state():
    """R35: a server may quote what it was sent."""
    pending = begin()
    state = pending.state.reveal()
    refusal = {"state": state, "error": "access_denied", "error_description": f"blocked by policy ({state})"}
    with pytest.raises(ConsentDenied, match="declined: blocked by policy") as caught:
        PLAIN.code(World().ctx, CLIENT, pending, AuthorizationAnswer(refusal))
    assert state not in str(caught.value)


def test_a_sign_in_that_another_provider_issuer_or_client_began_is_refused():
    """R17: a plugin that changed in between gets no code."""
    pending = begin(WITH_ISSUER)
    parameters = AuthorizationAnswer({"state": pending.state.reveal(), "code": "c"})
    for endpoint, client in ((PLAIN, CLIENT), (WITH_ISSUER, ClientRegistration("other"))):
        with pytest.raises(ProviderChanged):
            endpoint.code(World().ctx, client, pending, parameters)


def test_the_code_is_exchanged_with_the_verifier_and_the_redirect_uri_that_was_sent():
    pending = begin()
    world = World(answer({"access_token": "a"}))
    exchange(world.ctx, TOKENS, CLIENT, pending, "the-code", {"audience": "x", "code": "no"})
    assert world.sent == {
        "audience": "x",
        "grant_type": "authorization_code",
        "code": "the-code",
        "redirect_uri": REQUEST.redirect_uri,
        "code_verifier": pending.code_verifier.reveal(),
        "client_id": "client-1",
        "client_secret": "client-secret-1",
    }


def test_without_pkce_no_verifier_is_sent():
    pending = begin(AuthorizationEndpoint("acme", "Acme", "https://acme.example/authorize", pkce=False))
    world = World(answer({"access_token": "a"}))
    exchange(world.ctx, TOKENS, CLIENT, pending, "c", {})
    assert "code_verifier" not in world.sent


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        (answer({"error": "invalid_grant"}, 400), AuthorizationError),
        (answer({"error": "invalid_request"}, 400), AuthorizationError),
        (answer({"error": "invalid_client"}, 401), ClientRefused),
        (answer({}, 503), ProviderUnavailable),
        (ProviderUnavailable("the answer was lost", sent=True), ProviderUnavailable),
        (ProviderUnavailable("no route", sent=False), ProviderUnavailable),
        (answer([]), InvalidAnswer),
        (answer({"access_token": None, "refresh_token": "r"}), InvalidAnswer),
    ],
)
def test_a_code_is_sent_exactly_once_whatever_comes_of_it(outcome, kind):
    """R18: a second try would revoke what the first one got (RFC 6749 section 4.1.2)."""
    world = World(outcome)
    with pytest.raises(kind) as caught:
        exchange(world.ctx, TOKENS, CLIENT, begin(), "the-code", {})
    assert len(world.requests) == 1
    assert world.slept == []
    assert "the-code" not in str(caught.value)


@pytest.mark.parametrize("outcome", [answer({}, 503), answer([]), ProviderUnavailable("no route", hint="try later")])
def test_after_a_failure_the_hint_is_to_sign_in_again_for_the_code_is_spent(outcome):
    with pytest.raises(ProviderError) as caught:
        exchange(World(outcome).ctx, TOKENS, CLIENT, begin(), "the-code", {})
    assert caught.value.hint == "tokenkit login acme"


def test_a_code_that_is_refused_has_expired_or_was_used_whatever_a_refusal_means_at_a_refresh():
    endpoint = TokenEndpoint(
        "acme", "Acme", "https://acme.example/token", reasons={"bad request": "you removed the app"}
    )
    refusal = answer({"error": "invalid_grant", "error_description": "Bad Request"}, 400)
    with pytest.raises(AuthorizationError, match="expired, or was used already") as caught:
        exchange(World(refusal).ctx, endpoint, CLIENT, begin(), "the-code", {})
    assert "removed" not in str(caught.value)
    assert caught.value.hint == "tokenkit login acme"


@pytest.mark.parametrize("words", ["redirect_uri mismatch", "Invalid code verifier."])
def test_what_the_provider_says_of_a_refused_code_is_told(words):
    """What is wrong may be the registration, or the sign-in's other end: only the provider knows."""
    refusal = answer({"error": "invalid_grant", "error_description": f"{words} (the-code)"}, 400)
    with pytest.raises(AuthorizationError, match=f"Acme says: {words}") as caught:
        exchange(World(refusal).ctx, TOKENS, CLIENT, begin(), "the-code", {})
    assert "the-code" not in str(caught.value)


@pytest.mark.parametrize("status", [404, 405])
def test_where_nothing_takes_a_code_the_address_is_named(status):
    with pytest.raises(AuthorizationError, match=f"HTTP {status}, .*: is {TOKENS.url} the right address"):
        exchange(World(Response(status)).ctx, TOKENS, CLIENT, begin(), "the-code", {})
