"""A provider as data: each field does what it says. `test_every_field_has_a_test_of_its_own` holds the two together."""

import json
from base64 import b64decode, urlsafe_b64encode
from dataclasses import FrozenInstanceError, fields, replace

import pytest
from tokenkit.declaration import Declaration
from tokenkit.errors import CallbackRefused, ConfigurationError, ConsentRequired, InvalidAnswer, ProviderUnavailable
from tokenkit.flows.answer import AnswerShape
from tokenkit.flows.identity import UserinfoRequest
from tokenkit.flows.refusal import Ended
from tokenkit.flows.revoke import RevocationRequest
from tokenkit.net.hosts import own_endpoints
from tokenkit.oauth2 import OAuth2
from tokenkit.provider import AuthorizationAnswer, AuthorizationRequest, Provider, Request, Response, Scope
from tokenkit.token import AccessToken, Secret
from tokenkit.variables import Variable

from world import CLIENT, NOW, PUBLIC, World, answer, grant, query

REQUEST = AuthorizationRequest("http://127.0.0.1:1/callback/acme")

ACME = OAuth2(
    name="acme",
    title="Acme",
    authorization_endpoint="https://acme.example/authorize",
    token_endpoint="https://acme.example/token",
)
TOKENS = {"access_token": "a", "refresh_token": "r", "expires_in": 60}


def acme(**changes) -> OAuth2:
    return replace(ACME, **changes)


def begun(provider, request=REQUEST, client=CLIENT):
    return provider.begin(World().ctx, client, request)


def asked(provider, request=REQUEST):
    return query(begun(provider, request).url)


def signed_in(provider, members=TOKENS, request=REQUEST, **parameters):
    """The grant of a whole sign-in, and the world it was in."""
    pending = begun(provider, request)
    world = World(answer(members))
    given = AuthorizationAnswer({"state": pending.state.reveal(), "code": "c", **parameters})
    return provider.complete(world.ctx, CLIENT, pending, given), world


def refreshed(provider, members=TOKENS, **changes):
    world = World(answer(members))
    return provider.refresh(world.ctx, CLIENT, grant(**changes)), world


def test_every_field_has_a_test_of_its_own():
    """A field that nothing reads was the commonest fault of the provider list that is in wide use."""
    tests = [f"{name}_" for name in globals() if name.startswith("test_")]
    written = [field.name for field in fields(OAuth2) if field.init]
    missing = [field for field in written if not any(f"_{field}_" in name for name in tests)]
    assert missing == []


def test_token_header_carries_the_token_in_place_of_authorization():
    """Shopify and TikTok read none from `Authorization`; R33: an auth for other clients is refused then."""
    provider = acme(token_header="X-Acme-Token", userinfo_endpoint="https://acme.example/me")
    request = provider.authenticate(World().ctx, CLIENT, AccessToken("a"), Request("GET", "https://api.acme.example"))
    assert request.headers == (("X-Acme-Token", "a"),)
    assert not provider.header_token
    assert acme().header_token
    world = World(answer({"sub": "7"}))
    provider.identify(world.ctx, CLIENT, grant())
    assert world.requests[-1].header("X-Acme-Token") == "access-old"
    assert world.requests[-1].header("Authorization") is None


@pytest.mark.parametrize("name", ["Host", "Authorization", "Cookie", "Content-Type", "a b", "X\r\nY"])
def test_token_header_is_none_that_a_request_has_already(name):
    with pytest.raises(ConfigurationError, match="token_header"):
        acme(token_header=name)


def test_variables_stand_in_every_text_and_lead_nowhere_without_a_value():
    """Nothing can be sent to what has no value; what it is then is at `tests/test_settled.py`."""
    server = {"server": Variable(kind="server"), "region": Variable(choices=("eu", "us"), default="eu")}
    made = acme(
        variables=server,
        token_endpoint="{server}/{region}/token",
        userinfo=UserinfoRequest(name_endpoint="{server}/name"),
        headers={"Region": "{region}"},
    )
    assert made.token_endpoint == "https://nowhere.invalid/eu/token"
    at_home = made.at({"server": "https://home.example", "region": "us"})
    assert at_home.token_endpoint == "https://home.example/us/token"
    assert at_home.userinfo.name_endpoint == "https://home.example/name"
    assert at_home.headers == {"Region": "us"}
    assert made.token_endpoint == "https://nowhere.invalid/eu/token"


def test_it_is_a_value():
    assert acme() == ACME
    assert acme(title="Other") != ACME
    with pytest.raises(FrozenInstanceError):
        ACME.name = "other"
    assert not hasattr(ACME, "__dict__")


def test_the_methods_of_a_value_are_made_once_for_all_kinds_of_declaration():
    """Sixty fields take milliseconds: a process that refreshes once would pay them for each class."""
    assert OAuth2.__init__ is Declaration.__init__
    assert OAuth2.__eq__ is Declaration.__eq__


def test_it_is_a_provider():
    """Every member of the protocol is there; mypy holds the types."""
    members = [name for name in vars(Provider) if not name.startswith("_")]
    assert [name for name in members if not hasattr(ACME, name)] == []
    assert (ACME.header_token, ACME.state_in, ACME.retired, ACME.challenged) == (True, "query", "", None)


def test_a_power_without_its_endpoint_is_none():
    assert (ACME.revoke, ACME.identify, ACME.device) == (None, None, None)
    assert ACME.refresh is not None


# Who and where.


def test_name_is_in_what_is_kept_and_in_the_commands_that_mend():
    provider = acme(name="other")
    assert begun(provider).provider == "other"
    assert signed_in(provider)[0].provider == "other"
    with pytest.raises(ConsentRequired) as caught:
        refreshed(provider, {"error": "invalid_grant"})
    assert caught.value.hint == "tokenkit login other"


@pytest.mark.parametrize("name", ["", "../config", "a/b", "Acme", ".hidden", "a b"])
def test_a_name_that_could_not_be_a_file_or_a_command_is_refused(name):
    with pytest.raises(ConfigurationError):
        acme(name=name)


def test_title_is_what_people_read():
    with pytest.raises(ConsentRequired, match="The Acme needs you"):
        refreshed(acme(title="The Acme"), {"error": "invalid_grant"})


def test_authorization_endpoint_is_where_the_person_is_sent():
    assert begun(acme(authorization_endpoint="https://x.example/a")).url.startswith("https://x.example/a?")


def test_token_endpoint_is_asked_and_kept():
    """R17: a grant says which endpoint its secrets may go to."""
    provider = acme(token_endpoint="https://x.example/t")
    kept, world = signed_in(provider)
    assert world.requests[0].url == kept.token_endpoint == "https://x.example/t"
    assert refreshed(provider)[1].requests[0].url == "https://x.example/t"


def test_revocation_endpoint_is_asked_and_kept():
    """R17: a grant says which endpoint its secrets may go to. R19: sign-out revokes there."""
    provider = acme(revocation_endpoint="https://acme.example/revoke")
    assert signed_in(provider)[0].revocation_endpoint == "https://acme.example/revoke"
    world = World(Response(200))
    assert provider.revoke(world.ctx, CLIENT, grant()).done is True
    assert world.requests[0].url == "https://acme.example/revoke"


def test_introspection_endpoint_is_asked_whether_the_token_is_active():
    """RFC 7662; with the client's secret, and so only at the place that each grant keeps (R17)."""
    provider = acme(introspection_endpoint="https://acme.example/introspect")
    world = World(answer({"active": False}))
    assert provider.introspect(world.ctx, CLIENT, grant()) is False
    assert world.requests[0].url == "https://acme.example/introspect"
    assert provider.introspect(World().ctx, CLIENT, grant(access_tokens={})) is None
    assert (ACME.introspect, acme(introspection_endpoint="https://other.example/introspect").introspect) == (None, None)


def test_device_authorization_endpoint_is_asked_for_a_code():
    provider = acme(device_authorization_endpoint="https://acme.example/device", default_scopes=("a",))
    codes = {"device_code": "d", "user_code": "u", "verification_uri": "https://acme.example/enter", "expires_in": 60}
    world = World(answer(codes), answer(TOKENS))
    kept = provider.device(world.ctx, CLIENT, REQUEST, lambda *_: None)
    assert world.requests[0].url == "https://acme.example/device"
    assert (kept.refresh_token, kept.asked, kept.authorized_at) == (Secret("r"), {"a"}, NOW + 5)


def test_userinfo_endpoint_is_asked_with_the_token_whose_account_it_is():
    provider = acme(userinfo_endpoint="https://acme.example/me")
    world = World(answer({"sub": "42", "email": "me@example.com"}))
    identity = provider.identify(world.ctx, CLIENT, grant())
    assert (identity.subject, identity.name) == ("42", "me@example.com")
    (request,) = world.requests
    assert (request.method, request.url) == ("GET", "https://acme.example/me")
    assert request.header("authorization") == "Bearer access-old"


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        (Response(401), InvalidAnswer),
        (answer({"sub": "somebody"}, 403), InvalidAnswer),
        (Response(302), InvalidAnswer),
        (Response(503), ProviderUnavailable),
        (answer({}), InvalidAnswer),
        (answer({"sub": "x" * 300}), InvalidAnswer),
        (answer({"sub": "\x1b"}), InvalidAnswer),
        (answer([]), InvalidAnswer),
    ],
)
def test_an_identity_that_is_not_told_is_an_error_of_ours(outcome, kind):
    with pytest.raises(kind):
        acme(userinfo_endpoint="https://acme.example/me").identify(World(outcome).ctx, CLIENT, grant())


def test_a_grant_without_an_access_token_cannot_be_asked_whose_it_is():
    with pytest.raises(InvalidAnswer):
        acme(userinfo_endpoint="https://acme.example/me").identify(World().ctx, CLIENT, grant(access_tokens={}))


def test_issuer_is_kept_and_compared():
    """R17: a grant says who issued it. R23: an answer must say the same."""
    provider = acme(issuer="https://acme.example")
    assert signed_in(provider, iss="https://acme.example")[0].issuer == "https://acme.example"
    with pytest.raises(CallbackRefused):
        signed_in(provider, iss="https://evil.example")


def test_iss_may_be_required():
    """R23: `iss` is required where the provider promises it."""
    with pytest.raises(CallbackRefused):
        signed_in(acme(issuer="https://acme.example", iss="required"))


def test_resource_hosts_are_read_when_the_provider_is_made():
    """R32: a typo is found then, not when a token is about to go somewhere."""
    assert acme(resource_hosts=("https://api.acme.example/v1",)).resource_hosts == ("https://api.acme.example/v1",)
    for entry in ("api.acme.example", "https://*.com", "https://user@acme.example"):
        with pytest.raises(ConfigurationError):
            acme(resource_hosts=(entry,))


@pytest.mark.parametrize(
    "field",
    [
        "authorization_endpoint",
        "token_endpoint",
        "refresh_endpoint",
        "revocation_endpoint",
        "device_authorization_endpoint",
        "introspection_endpoint",
    ],
)
def test_no_endpoint_of_the_authorization_server_is_a_resource(field):
    """R32: the token endpoint is no place for an access token."""
    with pytest.raises(ConfigurationError, match="takes in its endpoint"):
        acme(**{field: "https://api.acme.example/oauth/x"}, resource_hosts=("https://api.acme.example/oauth/x",))
    provider = acme(**{field: "https://api.acme.example/oauth/x"}, resource_hosts=("https://api.acme.example",))
    assert "https://api.acme.example/oauth/x" in own_endpoints(provider)


@pytest.mark.parametrize(
    "url", ["", "acme.example/token", "ftp://acme.example", "https://a@acme.example/t", "https:///t"]
)
def test_an_endpoint_that_is_no_plain_url_is_refused(url):
    with pytest.raises(ConfigurationError):
        acme(token_endpoint=url)


def test_endpoints_have_no_fragment_and_are_not_half_https():
    """RFC 6749 section 3.1; a browser sent to http would show the state to the network."""
    with pytest.raises(ConfigurationError, match="fragment"):
        acme(token_endpoint="https://acme.example/token#x")
    with pytest.raises(ConfigurationError, match="some are not"):
        acme(authorization_endpoint="http://acme.example/authorize")


def test_redirect_host_and_redirect_port_are_data_for_the_loopback():
    """R24: read by consent; a provider that demands localhost says so here."""
    assert (ACME.redirect_host, ACME.redirect_port) == ("127.0.0.1", 0)
    provider = acme(redirect_host="localhost", redirect_port=8080)
    assert (provider.redirect_host, provider.redirect_port) == ("localhost", 8080)


@pytest.mark.parametrize("field", ["console_url", "manage_url"])
@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "JavaScript://acme.example/%0aalert(1)", "data:text/html,x", "file:///etc/passwd",
     "//acme.example", "acme.example", "https://", "https:///x", " https://acme.example", "ftp://acme.example",
     "https://acme.example/\x1b[2J", "https://acme .example"],
)  # fmt: skip
def test_a_link_for_people_leads_to_a_web_page(field, link):
    """A person clicks it on a page of ours: ``javascript:`` in a provider's file would act in their name."""
    with pytest.raises(ConfigurationError, match=f"{field} of acme is no address of a web page"):
        acme(**{field: link})
    assert acme(**{field: "http://127.0.0.1:8123/a?b=c#d"})


def test_console_url_and_manage_url_are_told_to_people():
    provider = acme(console_url="https://acme.example/apps", manage_url="https://acme.example/me/apps")
    assert (provider.console_url, provider.manage_url) == ("https://acme.example/apps", "https://acme.example/me/apps")


def test_redirect_uri_is_told_to_whoever_begins():
    assert acme(redirect_uri="http://localhost:3118/callback").redirect_uri == "http://localhost:3118/callback"
    with pytest.raises(ConfigurationError, match="redirect_uri"):
        acme(redirect_uri="localhost:3118/callback")


def test_retired_is_a_sentence():
    assert acme(retired="It closed in 2025.").retired == "It closed in 2025."


def test_refresh_endpoint_is_asked_and_recorded():
    """Figma. R17: it is kept with the grant, and compared."""
    provider = acme(refresh_endpoint="https://api.acme.example/refresh")
    assert refreshed(provider)[1].requests[0].url == "https://api.acme.example/refresh"
    assert signed_in(provider)[1].requests[0].url == ACME.token_endpoint
    assert provider.endpoints == {"refresh": "https://api.acme.example/refresh"}


# What is asked.


def test_headers_go_to_the_token_and_the_revocation_endpoint():
    provider = acme(headers={"User-Agent": "tokenkit/1"}, revocation_endpoint="https://acme.example/revoke")
    world = World(Response(200))
    provider.revoke(world.ctx, CLIENT, grant())
    for request in (signed_in(provider)[1].requests[0], refreshed(provider)[1].requests[0], world.requests[0]):
        assert request.header("user-agent") == "tokenkit/1"


@pytest.mark.parametrize("name", ["Host", "authorization", "Cookie", "Content-Type", "Transfer-Encoding", "Connection",
                                  "Proxy-Authorization", "X Y", "X:Y", ""])  # fmt: skip
def test_a_header_that_carries_secrets_or_the_requests_shape_is_refused(name):
    with pytest.raises(ConfigurationError, match="headers"):
        acme(headers={name: "x"})
    with pytest.raises(ConfigurationError, match=r"userinfo\.headers"):
        acme(userinfo=UserinfoRequest(headers={name: "x"}))


def test_a_header_of_two_lines_is_refused():
    with pytest.raises(ConfigurationError, match="headers"):
        acme(headers={"X-Y": "a\r\nX-Z: b"})


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("authorization_parameters", "state"), ("authorization_parameters", "redirect_uri"),
        ("authorization_parameters", "request"), ("authorization_parameters", "request_uri"),
        ("authorization_parameters", "response_mode"), ("authorization_parameters", "code_challenge"),
        ("token_parameters", "code"), ("token_parameters", "client_assertion"), ("token_parameters", "client_secret"),
        ("refresh_parameters", "refresh_token"), ("refresh_parameters", "client_assertion_type"),
        ("parameter_names", "state"), ("parameter_names", "code_challenge"),
    ],
)  # fmt: skip
def test_what_a_flow_owns_is_not_declared(field, name):
    with pytest.raises(ConfigurationError, match=field):
        acme(**{field: {name: "x"}})


def test_nonce_is_sent_and_must_come_back_in_the_id_token():
    """OpenID Connect Core section 3.1.3.7."""
    provider = acme(nonce=True)
    pending = begun(provider)
    sent = query(pending.url)["nonce"]
    assert sent
    assert pending.state.reveal() not in sent
    good = {"aud": "client-1", "nonce": sent}
    assert signed_in(provider, {**TOKENS, "id_token": jwt(good)})[0].refresh_token == Secret("r")
    for claims in ({}, {**good, "nonce": "other"}, {**good, "aud": "client-2"}, {"aud": "client-1"}):
        with pytest.raises(CallbackRefused, match="ID token"):
            signed_in(provider, {**TOKENS, "id_token": jwt(claims)})
    with pytest.raises(CallbackRefused, match="no ID token"):
        signed_in(provider, TOKENS)


def test_resource_is_named_in_every_request():
    """RFC 8707."""
    provider = acme(resource="https://api.acme.example/v1")
    kept, world = signed_in(provider)
    assert kept.resource == "https://api.acme.example/v1"
    assert {asked(provider)["resource"], world.sent["resource"], refreshed(provider)[1].sent["resource"]} == {
        "https://api.acme.example/v1"
    }


def test_refresh_scopes_names_them_again():
    """Entra: AADSTS90009."""
    assert refreshed(acme(refresh_scopes=True))[1].sent["scope"] == "read write"
    assert "scope" not in refreshed(ACME)[1].sent


def test_parameter_names_rename_and_leave_out():
    """TikTok's client_key, Slack's user_scope."""
    provider = acme(parameter_names={"client_id": "client_key", "scope": ""}, default_scopes=("a",))
    sent = asked(provider)
    assert sent["client_key"] == "client-1"
    assert not {"client_id", "scope"} & sent.keys()
    assert signed_in(provider)[1].sent["client_key"] == "client-1"


def test_code_parameter_is_where_the_code_comes_back():
    pending = begun(acme(code_parameter="auth_code"))
    world = World(answer(TOKENS))
    given = AuthorizationAnswer({"state": pending.state.reveal(), "auth_code": "c-1"})
    acme(code_parameter="auth_code").complete(world.ctx, CLIENT, pending, given)
    assert world.sent["code"] == "c-1"


def test_userinfo_may_be_posted_and_may_need_headers():
    """Dropbox, Notion, Twitch."""
    how = UserinfoRequest(method="POST", headers={"Client-Id": "{client_id}", "Acme-Version": "1"})
    request, told = whose(how, answer({"sub": "7", "email": "me@example.com"}))
    assert (told.subject, told.name) == ("7", "me@example.com")
    assert (request.method, request.body, request.header("client-id"), request.header("acme-version")) == (
        "POST", b"", "client-1", "1",
    )  # fmt: skip


def test_userinfo_may_be_graphql():
    """Linear, monday.com."""
    how = UserinfoRequest(query="{ viewer { id email } }")
    provider = acme(
        userinfo_endpoint="https://api.acme.example/graphql", userinfo=how, subject_path="data.viewer.id",
        name_paths=("data.viewer.email",),
    )  # fmt: skip
    world = World(answer({"data": {"viewer": {"id": "7", "email": "me@example.com"}}}))
    assert provider.identify(world.ctx, CLIENT, grant()).name == "me@example.com"
    assert world.requests[0].header("content-type") == "application/json"
    assert json.loads(world.requests[0].body) == {"query": "{ viewer { id email } }"}


def test_userinfo_that_answers_405_to_a_get_is_asked_by_post():
    request, told = whose(UserinfoRequest(), Response(405), answer({"sub": "7"}))
    assert (request.method, told.subject) == ("POST", "7")


def test_userinfo_may_need_a_second_call_for_the_name():
    how = UserinfoRequest(name_endpoint="https://api.acme.example/emails")
    request, told = whose(how, answer({"sub": "7"}), answer({"email": "me@example.com"}))
    assert (request.url, told) == ("https://api.acme.example/emails", ("7", "me@example.com"))
    provider = acme(userinfo_endpoint="https://api.acme.example/me", userinfo=how)
    assert set(provider.endpoints) == {"identify", "identify.name"}, "R17: both receive the token, and are compared"


def whose(how, *answers):
    """The last request, and whose account it is."""
    world = World(*answers)
    provider = acme(userinfo_endpoint="https://api.acme.example/me", userinfo=how)
    told = provider.identify(world.ctx, CLIENT, grant())
    return world.requests[-1], told


REVOCATIONS = {
    "Dropbox": (RevocationRequest(sent_in="bearer"), "POST", "Bearer access-old", b""),
    "GitHub": (
        RevocationRequest(
            method="DELETE", sent_in="json", which="access", parameter="access_token", client_auth="basic"
        ),
        "DELETE", "Basic Y2xpZW50LTE6Y2xpZW50LXNlY3JldC0x", b'{"access_token": "access-old"}',
    ),
    "HubSpot": (RevocationRequest(method="DELETE", sent_in="url", client_auth="none"), "DELETE", None, b""),
}  # fmt: skip


@pytest.mark.parametrize("name", REVOCATIONS)
def test_revocation_may_be_asked_in_other_ways(name):
    how, method, authorization, body = REVOCATIONS[name]
    named = "/{token}" if how.sent_in == "url" else ""
    provider = acme(revocation_endpoint=f"https://acme.example/apps/{{client_id}}{named}", revocation=how)
    world = World(Response(204))
    assert provider.revoke(world.ctx, CLIENT, grant()).done
    (request,) = world.requests
    assert (request.method, request.header("authorization"), request.body) == (method, authorization, body)
    assert request.url.startswith("https://acme.example/apps/client-1")
    assert ("refresh-old" in request.url) == (name == "HubSpot")


def test_a_revocation_that_failed_inside_a_200_is_told():
    """Slack answers ok:false; a token that has ended before is as good as revoked."""
    provider = acme(revocation_endpoint="https://acme.example/revoke")
    for members, done in (
        ({"ok": False, "error": "not_authed"}, False),
        ({"ok": False, "error": "token_revoked"}, True),
    ):
        assert provider.revoke(World(answer(members)).ctx, CLIENT, grant()).done is done


def test_scopes_resolve_aliases():
    provider = acme(scopes={"read": Scope("https://acme.example/read")}, default_scopes=("read", "raw"))
    assert asked(provider)["scope"] == "https://acme.example/read raw"


def test_default_scopes_are_asked_where_the_request_names_none():
    provider = acme(default_scopes=("a", "b"))
    assert asked(provider)["scope"] == "a b"
    assert asked(provider, AuthorizationRequest("http://127.0.0.1:1/", scopes=("c",)))["scope"] == "c"


def test_identity_scopes_are_asked_always_and_never_twice():
    provider = acme(identity_scopes=("openid", "email"), default_scopes=("openid",))
    assert asked(provider)["scope"] == "openid email"
    assert (
        asked(provider, AuthorizationRequest("http://127.0.0.1:1/", scopes=("c", "email")))["scope"] == "c email openid"
    )


def test_scope_separator_joins_and_splits():
    provider = acme(scope_separator=",", default_scopes=("a", "b"))
    assert asked(provider)["scope"] == "a,b"
    assert signed_in(provider, {**TOKENS, "scope": "a,b"})[0].scopes == {"a", "b"}


def test_client_auth_holds_for_every_request_that_has_one():
    provider = acme(client_auth="basic", revocation_endpoint="https://acme.example/revoke")
    world = World(Response(200))
    provider.revoke(world.ctx, CLIENT, grant())
    for request in (signed_in(provider)[1].requests[0], refreshed(provider)[1].requests[0], world.requests[0]):
        credentials = request.header("authorization").removeprefix("Basic ")
        assert b64decode(credentials) == b"client-1:client-secret-1"
        assert b"client" not in request.body


def test_needs_secret_is_told_to_whoever_asks_for_a_client():
    assert (ACME.needs_secret, acme(needs_secret=True).needs_secret) == (False, True)


def test_pkce_is_on_unless_the_data_says_off():
    """R23: PKCE always, unless the provider is known not to have it."""
    assert asked(ACME)["code_challenge_method"] == "S256"
    assert "code_verifier" in signed_in(ACME)[1].sent
    assert "code_challenge" not in asked(acme(pkce=False))
    assert "code_verifier" not in signed_in(acme(pkce=False))[1].sent


def test_request_format_may_be_json():
    """Notion."""
    _, world = signed_in(acme(request_format="json"))
    (request,) = world.requests
    assert request.header("content-type").startswith("application/json")
    assert b'"grant_type": "authorization_code"' in request.body


def test_authorization_parameters_are_always_sent():
    provider = acme(authorization_parameters={"access_type": "offline", "prompt": "consent"})
    sent = asked(provider)
    assert (sent["access_type"], sent["prompt"]) == ("offline", "consent")


def test_token_parameters_go_with_the_code():
    provider = acme(token_parameters={"audience": "x"})
    assert signed_in(provider)[1].sent["audience"] == "x"
    assert "audience" not in refreshed(provider)[1].sent


def test_refresh_parameters_go_with_the_refresh_token():
    provider = acme(refresh_parameters={"audience": "x"})
    assert refreshed(provider)[1].sent["audience"] == "x"
    assert "audience" not in signed_in(provider)[1].sent


# What is answered.


def test_default_expires_in_stands_in_for_a_missing_one():
    """R16: a missing lifetime is the provider's default."""
    members = {"access_token": "a"}
    assert signed_in(ACME, members)[0].access_token.expires_at == NOW + 3600
    assert signed_in(acme(default_expires_in=5.0), members)[0].access_token.expires_at == NOW + 5
    assert signed_in(acme(default_expires_in="never"), members)[0].access_token.expires_at is None


def test_the_lifetime_that_was_told_last_holds_where_a_refresh_tells_none():
    """R16: with 300 s told, a refreshed token must not be held good for an hour, whatever the provider's default is."""
    before = {"": AccessToken("x", expires_at=NOW, obtained_at=NOW - 300)}
    for default in (3600.0, "never"):
        provider = acme(default_expires_in=default)
        kept, _ = refreshed(provider, {"access_token": "a"}, access_tokens=before)
        assert kept.access_token.expires_at == NOW + 300
    assert refreshed(ACME, {"access_token": "a", "expires_in": 5})[0].access_token.expires_at == NOW + 5
    assert (
        refreshed(acme(default_expires_in=7.0), {"access_token": "a"}, access_tokens={})[0].access_token.lifetime() == 7
    )


def test_refresh_lifetime_counts_from_the_authorization():
    provider = acme(refresh_lifetime=1000.0)
    kept, _ = signed_in(provider)
    assert (kept.authorized_at, kept.refresh_expires_at) == (NOW, NOW + 1000)
    assert refreshed(provider, refresh_expires_at=NOW + 1000)[0].refresh_expires_at == NOW + 1000
    assert signed_in(provider, {**TOKENS, "refresh_token_expires_in": 7})[0].refresh_expires_at == NOW + 7


def test_idle_lifetime_counts_from_the_last_use():
    """Atlassian: 90 days without use, 365 in all."""
    provider = acme(idle_lifetime=1000.0, refresh_lifetime=87000.0)
    assert signed_in(provider)[0].refresh_expires_at == NOW + 1000
    assert refreshed(provider, authorized_at=NOW - 86400)[0].refresh_expires_at == NOW + 600
    assert refreshed(provider, authorized_at=NOW)[0].refresh_expires_at == NOW + 1000


def test_keeps_refresh_token_is_what_a_refresh_asks_for():
    """R38: whether it may be sent twice; see `test_succession` for what comes of it."""
    assert acme(keeps_refresh_token=True).keeps_refresh_token
    assert not acme().keeps_refresh_token


def test_answer_says_where_its_members_are():
    """Withings, Slack; and lifetimes of milliseconds."""
    provider = acme(
        answer=AnswerShape(path="body", access_token="key", expires_in="ttl", milliseconds=True, scope="can")
    )
    body = {"key": "a", "ttl": 60000, "refresh_token": "r", "can": ["x", "y"]}
    kept, _ = signed_in(provider, {"status": 0, "body": body, "access_token": "not this"})
    assert (kept.access_token.value, kept.access_token.lifetime(), kept.scopes) == ("a", 60, {"x", "y"})
    assert kept.refresh_token == Secret("r")


def test_ended_says_what_else_means_that_a_grant_has_ended():
    """R13: Atlassian, X, and an empty 400; what is not declared is presumed, and latches nothing."""
    ways = (
        Ended(status=403, code="unauthorized_client", fragment="Refresh_Token is invalid", reason="it was unused"),
        Ended(status=400, empty=True),
    )
    provider = acme(ended=ways)
    atlassian = answer({"error": "unauthorized_client", "error_description": "refresh_token is invalid"}, 403)
    for refusal, presumed, reason in (
        (atlassian, False, "it was unused"),
        (Response(400), False, "HTTP 400, without saying why"),
        (answer({"error": "unauthorized_client"}, 403), True, "unauthorized_client"),
    ):
        with pytest.raises(ConsentRequired) as caught:
            provider.refresh(World(refusal).ctx, CLIENT, grant())
        assert (caught.value.presumed, caught.value.reason) == (presumed, reason)


def test_scope_parameter_reads_the_scopes_out_of_the_redirect():
    """Strava: the person may untick some."""
    provider = acme(scope_parameter="scope", default_scopes=("read", "write"))
    kept, _ = signed_in(provider, TOKENS, scope="read,extra")
    assert (kept.scopes, kept.missing) == ({"read", "extra"}, {"write"})


def test_an_identity_may_stand_in_the_id_token():
    provider = acme(
        issuer="https://acme.example", captured=("id_token.sub", "id_token.email"), subject_path="id_token.sub",
        name_paths=("id_token.email",),
    )  # fmt: skip
    claims = {"iss": "https://acme.example", "aud": ["client-1"], "sub": "7", "email": "me@example.com"}
    kept, world = signed_in(provider, {**TOKENS, "id_token": jwt(claims)})
    assert provider.identify(world.ctx, CLIENT, kept) == ("7", "me@example.com")
    with pytest.raises(CallbackRefused, match="another issuer"):
        signed_in(provider, {**TOKENS, "id_token": jwt({**claims, "iss": "https://evil.example"})})


def jwt(claims):
    body = urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{body}.c2ln"


def test_captured_members_are_kept():
    kept, _ = signed_in(acme(captured=("team.id",)), {**TOKENS, "team": {"id": "T1"}})
    assert kept.extra == {"team.id": "T1"}
    assert refreshed(acme(captured=("team.id",)), {**TOKENS, "team": {"id": "T2"}})[0].extra == {"team.id": "T2"}


def test_captured_parameters_of_the_redirect_are_kept_and_a_refresh_does_not_lose_them():
    """QuickBooks names there the company that its API is asked for."""
    provider = acme(captured=("redirect.realmId", "team.id"))
    kept, _ = signed_in(provider, {**TOKENS, "team": {"id": "T1"}}, realmId="4620816365", other="x")
    assert kept.extra == {"redirect.realmId": "4620816365", "team.id": "T1"}
    assert refreshed(provider, TOKENS, extra=kept.extra)[0].extra == kept.extra


@pytest.mark.parametrize("value", ["", "a\nb", "x" * 501])
def test_captured_parameters_that_no_server_sends_are_not_kept(value):
    assert signed_in(acme(captured=("redirect.realmId",)), realmId=value)[0].extra == {}


def test_subject_path_and_name_paths_say_where_the_identity_stands():
    provider = acme(
        userinfo_endpoint="https://acme.example/me", subject_path="user.id", name_paths=("none", "user.login")
    )
    members = {"user": {"id": 42, "login": "me"}}
    identity = provider.identify(World(answer(members)).ctx, CLIENT, grant())
    assert (identity.subject, identity.name) == ("42", "me")
    identity = provider.identify(World(answer({"user": {"id": 42}})).ctx, CLIENT, grant())
    assert (identity.subject, identity.name) == ("42", "42")


def test_an_identity_may_stand_in_a_list_at_any_depth():
    """Wise answers with a list of profiles. A path that leads past a list is told with one that does not."""
    provider = acme(userinfo_endpoint="https://acme.example/me", subject_path="0.id", name_paths=("0.mails.0",))
    profiles = [{"id": 42, "mails": ["me@example.com"]}]
    identity = provider.identify(World(answer(profiles)).ctx, CLIENT, grant())
    assert (identity.subject, identity.name) == ("42", "me@example.com")
    for members, path in ((profiles, "0.id"), ({"data": [{"id": 42}]}, "data.0.id")):
        with pytest.raises(InvalidAnswer, match=path):
            acme(userinfo_endpoint="https://acme.example/me").identify(World(answer(members)).ctx, CLIENT, grant())


def test_an_identity_may_stand_in_the_token_answer():
    """Dropbox, Notion, Slack: no endpoint is asked."""
    provider = acme(captured=("team.id", "team.name"), subject_path="team.id", name_paths=("team.name",))
    kept, _ = signed_in(provider, {**TOKENS, "team": {"id": "T1", "name": "Ours"}})
    identity = provider.identify(World().ctx, CLIENT, kept)
    assert (identity.subject, identity.name) == ("T1", "Ours")


def test_revocation_reach_token_names_each_token():
    """R19: where a revocation ends one token only, each is revoked."""
    provider = acme(revocation_endpoint="https://acme.example/revoke", revocation_reach="token")
    world = World(Response(200), Response(200))
    provider.revoke(world.ctx, CLIENT, grant())
    assert len(world.requests) == 2


def test_without_an_endpoint_revocation_reaches_nothing():
    """R19: the provider cannot revoke, and says so."""
    assert acme(revocation_reach="client").revocation_reach == ""
    assert acme(revocation_reach="client", revocation_endpoint="https://acme.example/r").revocation_reach == "client"


def test_reasons_are_told_in_the_place_of_the_providers_words():
    provider = acme(reasons={"rapt": "Ask your administrator."})
    with pytest.raises(ConsentRequired) as caught:
        refreshed(provider, {"error": "invalid_grant", "error_subtype": "invalid_rapt"})
    assert caught.value.reason == "Ask your administrator."


# A grant, a request, an issuer.


def test_a_grant_says_where_it_is_from():
    """R17: a grant goes only where it came from."""
    provider = acme(issuer="https://acme.example", default_scopes=("a", "b"))
    kept, _ = signed_in(provider, {**TOKENS, "scope": "a"})
    assert (kept.client_id, kept.authorized_at, kept.refresh_token) == ("client-1", NOW, Secret("r"))
    assert (kept.scopes, kept.asked, kept.missing) == ({"a"}, {"a", "b"}, {"b"})
    assert kept.access_token.scopes == {"a"}


def test_an_answer_without_scopes_granted_what_was_asked():
    """RFC 6749 section 5.1; and nothing is known where nothing was asked."""
    assert signed_in(acme(default_scopes=("a",)))[0].scopes == {"a"}
    assert signed_in(ACME)[0].scopes is None


def test_an_empty_scope_says_nothing():
    """Some name the member in every answer, and fill it in none."""
    assert signed_in(acme(default_scopes=("a",)), {**TOKENS, "scope": ""})[0].scopes == {"a"}


def test_a_request_gets_the_token_in_its_header_alone():
    """RFC 6750 section 2.1; another Authorization header does not stay beside it."""
    request = Request("GET", "https://api.acme.example/x", (("authorization", "Basic x"), ("X-Y", "z")))
    signed = ACME.authenticate(World().ctx, PUBLIC, AccessToken("a"), request)
    assert signed.headers == (("X-Y", "z"), ("Authorization", "Bearer a"))
    assert signed.url == request.url


def test_a_provider_can_be_made_from_its_issuer():
    """RFC 8414; what is given goes before what was found."""
    metadata = {
        "issuer": "https://op.example",
        "authorization_endpoint": "https://op.example/auth",
        "token_endpoint": "https://op.example/token",
        "authorization_response_iss_parameter_supported": True,
    }
    world = World(answer(metadata))
    provider = OAuth2.from_issuer(world.ctx, "https://op.example", name="op", title="OP", client_auth="none")
    assert provider == OAuth2(
        name="op",
        title="OP",
        authorization_endpoint="https://op.example/auth",
        token_endpoint="https://op.example/token",
        issuer="https://op.example",
        iss="required",
        client_auth="none",
    )


def test_sources_and_unverified_name_fields_of_it():
    known = acme(sources={"token_endpoint": "its page", "*": "its pages"}, unverified=("pkce",))
    assert known.sources["token_endpoint"] == "its page"
    for wrong in (
        {"sources": {"tokens": "its page"}},
        {"unverified": ("token_url",)},
        {"unverified": ("scopes.none",)},
    ):
        with pytest.raises(ConfigurationError, match="which is no field"):
            acme(**wrong)


def test_console_steps_lead_to_web_pages_only():
    steps = {"https://console.acme.example/apps": "create an app"}
    assert acme(console_steps=steps).console_steps == steps
    with pytest.raises(ConfigurationError):
        acme(console_steps={"javascript:alert(1)": "create an app"})


def test_checked_is_a_date():
    assert acme(checked="2026-11-28").checked == "2026-11-28"
    with pytest.raises(ConfigurationError, match="is no date"):
        acme(checked="yesterday")


def test_unverified_addresses_of_a_sign_in_want_trust():
    assert acme(unverified=("token_endpoint",)).needs_trust
    assert not acme(unverified=("userinfo_endpoint",)).needs_trust
    assert not acme(unverified=("token_endpoint",), retired="It is gone.").needs_trust, "nobody is sent there at all"


def test_scopes_whose_values_are_short_go_by_them():
    read, write = Scope("read", "see"), Scope("write", "change")
    assert acme(scopes=Scope.by_value(read, write)).scopes == {"read": read, "write": write}
