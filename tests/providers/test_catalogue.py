"""Every provider that is described by data keeps the contract, at a sandbox that plays it from its declaration."""

import importlib
import os
import pkgutil
import re
import subprocess
import sys
from dataclasses import fields, replace
from urllib.parse import urlsplit

import pytest
from tokenkit import ApiKey, OAuth2, TokenKit
from tokenkit.errors import ConfigurationError, ConsentRequired, TokenKitError, UsageError
from tokenkit.grant import Grant
from tokenkit.net.hosts import check_endpoints
from tokenkit.plugins import InShort
from tokenkit.provider import AuthorizationRequest, ClientRegistration, Request
from tokenkit.provider_file import read_provider_file
from tokenkit.sandbox import Authority, moved
from tokenkit.signing_in.asking import fields as asked
from tokenkit.testing.contract import BASE_URL, ProviderContract
from tokenkit.testing.provider_harness import ProviderHarness
from tokenkit.token import AccessToken, Secret

import tokenkit_providers
from tokenkit_providers.index import INDEX
from world import World, answer

NAMES = sorted({name for _, name, _ in pkgutil.iter_modules(tokenkit_providers.__path__)} - {"index"})
CLOSED = {"fitbit", "pocket"}
"""Nobody can sign in: it is gone."""


def load(name: str) -> OAuth2 | ApiKey:
    """The provider of that name, at a server of the person's own where it needs one."""
    made = importlib.import_module(f"tokenkit_providers.{name}").provider()
    lacking = getattr(made, "lacking", {})
    own = {each: "https://mine.example" if lacking[each].kind == "server" else "mine" for each in lacking}
    return made.at(own) if own else made


DECLARED = [name for name in NAMES if isinstance(load(name), OAuth2)]
KEYED = [name for name in NAMES if isinstance(load(name), ApiKey)]
"""They have no OAuth, or none for one person: a person types a key."""

OPEN = [name for name in DECLARED if name not in {*CLOSED, "google", "spotify"}]
"""Google and Spotify are played by flavours of their own: tests/test_testing_contract.py."""

SOONER = {"dropbox", "figma", "homeassistant", "linear", "microsoft", "notion", "slack", "withings", "xero"}
"""Each is odd in a way of its own: these are tried in the quick suite, too."""


def here(name: str) -> OAuth2:
    return moved(load(name), f"{BASE_URL}/{name}")


def client_of(provider: OAuth2) -> ClientRegistration:
    secret = None if provider.client_auth == "none" else Secret(f"sandbox-{provider.name}-secret")
    return ClientRegistration(f"sandbox-{provider.name}", secret)


@pytest.mark.parametrize("name", DECLARED)
def test_a_scope_that_keeps_a_person_signed_in_is_asked_whatever_else_is(name: str):
    """Whoever names scopes of their own would else be signed out within hours, or a day."""
    provider = load(name)
    keeps = {alias for alias, scope in provider.scopes.items() if "signed in" in scope.about}
    assert keeps <= set(provider.identity_scopes)


@pytest.mark.parametrize("name", DECLARED)
def test_pkce_is_off_only_where_a_source_says_so(name: str):
    """R23: a server that does not know it ignores it."""
    provider = load(name)
    assert provider.pkce or "pkce" not in provider.unverified


def test_a_token_of_which_no_end_is_told_lasts_where_the_provider_ends_none_by_itself():
    """Without a refresh token an end that is only supposed signs the person out."""
    told_if_any = {"github", "miro", "notion", "slack", "stackexchange", "todoist"}
    assert {name for name in told_if_any if load(name).default_expires_in != "never"} == set()


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in SOONER else pytest.mark.slow) for name in OPEN]
)
class TestEveryProvider(ProviderContract):
    """The contract of all providers, sixty times."""

    @pytest.fixture
    def provider(self, name: str) -> OAuth2:
        return here(name)

    @pytest.fixture
    def client(self, provider: OAuth2) -> ClientRegistration:
        return client_of(provider)

    @pytest.fixture
    def api_request(self, provider: OAuth2) -> Request:
        return Request("GET", f"{provider.resource_hosts[0]}/anything")


@pytest.mark.parametrize("name", KEYED)
class TestEveryKeyed(ProviderContract):
    """The same for those that take a key."""

    @pytest.fixture
    def provider(self, name: str) -> ApiKey:
        return moved(load(name), f"{BASE_URL}/{name}")

    @pytest.fixture
    def client(self, provider: ApiKey) -> ClientRegistration:
        return ClientRegistration(f"sandbox-{provider.name}" if provider.needs_client else "")

    @pytest.fixture
    def api_request(self, provider: ApiKey) -> Request:
        return Request("GET", f"{provider.resource_hosts[0]}/anything")


def test_trellos_token_is_what_its_page_shows_or_the_address_that_it_leads_to():
    """The link names the app; the token goes into a header, and none into an address but the one that ends it."""
    trello, app = load("trello"), ClientRegistration("app-key-1")
    link = asked(trello, app)["token"].where
    assert link.endswith("&response_type=token&key=app-key-1")
    for typed in (" abc123 \n", "https://example.com/#token=abc123"):
        world = World(answer({"id": "5", "username": "me"}), answer({}))
        granted = trello.ask(world.ctx, app, {"token": Secret(typed)})
        assert trello.identify(world.ctx, app, granted).name == "me"
        assert trello.revoke(world.ctx, app, granted).done
        header = 'OAuth oauth_consumer_key="app-key-1", oauth_token="abc123"'
        assert [request.header("Authorization") for request in world.requests] == [header, header]
        assert [(request.method, request.url) for request in world.requests] == [
            ("GET", "https://api.trello.com/1/members/me"),
            ("DELETE", "https://api.trello.com/1/tokens/abc123"),
        ]


@pytest.mark.parametrize(
    ("name", "kind", "body"),
    [
        ("notion", "application/json; charset=UTF-8", b'{"token": "access-old"}'),
        ("todoist", "application/x-www-form-urlencoded", b"token=access-old"),
        (
            "miro", "application/x-www-form-urlencoded",
            b"client_id=sandbox-miro&client_secret=sandbox-miro-secret&access_token=access-old",
        ),
    ],
)  # fmt: skip
def test_a_sign_out_asks_for_the_end_of_the_token_that_the_services_own_page_names(name: str, kind: str, body: bytes):
    """Of another token, or in another form, they end nothing: some answer 200 all the same (RFC 7009 section 2.2)."""
    provider, world = load(name), World(answer({}))
    assert provider.revoke is not None
    granted = Grant(
        provider=name,
        refresh_token=Secret("refresh-old"),
        access_tokens={"": AccessToken("access-old", expires_at=None)},
    )
    assert provider.revoke(world.ctx, client_of(provider), granted).done
    (request,) = world.requests
    assert (request.header("content-type"), request.body) == (kind, body)


# What the sandbox holds against a client that does not speak as declared.


def signing_in(played: OAuth2, speaking: OAuth2) -> None:
    """Sign in with a client that speaks as `speaking` says, where `played` is what the server wants."""
    harness = ProviderHarness(played, client_of(played), played.name)
    harness.provider = speaking
    harness.sign_in()


@pytest.mark.parametrize(
    ("name", "otherwise"),
    [
        ("linear", {"scope_separator": " ", "default_scopes": ("read", "write")}),
        ("notion", {"request_format": "form"}),
        ("notion", {"client_auth": "post"}),
        ("notion", {"authorization_parameters": {}}),
        ("slack", {"parameter_names": {}}),
        ("microsoft", {"pkce": False}),
        ("strava", {"pkce": True}),
        ("withings", {"token_parameters": {}}),
        ("github", {"client_auth": "basic"}),
    ],
)
def test_the_sandbox_refuses_a_client_that_speaks_otherwise(name, otherwise):
    played = here(name)
    signing_in(played, played)
    with pytest.raises(TokenKitError):
        signing_in(played, replace(played, **otherwise))


def test_a_refresh_at_the_wrong_endpoint_is_refused():
    figma = here("figma")
    harness = ProviderHarness(figma, client_of(figma), "figma")
    granted = harness.sign_in()
    assert figma.refresh(harness.ctx, harness.client, granted).access_token is not None
    with pytest.raises(TokenKitError):
        replace(figma, refresh_endpoint="").refresh(harness.ctx, harness.client, granted)


def test_a_rotated_refresh_token_serves_once_and_its_second_use_ends_the_grant():
    """R13: the words that Atlassian has for that are its own."""
    atlassian, harness = (
        here("atlassian"),
        ProviderHarness(here("atlassian"), client_of(here("atlassian")), "atlassian"),
    )
    harness.authority = Authority(clock=harness.clock.now, declared=[atlassian], rotating=["atlassian"])
    harness.ctx = harness.ctx._replace(send=harness.authority.handle)
    first = harness.sign_in()
    second = atlassian.refresh(harness.ctx, harness.client, first)
    assert second.refresh_token != first.refresh_token
    with pytest.raises(ConsentRequired) as caught:
        atlassian.refresh(harness.ctx, harness.client, first)
    assert "an older refresh token was used" in caught.value.reason
    assert not caught.value.presumed


def test_a_file_of_ones_own_is_played_too(tmp_path):
    """A stranger's TOML can be tried before anybody signs in at its service."""
    path = tmp_path / "acme.toml"
    path.write_text(
        '[provider]\nname = "acme"\ntitle = "Acme"\nauthorization_endpoint = "https://acme.example/a"\n'
        'token_endpoint = "https://acme.example/t"\nuserinfo_endpoint = "https://acme.example/me"\n'
    )
    acme = moved(read_provider_file(str(path), "acme", {}), f"{BASE_URL}/acme")
    harness = ProviderHarness(acme, client_of(acme), "acme")
    assert acme.identify(harness.ctx, harness.client, harness.sign_in()).name == "me@example.com"


# What each file says of itself.


@pytest.mark.parametrize("name", DECLARED)
def test_every_endpoint_has_its_source_or_is_marked(name):
    provider = load(name)
    assert re.fullmatch(r"2026-\d\d-\d\d", provider.checked)
    assert provider.sources["*"]
    if name in ("google", "spotify"):
        return  # their docstrings name the pages
    endpoints = [each.name for each in fields(provider) if each.name.endswith("_endpoint")]
    unsaid = [each for each in endpoints if getattr(provider, each) and each not in provider.sources]
    assert [each for each in unsaid if each not in provider.unverified] == []
    assert not set(provider.sources) & set(provider.unverified)


@pytest.mark.parametrize("name", DECLARED)
def test_nothing_is_known_from_memory_alone(name):
    """Where a token may go and whose it is names its own source; a lifetime does, or rests on a page, not on code."""
    provider = load(name)
    if name == "fitbit":
        return  # it is gone
    said = {*provider.sources, *provider.unverified}
    assert "resource_hosts" in said
    assert provider.userinfo_endpoint == "" or {"subject_path", "name_paths"} <= said
    pages = re.search(
        r"\w\.\w|\b(documentation|pages?|blog|changelog|announcement|reference|tried)\b", provider.sources["*"], re.I
    )
    for field in ("default_expires_in", "refresh_lifetime", "idle_lifetime"):
        usual = getattr(provider, field) == next(each.default for each in fields(OAuth2) if each.name == field)
        assert usual or field in said or pages, field
    assert not provider.keeps_refresh_token or "keeps_refresh_token" in provider.sources  # it shortens a wait (R38)


@pytest.mark.parametrize("name", KEYED)
def test_of_a_key_each_fact_has_a_source_or_is_marked(name):
    provider = load(name)
    assert re.fullmatch(r"2026-\d\d-\d\d", provider.checked)
    assert provider.sources["*"]
    assert not set(provider.sources) & set(provider.unverified)
    assert provider.userinfo_endpoint, "a key is tried before it is kept"
    assert urlsplit(provider.manage_url).scheme == "https"
    assert all(field.label and field.where for field in provider.fields.values())


@pytest.mark.parametrize("name", DECLARED)
def test_people_can_read_where_to_register_and_where_to_remove_it(name):
    provider = load(name)
    assert urlsplit(provider.console_url).scheme == urlsplit(provider.manage_url).scheme == "https"
    assert len(provider.title) > 0


@pytest.mark.parametrize("name", OPEN)
def test_the_page_that_a_person_is_sent_to_is_no_resource_server(name):
    """R32: a kit refuses to begin where that is so."""
    provider = load(name)
    check_endpoints(provider, f"{provider.authorization_endpoint}?response_type=code&client_id=x")


@pytest.mark.parametrize("name", OPEN)
def test_a_kit_begins_a_sign_in(name, tmp_path):
    """R32: and not only the provider itself, which does not look where its tokens go."""
    kit = TokenKit(
        providers={name: load(name)},
        clients={name: client_of(load(name))},
        environ={"HOME": str(tmp_path)},
        background=False,
    )
    redirect = f"http://127.0.0.1:8765/callback/{name}"
    pending = kit.authorizations.begin(
        load(name), redirect_uri=redirect, binding="b", unverified=True, shared_path=True
    )
    assert urlsplit(pending.url).netloc == urlsplit(load(name).authorization_endpoint).netloc


@pytest.mark.parametrize("name", OPEN)
def test_no_port_is_promised_that_no_source_promises(name):
    """Where nothing says that any port will do, an exact one is registered."""
    any_port = {"bitbucket", "gitea", "github", "googlehealth", "microsoft", "zoom"}
    assert (load(name).redirect_port == 0) == (name in any_port)


@pytest.mark.parametrize("name", ["gitea", "homeassistant", "nextcloud", "zendesk"])
def test_a_server_of_ones_own_must_be_named_before_anything_is_sent(name):
    provider = importlib.import_module(f"tokenkit_providers.{name}").provider()
    (wanted,) = provider.lacking
    request = AuthorizationRequest("http://127.0.0.1:1/callback")
    with pytest.raises(UsageError, match=f"{name} needs {wanted}") as caught:
        provider.begin(World().ctx, ClientRegistration("id", Secret("secret")), request)
    assert caught.value.hint.startswith(f"tokenkit login {name} --set {wanted}=")


@pytest.mark.parametrize("name", sorted(CLOSED))
def test_where_nobody_can_sign_in_the_reason_comes_before_anything_is_sent(name):
    provider = importlib.import_module(f"tokenkit_providers.{name}").provider()
    assert provider.retired
    request = AuthorizationRequest("http://127.0.0.1:1/callback")
    with pytest.raises(ConfigurationError):
        provider.begin(World().ctx, ClientRegistration("id", Secret("secret")), request)


def test_only_two_want_to_be_trusted_first():
    assert [name for name in OPEN if load(name).needs_trust] == ["netatmo", "smartthings"]


def test_the_index_says_what_the_providers_say():
    """It is written by docs/generate.py."""
    made = {name: importlib.import_module(f"tokenkit_providers.{name}").provider() for name in NAMES}
    assert {name: InShort(*members) for name, members in INDEX.items()} == {
        name: InShort(provider.title, provider.needs_secret, provider.retired, provider.needs_client)
        for name, provider in made.items()
    }


def test_a_list_loads_no_provider(tmp_path):
    """Sixty providers cost a list nothing: only those that options of the person's own change are loaded.

    Nor is typer, which with what checks its parameters takes longer than a list may.
    """
    code = "import sys; from tokenkit.cli.fast_path import main; sys.argv = ['tokenkit', 'providers']\n"
    code += "try: main()\nexcept SystemExit: pass\n"
    code += "loaded = [name for name in sys.modules if name.startswith('tokenkit_providers.')]\n"
    code += "heavy = {'typer', 'pydantic', 'httpx', 'httpcore', 'cryptography', 'tokenkit.kit'} & set(sys.modules)\n"
    code += "print('LOADED', loaded, sorted(heavy))"
    environ = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ)
    assert "notion" in done.stdout
    assert done.stdout.splitlines()[-1] == "LOADED ['tokenkit_providers.index'] []"
