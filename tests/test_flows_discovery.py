"""Metadata is taken from the issuer that was asked, and from no other (RFC 8414, R23)."""

import pytest
from tokenkit.errors import InvalidAnswer, ProviderUnavailable
from tokenkit.flows.discovery import discover
from tokenkit.provider import Response

from world import World, answer

ISSUER = "https://op.example"
METADATA = {
    "issuer": ISSUER,
    "authorization_endpoint": "https://op.example/auth",
    "token_endpoint": "https://op.example/token",
}
PAGE = Response(200, (("content-type", "text/html"),), b"<!doctype html>")
MISSING = Response(404)


def found(**members):
    return discover(World(answer({**METADATA, **members})).ctx, ISSUER)


def test_endpoints_are_taken_from_the_metadata():
    told = found(
        revocation_endpoint="https://op.example/revoke",
        introspection_endpoint="https://op.example/introspect",
        device_authorization_endpoint="https://op.example/device",
        userinfo_endpoint="https://op.example/me",
    )
    assert told == {
        "issuer": ISSUER,
        "authorization_endpoint": "https://op.example/auth",
        "token_endpoint": "https://op.example/token",
        "revocation_endpoint": "https://op.example/revoke",
        "introspection_endpoint": "https://op.example/introspect",
        "device_authorization_endpoint": "https://op.example/device",
        "userinfo_endpoint": "https://op.example/me",
        "iss": "if_present",
        "client_auth": "basic",
    }


def test_an_issuer_with_a_path_is_looked_for_at_three_addresses():
    """RFC 8414 section 3 and 5: the path goes in between; OpenID Connect puts it in front."""
    issuer = "https://op.example/tenant"
    world = World(MISSING, MISSING, answer({**METADATA, "issuer": issuer}))
    assert discover(world.ctx, issuer)["issuer"] == issuer
    assert [request.url for request in world.requests] == [
        "https://op.example/.well-known/oauth-authorization-server/tenant",
        "https://op.example/.well-known/openid-configuration/tenant",
        "https://op.example/tenant/.well-known/openid-configuration",
    ]


def test_an_issuer_without_a_path_is_looked_for_at_two():
    world = World(MISSING, MISSING)
    with pytest.raises(InvalidAnswer, match="publishes no metadata"):
        discover(world.ctx, ISSUER)
    assert [request.url for request in world.requests] == [
        "https://op.example/.well-known/oauth-authorization-server",
        "https://op.example/.well-known/openid-configuration",
    ]


@pytest.mark.parametrize(
    "issuer",
    [
        "https://evil.example", "https://op.example/x", "https://OP.example", "http://op.example", "https://op.example//x",
        "https://{host}", "{x}//op.example", None, 5, "",
    ],
)  # fmt: skip
def test_the_metadata_of_another_issuer_is_refused_and_named(issuer):
    """RFC 8414 section 3.3."""
    with pytest.raises(InvalidAnswer, match="another issuer") as caught:
        found(issuer=issuer)
    named = issuer if isinstance(issuer, str) else ""
    assert (named or "none") in str(caught.value)
    assert caught.value.hint.startswith(f"ask for the issuer {named}," if named else "is that the whole address")


def test_a_slash_at_the_end_makes_no_other_issuer_and_the_documents_spelling_is_kept():
    """People add it and leave it out; `iss` is compared with the one that the server itself writes (R23)."""
    assert found(issuer="https://op.example/")["issuer"] == "https://op.example/"


@pytest.mark.parametrize("issuer", ["https://login.example/common/v2.0", "https://login.example/org-1/v2.0/"])
def test_a_template_stands_for_each_issuer_that_fits_it(issuer):
    """Entra's document for all tenants."""
    told = {**METADATA, "issuer": "https://login.example/{tenantid}/v2.0"}
    assert discover(World(answer(told)).ctx, issuer)["issuer"] == issuer
    with pytest.raises(InvalidAnswer):
        discover(World(answer(told)).ctx, "https://login.example/a/b/v2.0")


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint"])
def test_metadata_without_the_two_endpoints_is_no_use(name):
    with pytest.raises(InvalidAnswer, match="endpoint"):
        found(**{name: None})


@pytest.mark.parametrize(("promise", "iss"), [(True, "required"), (False, "if_present"), ("true", "if_present")])
def test_a_server_that_promises_iss_is_held_to_it(promise, iss):
    """R23: `iss` is required where it is promised (RFC 9207 section 3)."""
    assert found(authorization_response_iss_parameter_supported=promise)["iss"] == iss


@pytest.mark.parametrize(
    ("methods", "chosen"),
    [
        (None, "basic"),
        (["client_secret_basic", "client_secret_post"], "post"),
        (["client_secret_basic"], "basic"),
        (["client_secret_post", "none"], "post"),
        (["none"], "none"),
        (["private_key_jwt"], "basic"),
    ],
)
def test_the_client_authenticates_by_a_method_the_server_takes(methods, chosen):
    """RFC 8414 section 2; in the body no character of a secret can be written in two ways."""
    assert found(token_endpoint_auth_methods_supported=methods)["client_auth"] == chosen


def test_a_server_in_trouble_is_unavailable_and_not_without_metadata():
    with pytest.raises(ProviderUnavailable):
        discover(World(MISSING, Response(503)).ctx, ISSUER)


@pytest.mark.parametrize("other", [PAGE, Response(500), Response(301, (("location", "/"),))])
def test_what_a_server_answers_to_any_address_hides_no_metadata_at_the_next(other):
    """A single-page app answers each address with its page; OpenID Connect Discovery is the second address."""
    assert discover(World(other, answer(METADATA)).ctx, ISSUER)["issuer"] == ISSUER


@pytest.mark.parametrize("others", [(PAGE, PAGE), (MISSING, PAGE)])
def test_something_that_is_no_metadata_is_refused(others):
    with pytest.raises(InvalidAnswer, match="is not a JSON object"):
        discover(World(*others).ctx, ISSUER)


@pytest.mark.parametrize("name", ["openid-configuration", "oauth-authorization-server"])
def test_who_gives_the_address_of_the_document_is_told_the_issuer(name):
    for issuer, meant in ((f"{ISSUER}/.well-known/{name}", ISSUER), (f"{ISSUER}/.well-known/{name}/a", f"{ISSUER}/a")):
        with pytest.raises(InvalidAnswer, match="publishes no metadata") as caught:
            discover(World(MISSING, MISSING, MISSING).ctx, issuer)
        assert caught.value.hint == f'write issuer = "{meant}"'


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("https://WWW.op.example/.well-known/x?code=s3cret", "https://www.op.example"),
        ("https://me:s3cret@www.op.example/", ""),
        ("/login?code=s3cret", ""),
        ("https://op.example/login", ""),
        ("javascript:alert(1)", ""),
        ("https://[www.op.example/", ""),
        ("https://www.op.exa\u202emple/", ""),
    ],
)
def test_a_server_that_has_moved_is_named_and_not_asked(location, told):
    """RFC 8414 section 3.3: the metadata is that of the issuer which was asked for; a redirect says nothing of it."""
    moved = Response(301, (("location", location),))
    world = World(moved, MISSING)
    with pytest.raises(InvalidAnswer, match="publishes no metadata") as caught:
        discover(world.ctx, ISSUER)
    assert caught.value.hint.partition(": ask for")[0] == (f"it leads on to {told}" if told else "")
    assert {request.url.split("/.well-known")[0] for request in world.requests} == {ISSUER}


def test_an_endpoint_that_nobody_can_read_is_refused_by_its_name():
    with pytest.raises(InvalidAnswer, match="says token_endpoint"):
        found(token_endpoint="http://[op.example/token")
