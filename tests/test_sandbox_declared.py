"""``tokenkit sandbox --provider``: the app ``sandbox`` signs in at a provider that is played from its declaration."""

from contextlib import contextmanager

import httpx
import pytest
from tokenkit import TokenKit
from tokenkit.errors import AuthorizationError, TokenRefused, UsageError
from tokenkit.provider import Request
from tokenkit.sandbox import Authority, declared_provider, serve

from patience import PATIENCE

ACME = """\
[provider]
name = "acme"
title = "Acme"
authorization_endpoint = "https://login.acme.example/authorize"
token_endpoint = "https://login.acme.example/token"
userinfo_endpoint = "https://api.acme.example/me"
resource_hosts = ["https://api.acme.example"]
request_format = "json"
scope_separator = ","
default_scopes = ["read", "write"]
"""


@contextmanager
def signed_in(tmp_path, text):
    """Play what the declaration says, and sign in there."""
    folder = tmp_path / ".config" / "sandbox" / "providers"
    folder.mkdir(parents=True)
    (folder / "acme.toml").write_text(text)
    authority = Authority(declared=[declared_provider(str(folder / "acme.toml"), str(tmp_path), "http://127.0.0.1")])
    with serve(authority) as served:
        environ = {"HOME": str(tmp_path), "SANDBOX_BASE_URL": served.base_url}
        kit = TokenKit(app="sandbox", environ=environ, background=False)
        pending = kit.begin("acme", redirect_uri="http://127.0.0.1:2/callback/acme", binding="a test")
        kit.complete(authority.approve(pending.url), binding="a test")
        yield kit, served


@pytest.mark.parametrize("name", ["notion", "acme"])
def test_the_app_knows_where_it_is_played_and_as_whom(name, tmp_path):
    folder = tmp_path / ".config" / "sandbox" / "providers"
    folder.mkdir(parents=True)
    (folder / "acme.toml").write_text(ACME)
    of = str(folder / "acme.toml") if name == "acme" else name
    authority = Authority(declared=[declared_provider(of, str(tmp_path), "http://127.0.0.1")])
    with serve(authority) as served:
        environ = {"HOME": str(tmp_path), "SANDBOX_BASE_URL": served.base_url}
        kit = TokenKit(app="sandbox", environ=environ, background=False)
        pending = kit.begin(name, redirect_uri=f"http://127.0.0.1:2/callback/{name}", binding="a test")
        assert str(kit.complete(authority.approve(pending.url), binding="a test")) == f"{name}/me@example.com"
        place = "api.notion.com/v1/pages/1" if name == "notion" else "api.acme.example/things"
        assert kit.http(name).get(f"{served.base_url}/{name}/{place}").status_code == 200


def test_a_token_that_travels_in_a_header_of_its_own_is_taken_there_alone(tmp_path):
    with signed_in(tmp_path, f'{ACME}token_header = "X-Acme-Token"\n') as (kit, served):
        assert str(kit.accounts()[0]) == "acme/me@example.com"
        url, token = f"{served.base_url}/acme/api.acme.example/things", kit.token("acme").value
        assert kit.http("acme").get(url).status_code == 200
        with httpx.Client(timeout=PATIENCE) as other:
            assert other.get(url, headers={"Authorization": f"Bearer {token}"}).status_code == 401
            assert other.get(url, headers={"Authorization": "Bearer x", "X-Acme-Token": token}).status_code == 401


@pytest.mark.parametrize(
    "more",
    [
        'iss = "required"\n',
        'nonce = true\nidentity_scopes = ["openid"]\n',
        'identity_scopes = ["openid"]\ncaptured = ["id_token.sub", "id_token.email"]\n'
        'subject_path = "id_token.sub"\nname_paths = ["id_token.email"]\n',
    ],
    ids=["iss", "nonce", "id_token"],
)
def test_its_issuer_is_where_it_is_played(tmp_path, more):
    """R23: it is compared, with its port, which nobody knew when the declaration was read."""
    told = 'userinfo_endpoint = "https://api.acme.example/me"\n'
    text = ACME.replace(told, "") if "id_token" in more else ACME
    with signed_in(tmp_path, f'{text}issuer = "https://login.acme.example"\n{more}') as (kit, _):
        assert str(kit.accounts()[0]) == "acme/me@example.com"


def test_an_api_beside_the_consent_screen_on_one_host_is_signed_in_to_and_the_token_goes_to_no_endpoint(tmp_path):
    """R32: a server of one's own has all below one address, and its own endpoints are left out by themselves."""
    whole = ACME.replace("api.acme.example/me", "api.acme.example/v1/me").replace("api.acme", "login.acme")
    with signed_in(tmp_path, whole) as (kit, served):
        assert str(kit.accounts()[0]) == "acme/me@example.com"
        here = f"{served.base_url}/acme/login.acme.example"
        with kit.http("acme") as http:
            assert http.get(f"{here}/v1/things").status_code == 200
            for endpoint in ("authorize", "token", "authorize?x=1", "v1/../token"):
                with pytest.raises(TokenRefused):
                    http.get(f"{here}/{endpoint}")


def test_a_provider_that_is_not_played_is_named_with_what_starts_it():
    authority = Authority()
    with pytest.raises(
        AuthorizationError, match=r"plays google, .*, and not acme, .*: tokenkit sandbox --provider acme "
    ):
        authority.approve("http://127.0.0.1:1/acme/login.acme.example/authorize?client_id=x")
    with pytest.raises(AuthorizationError, match="nothing is at this path"):
        authority.approve("http://127.0.0.1:1/google/nowhere")
    assert b"--provider" not in authority.handle(Request("GET", "http://127.0.0.1:1/")).body


@pytest.mark.parametrize("name", ["notion", "gitea"])
def test_the_app_shows_the_client_that_it_uses(name, tmp_path):
    kit = TokenKit(app="sandbox", environ={"HOME": str(tmp_path)}, background=False)
    for asked in (name, kit.provider(name)):
        known = kit.known_client(asked)
        assert known is not None
        assert known.client_id == f"sandbox-{name}"
    own = TokenKit(environ={"HOME": str(tmp_path)}, background=False)
    assert own.known_client(name) is None


def test_what_is_no_declaration_cannot_be_played(tmp_path):
    with pytest.raises(UsageError, match="not described by data"):
        declared_provider("pocket", str(tmp_path), "http://127.0.0.1")
