"""The plain flavour, and what is played from a declaration: introspection, devices, servers and files of one's own."""

from dataclasses import replace
from pathlib import Path

import pytest
from tokenkit import OAuth2, TokenKit
from tokenkit.errors import AuthorizationError, ClientRefused, ConsentDenied, UsageError
from tokenkit.flows.discovery import discover
from tokenkit.grant import Grant
from tokenkit.provider import AuthorizationRequest, ClientRegistration, Request
from tokenkit.sandbox import Authority, Client, client_of, declared_provider, serve
from tokenkit.testing import provider_from_file
from tokenkit.testing.contract import BASE_URL, ProviderContract
from tokenkit.testing.provider_harness import ProviderHarness
from tokenkit.token import Secret

from at_sandbox import BASE, World, error

AT = f"{BASE_URL}/plain"
REAL = "https://login.acme.example"

ACME = """\
[provider]
name = "acme"
title = "Acme"
authorization_endpoint = "{at}/authorize"
token_endpoint = "{at}/token"
revocation_endpoint = "{at}/revoke"
introspection_endpoint = "{at}/introspect"
device_authorization_endpoint = "{at}/device_authorization"
userinfo_endpoint = "{at}/userinfo"
resource_hosts = ["{at}/api"]
subject_path = "sub"
default_scopes = ["read"]

[provider.scopes.read]
value = "things.read"
about = "read your things"
"""


def acme(folder: Path, at: str = AT) -> OAuth2:
    """The provider of a person's own file, with the plain flavour's addresses."""
    path = folder / "acme.toml"
    path.write_text(ACME.format(at=at))
    return provider_from_file(str(path))


class TestAtThePlainServer(ProviderContract):
    """A provider file of one's own holds the contract there."""

    flavour = "plain"

    @pytest.fixture
    def provider(self, tmp_path: Path) -> OAuth2:
        return acme(tmp_path)

    @pytest.fixture
    def api_request(self) -> Request:
        return Request("POST", f"{AT}/api/things")


class TestAPublicClientAtThePlainServer(TestAtThePlainServer):
    """So does one for a client that keeps no secret."""

    @pytest.fixture
    def provider(self, tmp_path: Path) -> OAuth2:
        return replace(acme(tmp_path), client_auth="none")


class TestWithoutPkceAtThePlainServer(TestAtThePlainServer):
    """And one for a provider that has no PKCE, and takes the secret in a header."""

    @pytest.fixture
    def provider(self, tmp_path: Path) -> OAuth2:
        return replace(acme(tmp_path), pkce=False, client_auth="basic")


# Powers that both have: the plain server, and one that is played from its declaration.


@pytest.fixture(params=["plain", "played"])
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> ProviderHarness:
    """Somebody's provider file, at the plain server, and where it is played as declared."""
    if request.param == "plain":
        return ProviderHarness(acme(tmp_path), client_of("plain"), "plain")
    return ProviderHarness(acme(tmp_path, REAL), client_of("acme"), "acme")


def introspected(harness: ProviderHarness, grant: Grant) -> bool | None:
    assert harness.provider.introspect is not None
    return harness.provider.introspect(harness.ctx, harness.client, grant)


def test_introspection_tells_a_living_token_from_an_ended_one(harness: ProviderHarness) -> None:
    granted = harness.sign_in()
    assert introspected(harness, granted) is True
    harness.clock.advance(3600)
    assert introspected(harness, granted) is False


def test_introspection_says_nothing_of_a_token_that_another_client_was_given(harness: ProviderHarness) -> None:
    granted = harness.sign_in()
    name = "sandbox-other"
    harness.authority.registry.clients[harness.flavour].append(Client(name, f"{name}-secret"))
    harness.client = ClientRegistration(name, Secret(f"{name}-secret"))
    assert introspected(harness, granted) is False


def on_a_device(harness: ProviderHarness, *, deny: bool = False, waits: float = 0.0) -> Grant:
    """Sign in on a device; the person enters its code at once, or after the time that it lives."""
    assert harness.provider.device is not None

    def show(url: str, code: str) -> None:
        harness.clock.advance(waits)
        if not waits:
            harness.authority.approve(f"{url}?user_code={code}", deny=deny)

    return harness.provider.device(harness.ctx, harness.client, AuthorizationRequest(""), show)


def test_a_device_signs_in(harness: ProviderHarness) -> None:
    granted = on_a_device(harness)
    assert granted.access_token is not None
    assert granted.refresh_token is not None
    assert introspected(harness, granted) is True


def test_a_device_that_is_denied_or_late_is_told(harness: ProviderHarness) -> None:
    with pytest.raises(ConsentDenied):
        on_a_device(harness, deny=True)
    with pytest.raises(AuthorizationError, match="expired"):
        on_a_device(harness, waits=1800)


def test_a_device_whose_client_is_wrong_gets_no_code(harness: ProviderHarness) -> None:
    harness.client = ClientRegistration(harness.client.client_id, Secret("wrong"))
    with pytest.raises((ClientRefused, AuthorizationError)):
        on_a_device(harness)


# The plain server is as strict as the RFCs.


@pytest.fixture
def world() -> World:
    return World()


def test_the_plain_server_says_what_it_has(world: World) -> None:
    """RFC 8414: a provider can be made from its issuer alone."""
    context = ProviderHarness(
        OAuth2(name="x", title="X", authorization_endpoint=AT, token_endpoint=AT), client_of("x"), "plain"
    )
    found = discover(context.ctx, AT)
    assert found["introspection_endpoint"] == f"{AT}/introspect"
    assert found["device_authorization_endpoint"] == f"{AT}/device_authorization"


@pytest.mark.parametrize(
    ("path", "fields", "expected"),
    [
        ("token", {"grant_type": "password"}, (400, "unsupported_grant_type")),
        ("token", {"grant_type": "refresh_token", "refresh_token": "made-up"}, (400, "invalid_grant")),
        ("token", {"grant_type": "refresh_token", "client_secret": "wrong"}, (401, "invalid_client")),
        ("token", {"client_id": "somebody"}, (401, "invalid_client")),
        ("revoke", {}, (400, "invalid_request")),
        ("introspect", {"token": "made-up", "client_secret": ""}, (401, "invalid_client")),
        ("device_authorization", {"client_id": "somebody"}, (401, "invalid_client")),
    ],
)
def test_the_plain_server_refuses_in_the_words_of_the_rfcs(
    world: World, path: str, fields: dict[str, str], expected: tuple[int, str]
) -> None:
    own = {"client_id": "sandbox-me", "client_secret": "sandbox-me-secret"}
    assert error(world.post(f"/plain/{path}", **{**own, **fields})) == expected


def test_a_token_that_was_never_given_out_can_be_revoked_and_is_not_active(world: World) -> None:
    """RFC 7009 section 2.2 and RFC 7662 section 2.2: neither is an error."""
    own = {"client_id": "sandbox-me", "client_secret": "sandbox-me-secret", "token": "made-up"}
    assert world.post("/plain/revoke", **own).status == 200
    assert world.post("/plain/introspect", **own).json_object() == {"active": False}


def test_a_token_of_another_client_is_not_revoked(tmp_path: Path) -> None:
    """RFC 7009 section 2.1."""
    harness = ProviderHarness(acme(tmp_path), client_of("plain"), "plain")
    granted = harness.sign_in()
    assert granted.access_token is not None
    other = {"client_id": "sandbox-other", "client_secret": "sandbox-other-secret", "token": granted.access_token.value}
    assert error(harness.authority.handle(Request.form(f"{AT}/revoke", other)))[0] == 400
    assert introspected(harness, granted) is True


def test_its_api_says_why_a_token_is_refused(world: World) -> None:
    """RFC 6750 section 3.1: without a token there is no reason to give."""
    assert world.get("/plain/api/things").header("WWW-Authenticate") == "Bearer"
    assert world.get("/plain/api/things", "made-up").header("WWW-Authenticate") == 'Bearer error="invalid_token"'


# Faults for all that are played.


def test_what_is_played_from_a_declaration_takes_faults_by_its_name(tmp_path: Path) -> None:
    provider = acme(tmp_path, REAL)
    harness = ProviderHarness(provider, client_of("acme"), "acme")
    harness.authority.next("introspect", flavour="acme", status=503)
    assert harness.authority.handle(Request.form(provider.introspection_endpoint, {})).status == 503
    with pytest.raises(UsageError, match="no documented error"):
        harness.authority.next("token", flavour="acme", error="invalid_grant")
    for ask in (harness.authority.next, harness.authority.withdraw):
        with pytest.raises(UsageError) as caught:
            ask("token", flavour="acne") if ask == harness.authority.next else ask("acne", "me@example.com")
        assert "acme" in caught.value.hint


# In the app ``sandbox``.


def test_a_file_of_ones_own_with_the_plain_servers_addresses_signs_in(tmp_path: Path) -> None:
    """It names addresses of the sandbox, so it is not moved there a second time."""
    folder = tmp_path / ".config" / "sandbox" / "providers"
    folder.mkdir(parents=True)
    with serve(Authority()) as sandbox:
        acme(folder, f"{sandbox.base_url}/plain")
        environ = {"HOME": str(tmp_path), "SANDBOX_BASE_URL": sandbox.base_url}
        kit = TokenKit(app="sandbox", environ=environ, background=False)
        pending = kit.begin("acme", redirect_uri="http://127.0.0.1:2/callback/acme", binding="a test")
        assert str(kit.complete(sandbox.authority.approve(pending.url), binding="a test")) == "acme/me@example.com"
        assert kit.http("acme").get(f"{sandbox.base_url}/plain/api/things").json()["ok"]


@pytest.mark.parametrize("app", ["sandbox", "tokenkit"])
def test_a_file_with_an_issuer_alone_signs_in_over_http_and_lives_on_without_the_document(
    app: str, tmp_path: Path
) -> None:
    """The metadata is fetched at the sign-in; what comes later goes where that has led (R17)."""
    folder = tmp_path / ".config" / app / "providers"
    folder.mkdir(parents=True)
    authority = Authority()
    with serve(authority) as sandbox:
        issuer = f"{sandbox.base_url}/plain"
        (folder / "acme.toml").write_text(
            f'[provider]\nname = "acme"\ntitle = "Acme"\nissuer = "{issuer}"\nresource_hosts = ["{issuer}/api"]\n'
        )
        environ = {"HOME": str(tmp_path), "SANDBOX_BASE_URL": sandbox.base_url}
        clients = {"acme": client_of("acme")}
        kit = TokenKit(app=app, environ=environ, clients=clients, background=False)
        pending = kit.begin("acme", redirect_uri="http://127.0.0.1:2/callback/acme", binding="a test")
        account = kit.complete(authority.approve(pending.url), binding="a test")
        grant = kit.records.get(account).grant
        assert grant.issuer == issuer
        assert grant.settled["token_endpoint"] == grant.token_endpoint
        later = TokenKit(app=app, environ=environ, clients=clients, background=False)
        first = later.token(str(account)).value
        assert later.refresh(str(account)).value != first
        assert later.http(str(account)).get(f"{issuer}/api/things").json()["ok"]
        assert later.logout(str(account)).removed


def test_an_issuer_alone_is_nothing_to_play_a_provider_from(tmp_path: Path) -> None:
    path = tmp_path / "acme.toml"
    path.write_text('[provider]\nname = "acme"\ntitle = "Acme"\nissuer = "https://acme.example"\n')
    with pytest.raises(UsageError, match="names an issuer alone") as caught:
        declared_provider(str(path), str(tmp_path), BASE)
    assert "tokenkit providers add https://acme.example" in caught.value.hint


@pytest.mark.parametrize("name", ["gitea", "homeassistant", "nextcloud", "zendesk"])
def test_a_provider_that_runs_on_a_server_of_ones_own_is_played_without_one(name: str, tmp_path: Path) -> None:
    authority = Authority(declared=[declared_provider(name, str(tmp_path), "http://127.0.0.1")])
    with serve(authority) as sandbox:
        environ = {"HOME": str(tmp_path), "SANDBOX_BASE_URL": sandbox.base_url}
        kit = TokenKit(app="sandbox", environ=environ, background=False)
        pending = kit.begin(name, redirect_uri=f"http://127.0.0.1:2/callback/{name}", binding="a test")
        assert kit.complete(authority.approve(pending.url), binding="a test").provider == name


def test_what_is_gone_stays_gone_at_the_sandbox(tmp_path: Path) -> None:
    """A made-up server helps only a provider that asks for one."""
    assert declared_provider("fitbit", str(tmp_path), BASE).retired
