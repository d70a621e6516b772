"""The face of tokenkit over real HTTP: three providers of the sandbox, from sign-in to sign-out."""

import asyncio
import logging
import stat
from pathlib import Path

import pytest
from tokenkit import (
    AsyncTokenKit,
    ConsentDenied,
    ConsentRequired,
    TokenKit,
    TokenRefused,
    UnknownAccount,
)
from tokenkit.sandbox import CLIENTS, Authority, providers, serve
from tokenkit.signing_in.sign_in import sign_in as ask_person
from tokenkit.testing import Browser

pytestmark = pytest.mark.slow

API = {
    "google": ("GET", "/google/gmail/v1/users/me/messages"),
    "spotify": ("GET", "/spotify/v1/search?q=rain&type=track"),
    "pocket": ("POST", "/pocket/v3/get"),
}
SCOPES = {"google": ["gmail.readonly"], "spotify": None, "pocket": None}


@pytest.fixture
def authority():
    return Authority()


@pytest.fixture
def sandbox(authority, monkeypatch):
    for name, client in CLIENTS.items():
        monkeypatch.setenv(f"TOKENKIT_{name.upper()}_CLIENT_ID", client.client_id)
        if client.client_secret:
            monkeypatch.setenv(f"TOKENKIT_{name.upper()}_CLIENT_SECRET", client.client_secret.reveal())
    with serve(authority) as served:
        yield served


@pytest.fixture
def kit(sandbox):
    return TokenKit(providers=providers(sandbox.base_url), background=False)


def sign_in(kit, authority, name, **answer):
    """Both legs, the person played by the authority."""
    redirect_uri = f"http://127.0.0.1:50000/callback/{name}"
    pending = kit.begin(name, redirect_uri=redirect_uri, binding="browser", scopes=SCOPES[name])
    return kit.complete(authority.approve(pending.url, **answer), binding="browser")


@pytest.mark.parametrize("name", API)
def test_an_account_is_connected_used_and_signed_out(kit, authority, sandbox, name):
    account = sign_in(kit, authority, name)
    assert str(account) == f"{name}/me@example.com"
    method, path = API[name]
    with kit.http(name) as http:
        json = {} if method == "POST" else None
        assert http.request(method, sandbox.base_url + path, json=json).status_code == 200
    outcome = kit.logout(name)
    assert outcome.removed
    assert outcome.revoked is (name == "google")
    assert kit.accounts() == []
    with pytest.raises(UnknownAccount):
        kit.token(str(account))


@pytest.mark.parametrize("name", API)
def test_a_grant_file_is_sealed_0600_in_0700(kit, authority, name):
    """R26: one private file an account. R27: it is sealed."""
    account = sign_in(kit, authority, name)
    path = Path(kit.folders.tokens) / name / f"{account.name}.jwe"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    content = path.read_text()
    assert not [secret for secret in authority.issued if secret in content]


@pytest.mark.parametrize("name", ["google", "spotify"])
def test_a_token_that_an_api_refuses_is_refreshed_once_and_the_call_repeated(kit, authority, sandbox, name):
    """R15: the provider ended the access token early."""
    sign_in(kit, authority, name)
    first = kit.token(name).value
    authority.next("api", status=401, flavour=name)
    method, path = API[name]
    with kit.http(name) as http:
        assert http.request(method, sandbox.base_url + path).status_code == 200
    assert kit.token(name).value != first
    assert authority.counters[f"{name} token refresh_token"] == 1


def test_the_login_of_a_person_runs_through_the_loopback_browser(kit, authority):
    """R24, in one piece: `kit.login` with a browser that allows."""
    account = ask_person(
        kit.authorizations, kit.provider("google"), ["gmail.readonly"], way="browser", opener=Browser(authority)
    )
    assert kit.token(str(account), scopes=["gmail.readonly"])


def test_a_denied_consent_changes_nothing(kit, authority):
    account = sign_in(kit, authority, "google")
    before = kit.token("google").value
    with pytest.raises(ConsentDenied):
        sign_in(kit, authority, "google", deny=True)
    assert kit.accounts() == [account]
    assert kit.token("google").value == before


def test_granted_fewer_than_asked_is_told(kit, authority):
    """R16: fewer scopes may be granted than asked. R4: asking for the others says so."""
    sign_in(kit, authority, "google", only=["openid"])
    assert "https://www.googleapis.com/auth/gmail.readonly" in kit.status("google").missing
    with pytest.raises(ConsentRequired) as caught:
        kit.token("google", scopes=["gmail.readonly"])
    assert caught.value.missing == ("gmail.readonly",)


def test_two_people_at_one_provider_are_two_accounts(kit, authority):
    sign_in(kit, authority, "google", as_user="me@example.com")
    sign_in(kit, authority, "google", as_user="you@example.com")
    assert [account.name for account in kit.accounts()] == ["me@example.com", "you@example.com"]
    assert kit.token("google/me@example.com").value != kit.token("google/you@example.com").value


def test_owners_do_not_see_each_others_accounts(sandbox, authority):
    alice = TokenKit(owner="alice", providers=providers(sandbox.base_url), background=False)
    bob = TokenKit(owner="bob", providers=providers(sandbox.base_url), background=False)
    sign_in(alice, authority, "google")
    assert bob.accounts() == []
    with pytest.raises(ConsentRequired):
        bob.token("google")


def test_an_embedding_app_has_its_own_folder_and_variables(sandbox, authority, home, monkeypatch):
    """R26: an app that embeds tokenkit keeps its things under its own name."""
    monkeypatch.setenv("POCKETPAW_GOOGLE_CLIENT_ID", CLIENTS["google"].client_id)
    monkeypatch.setenv("POCKETPAW_GOOGLE_CLIENT_SECRET", CLIENTS["google"].client_secret.reveal())
    paw = TokenKit(app="pocketpaw", providers=providers(sandbox.base_url), background=False)
    sign_in(paw, authority, "google")
    assert (home / ".pocketpaw" / "tokens" / "google" / "me@example.com.jwe").exists()


@pytest.mark.parametrize("name", API)
def test_the_token_of_one_provider_goes_to_no_other(kit, authority, sandbox, name):
    """R32: tokens go to the resource servers of their provider."""
    sign_in(kit, authority, name)
    other = next(path for provider, (_, path) in API.items() if provider != name)
    with kit.http(name) as http, pytest.raises(TokenRefused):
        http.get(sandbox.base_url + other)


def test_pockets_token_travels_in_no_header_so_auth_refuses_and_names_http(kit, authority):
    """R33: an auth object cannot keep a body from following a redirect."""
    sign_in(kit, authority, "pocket")
    with pytest.raises(TokenRefused, match="pocket") as caught:
        kit.auth("pocket")
    assert "kit.http" in caught.value.hint


def test_asyncio_has_the_same_face(kit, authority, sandbox):
    async def main():
        face = AsyncTokenKit(kit=kit)
        pending = await face.begin(
            "google", redirect_uri="http://127.0.0.1:50000/callback/google", binding="b", scopes=["gmail.readonly"]
        )
        account = await face.complete(authority.approve(pending.url), binding="b")
        authority.next("api", status=401)
        async with await face.http("google") as http:
            answer = await http.get(sandbox.base_url + API["google"][1])
        assert answer.status_code == 200
        assert await face.accounts() == [account]
        assert (await face.logout("google")).revoked

    asyncio.run(main())


def test_no_secret_shows_in_logs_reprs_or_errors(kit, authority, sandbox, caplog, capfd):
    """R35: the whole life of three accounts with every logger at DEBUG, errors included."""
    caplog.set_level(logging.DEBUG)
    shown = []
    for name, (method, path) in API.items():
        sign_in(kit, authority, name)
        with pytest.raises(ConsentDenied) as denied:
            sign_in(kit, authority, name, deny=True)
        token = kit.token(name)
        held = kit.records.get(kit.accounts()[0])
        source = kit.source(name)
        provider = kit.provider(name)
        with kit.http(name) as http:
            http.request(method, sandbox.base_url + path, json={} if method == "POST" else None)
        shown += [token, held, held.grant, kit.status(name), source, provider, kit.client(provider), kit._memory]
        shown += [denied.value, denied.value.hint, denied.value.__context__]
        shown.append(kit.logout(name))
    with pytest.raises(ConsentRequired) as needed:
        kit.token("google")
    shown += [needed.value, kit, kit.refresher, kit.context]
    text = caplog.text + "".join(capfd.readouterr()) + "\n".join(f"{thing!r} {thing!s}" for thing in shown)
    assert authority.issued
    assert sorted(secret for secret in authority.issued if secret in text) == []
