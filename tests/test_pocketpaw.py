"""PocketPaw's two modules on tokenkit, against the sandbox and without PocketPaw, which `interop` has."""

import asyncio
import functools
import inspect
import json
import os
import stat
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from tokenkit.account import Account
from tokenkit.config import save_client
from tokenkit.errors import ConfigurationError, UsageError
from tokenkit.pocketpaw import _Finder, install, keeping
from tokenkit.pocketpaw.__main__ import main
from tokenkit.pocketpaw.routes import COOKIE, replace_routes
from tokenkit.pocketpaw.stand_in import PROVIDERS, OAuthManager, OAuthTokens, TokenStore
from tokenkit.sandbox import CLIENTS, Authority, serve
from tokenkit.token import Secret

CLIENT = CLIENTS["google"]
SECRET = CLIENT.client_secret.reveal() if CLIENT.client_secret else ""
MAIL = "https://mail.google.com/"


@pytest.fixture
def authority(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Authority]:
    """The sandbox that PocketPaw's providers lead to, and a kit of this test's own."""
    monkeypatch.setattr(keeping, "_made", [])
    monkeypatch.setattr("tokenkit.signing_in.linking.RETRY_AFTER", 0.0)
    with serve(Authority()) as served:
        for provider, host in (("google", "localhost"), ("spotify", "127.0.0.1")):  # as PocketPaw's manual has it
            served.authority.registry.redirect_uris[provider].append(f"http://{host}:8888/oauth/callback")
        folder = home / ".config" / "pocketpaw"
        folder.mkdir(parents=True)
        tables = (f'[providers.{name}]\nbase_url = "{served.base_url}/{name}"\n' for name in CLIENTS)
        (folder / "config.toml").write_text("".join(tables))
        yield served.authority


def oauth_folder(home: Path) -> Path:
    return home / ".pocketpaw" / "oauth"


def granted(authority: Authority, scope: str = MAIL, user: str = "me@example.com") -> dict[str, Any]:
    """What PocketPaw would have written after a sign-in."""
    tokens = signed_in(authority, scope, user)
    return {
        "service": "google_gmail",
        "token_type": "Bearer",
        "expires_at": 1.0,
        "scopes": [scope],
        "extra": {},
        **tokens,
    }


def signed_in(authority: Authority, scope: str, user: str) -> dict[str, Any]:
    manager = OAuthManager()
    url = manager.get_auth_url("google", CLIENT.client_id, "http://localhost:8888/oauth/callback", [scope], "theirs")
    consent = f"{keeping.the_kit().provider('google').authorization_endpoint}?{urlsplit(url).query}"  # type: ignore[attr-defined]
    code = httpx.URL(authority.approve(consent, as_user=user)).params["code"]
    tokens = asyncio.run(
        manager.exchange_code(
            "google", "elsewhere", code, CLIENT.client_id, SECRET, "http://localhost:8888/oauth/callback"
        )
    )
    TokenStore().delete("elsewhere")
    return {"access_token": tokens.access_token, "refresh_token": tokens.refresh_token}


def refreshes(authority: Authority) -> int:
    return authority.counters["google token refresh_token"]


async def ask(times: int, service: str = "google_gmail") -> list[str | None]:
    """Ask as PocketPaw's tools do, each with a manager of its own."""
    asking = (OAuthManager(TokenStore()).get_valid_token(service, CLIENT.client_id, SECRET) for _ in range(times))
    return list(await asyncio.gather(*asking))


STORE = {
    "save": "(self, tokens: tokenkit.pocketpaw.stand_in.OAuthTokens) -> None",
    "load": "(self, service: str) -> tokenkit.pocketpaw.stand_in.OAuthTokens | None",
    "delete": "(self, service: str) -> bool",
    "list_services": "(self) -> list[str]",
}
MANAGER = {
    "__init__": "(self, token_store=None)",
    "get_auth_url": "(self, provider, client_id, redirect_uri, scopes, state='')",
    "exchange_code": "(self, provider, service, code, client_id, client_secret, redirect_uri, scopes=None)",
    "refresh_token": "(self, provider, service, client_id, client_secret)",
    "get_valid_token": "(self, service, client_id, client_secret, provider='google')",
}


def test_the_signatures_are_those_of_pocketpaw() -> None:
    """Versions 0.4.4 to 0.4.18 have these; `interop` runs its own tests."""
    for name, signature in MANAGER.items():
        given = inspect.signature(getattr(OAuthManager, name))
        plain = [each.replace(annotation=inspect.Parameter.empty) for each in given.parameters.values()]
        assert str(inspect.Signature(plain)) == signature
    for name, signature in STORE.items():
        assert str(inspect.signature(getattr(TokenStore, name))) == signature


def test_fifty_who_ask_at_once_make_one_refresh_and_the_session_lives(authority: Authority, home: Path) -> None:
    """R5: PocketPaw alone makes fifty, and where refresh tokens rotate the session is lost."""
    TokenStore().save(OAuthTokens(**granted(authority)))
    tokens = asyncio.run(ask(50))
    assert (len(set(tokens)), None in tokens, refreshes(authority)) == (1, False, 1)


def test_what_is_stored_is_sealed_and_the_file_in_its_place_holds_no_token(authority: Authority, home: Path) -> None:
    tokens = OAuthTokens(
        "google_gmail", "secret-access", "secret-refresh", expires_at=time.time() + 3600, scopes=[MAIL]
    )
    TokenStore().save(tokens)
    path = oauth_folder(home) / "google_gmail.json"
    assert json.loads(path.read_text()) == {
        "service": "google_gmail", "kept_by": "tokenkit", "account": "google/google_gmail",
    }  # fmt: skip
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    texts = [file.read_bytes() for file in home.rglob("*") if file.is_file()]
    assert not any(b"secret-" in text for text in texts)
    assert TokenStore().load("google_gmail") == tokens
    assert "secret" not in repr(tokens)


def test_pocketpaws_own_file_is_used_and_left(authority: Authority, home: Path) -> None:
    path = oauth_folder(home) / "google_gmail.json"
    written = json.dumps(granted(authority))
    path.write_text(written)
    assert TokenStore().list_services() == ["google_gmail"]
    assert len(set(asyncio.run(ask(3)))) == 1
    assert (path.read_text(), refreshes(authority)) == (written, 1)
    assert asyncio.run(ask(1)) != [None]


@pytest.mark.slow
@pytest.mark.parametrize("remove", [False, True])
def test_moving_tries_each_grant_and_removes_the_plaintext_on_request(
    remove: bool, authority: Authority, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_client(str(home / ".config" / "pocketpaw"), "google", CLIENT)
    path = oauth_folder(home) / "google_gmail.json"
    written = granted(authority)
    path.write_text(json.dumps(written))
    (oauth_folder(home) / "spotify.json").write_text(
        json.dumps({**written, "service": "spotify", "refresh_token": "x"})
    )
    assert main(["move", *(["--remove"] if remove else [])]) == 1
    said = capsys.readouterr().err
    assert "google_gmail: kept as google/google_gmail, and works" in said
    assert "spotify: " in said
    assert (written["refresh_token"] in path.read_text()) is not remove
    assert '"refresh_token": "x"' in (oauth_folder(home) / "spotify.json").read_text()
    assert asyncio.run(ask(1)) != [None]


def test_moving_takes_over_what_was_used_from_the_file_already(authority: Authority, home: Path) -> None:
    """R12: its refresh token is not sent again."""
    save_client(str(home / ".config" / "pocketpaw"), "google", CLIENT)
    (oauth_folder(home) / "google_gmail.json").write_text(json.dumps(granted(authority)))
    asyncio.run(ask(1))
    assert main(["move", "--remove"]) == 0
    assert refreshes(authority) == 1
    assert "refresh_token" not in (oauth_folder(home) / "google_gmail.json").read_text()


def test_a_refresh_on_request_brings_another_token(authority: Authority, home: Path) -> None:
    TokenStore().save(OAuthTokens(**granted(authority)))
    (before,) = asyncio.run(ask(1))
    after = asyncio.run(OAuthManager().refresh_token("google", "google_gmail", CLIENT.client_id, SECRET))
    assert after is not None
    assert after.access_token not in ("", before)


def test_what_cannot_be_had_is_none_and_the_log_says_why(
    authority: Authority, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    manager = OAuthManager()
    assert asyncio.run(ask(1, "spotify")) == [None]
    assert asyncio.run(manager.refresh_token("google", "google_docs", "c", "s")) is None
    TokenStore().save(OAuthTokens("google_docs", "a", "1//dead", expires_at=1.0))
    assert asyncio.run(ask(1, "google_docs")) == [None]
    assert "google_docs" in caplog.text
    assert "1//dead" not in caplog.text
    with pytest.raises(ValueError, match="Unknown OAuth provider"):
        manager.get_auth_url("unknown", "c", "http://localhost", [])
    assert sorted(PROVIDERS) == ["google", "spotify"]


@pytest.mark.parametrize("name", ["../config", "", ".hidden", "a/b", "a\0b", "x" * 200])
def test_a_service_names_no_file_elsewhere(name: str, authority: Authority, home: Path) -> None:
    """PocketPaw's issue #999: `state=google:../config`."""
    with pytest.raises(UsageError, match="no name of a service"):
        TokenStore().save(OAuthTokens(name, "a"))
    assert TokenStore().load(name) is None


def test_a_service_can_be_deleted_once(authority: Authority, home: Path) -> None:
    TokenStore().save(OAuthTokens("google_drive", "a"))
    assert [TokenStore().delete("google_drive") for _ in range(2)] == [True, False]
    assert (TokenStore().load("google_drive"), TokenStore().list_services()) == (None, [])


# The routes.


def in_a_loop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run a test that awaits."""

    @functools.wraps(test)
    def run(**fixtures: object) -> None:
        async def awaited() -> None:
            await test(**fixtures)

        asyncio.run(awaited())

    return run


class Dashboard:
    """The routes of PocketPaw, replaced, in browsers that keep their cookies."""

    def __init__(self, authority: Authority) -> None:
        async def theirs(request: object) -> None:
            raise AssertionError("PocketPaw's own route was asked")

        routes = [Route("/api/oauth/authorize", theirs), Route("/oauth/callback", theirs)]
        module = SimpleNamespace(
            __name__="dashboard", app=Starlette(routes=routes), _OAUTH_SCOPES={"google_gmail": [MAIL]}
        )
        replace_routes(module, "/api/oauth/authorize", "/oauth/callback")
        self.app, self.authority = module.app, authority

    def browser(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://localhost:8888")

    async def begin(self, browser: httpx.AsyncClient, user: str = "me@example.com") -> str:
        """Begin, consent, and return where the provider sends the browser."""
        begun = await browser.get("/api/oauth/authorize", params={"service": "google_gmail"})
        assert begun.status_code == 303
        return self.authority.approve(begun.headers["location"], as_user=user)


@pytest.fixture
def dashboard(authority: Authority, home: Path) -> Dashboard:
    save_client(str(home / ".config" / "pocketpaw"), "google", CLIENT)
    return Dashboard(authority)


@in_a_loop
async def test_a_sign_in_goes_through_and_leads_to_an_address_that_holds_nothing_of_it(dashboard: Dashboard) -> None:
    """R24: what is in an address ends up in histories and logs."""
    async with dashboard.browser() as browser:
        back = await browser.get(await dashboard.begin(browser))
        assert (back.status_code, back.headers["location"]) == (303, "/oauth/callback?connected=google_gmail")
        page = await browser.get(back.headers["location"])
    assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
    assert "google_gmail is connected" in page.text
    assert (await ask(1)) != [None]


@in_a_loop
async def test_an_answer_counts_once_in_the_browser_that_began(dashboard: Dashboard) -> None:
    """R21, R22, PocketPaw's issue #999: a crafted state, a replay and another user's state all get 403."""
    async with dashboard.browser() as browser, dashboard.browser() as other:
        answer = await dashboard.begin(browser)
        await dashboard.begin(other)
        assert (await other.get(answer)).status_code == 403
        crafted = "/oauth/callback?code=x&state=google:google_gmail"
        assert [(await each.get(crafted)).status_code for each in (browser, other)] == [403, 403]
        assert TokenStore().list_services() == []
        assert [(await browser.get(answer)).status_code for _ in range(2)] == [303, 403]


@in_a_loop
async def test_another_person_takes_nobodys_place(dashboard: Dashboard) -> None:
    """R18: the service follows who was signed in to last, and the first one's account is kept."""
    kit = keeping.the_kit()
    for user in ("me@example.com", "you@example.com"):
        async with dashboard.browser() as browser:
            await browser.get(await dashboard.begin(browser, user))
    assert [str(account) for account in kit.accounts()] == ["google/google_gmail", "google/google_gmail-2"]
    assert await ask(1) == [kit.token("google/google_gmail-2").value]


@in_a_loop
async def test_what_goes_wrong_is_shown_as_text(dashboard: Dashboard) -> None:
    async with dashboard.browser() as browser:
        begun = await browser.get("/api/oauth/authorize", params={"service": "<script>"})
        assert (begun.status_code, "<script>" in begun.text) == (400, False)
        refused = await browser.get("/oauth/callback", params={"error": "<script>", "state": "x"})
        assert (refused.status_code, "<script>" in refused.text) == (403, False)


@in_a_loop
async def test_the_browser_is_led_to_the_host_that_is_registered(dashboard: Dashboard) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(dashboard.app), base_url="http://127.0.0.1:8888"
    ) as browser:
        led = await browser.get("/api/oauth/authorize", params={"service": "google_gmail"})
    assert led.headers["location"] == "http://localhost:8888/api/oauth/authorize?service=google_gmail"
    assert COOKIE not in led.cookies


def test_a_version_that_completes_sign_ins_elsewhere_is_not_run_unverified() -> None:
    module = SimpleNamespace(__name__="dashboard", app=Starlette(), _OAUTH_SCOPES={})
    with pytest.raises(ConfigurationError, match="cannot verify its state"):
        replace_routes(module, "/api/oauth/authorize", "/oauth/callback")


# How it comes into PocketPaw.


@pytest.fixture
def pocketpaw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of PocketPaw's shape, and the import system as it was afterwards."""
    folder = tmp_path / "site" / "pocketpaw" / "integrations"
    folder.mkdir(parents=True)
    for name in ("__init__.py", "integrations/__init__.py", "integrations/oauth.py", "integrations/gmail.py"):
        (folder.parent / name).write_text(
            "from pocketpaw.integrations.oauth import OAuthManager" if "gmail" in name else ""
        )
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    before = list(sys.meta_path)
    yield folder
    sys.meta_path[:] = before
    for name in [name for name in sys.modules if name.partition(".")[0] == "pocketpaw"]:
        del sys.modules[name]


def test_every_import_of_the_two_modules_returns_the_stand_in(pocketpaw: Path) -> None:
    for _ in range(2):
        install()
    gmail = import_module("pocketpaw.integrations.gmail")
    store: ModuleType = import_module("pocketpaw.integrations.token_store")
    assert gmail.OAuthManager is OAuthManager
    assert store.TokenStore is TokenStore
    assert import_module("pocketpaw.integrations").token_store is store
    assert store.__spec__ is not None
    assert store.__spec__.name == "tokenkit.pocketpaw.stand_in"
    assert sum(isinstance(finder, _Finder) for finder in sys.meta_path) == 1


def test_an_environment_can_be_told_and_untold(home: Path, pocketpaw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(home))
    assert main(["enable"]) == 0
    (line,) = (home / "tokenkit_pocketpaw.pth").read_text().splitlines()
    before = list(sys.meta_path)
    exec(line, {})
    assert len(sys.meta_path) == len(before) + 1
    sys.meta_path[:] = before
    assert [main(["disable"]) for _ in range(2)] == [0, 0]
    assert not os.path.exists(home / "tokenkit_pocketpaw.pth")


def test_an_environment_without_pocketpaw_is_not_told(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The person is in another one than they think."""
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(home))
    monkeypatch.setattr("tokenkit.pocketpaw.__main__.find_spec", lambda name: None)
    assert main(["enable"]) == 1
    assert f"PocketPaw is not in this Python environment, which is {sys.prefix}" in capsys.readouterr().err
    assert not os.path.exists(home / "tokenkit_pocketpaw.pth")
    assert main(["disable"]) == 0


@pytest.mark.parametrize("command", ["enable", "disable", "move"])
def test_a_command_that_the_system_refuses_says_what_and_where(
    command: str,
    authority: Authority,
    home: Path,
    pocketpaw: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As where the environment is the system's own."""
    place = home / "a file"
    place.write_text("")
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(place))
    monkeypatch.setenv("HOME", str(place))
    assert main([command]) == 1
    said = capsys.readouterr().err
    assert str(place) in said
    assert "\n  ls -ld " in said


def test_a_move_of_nothing_says_where_it_looked(
    authority: Authority, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["move"]) == 0
    assert f"There is nothing to move in {oauth_folder(home)}." in capsys.readouterr().err


def test_a_move_that_fails_says_what_helps_pocketpaw(
    authority: Authority, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And not what signs in to an account that PocketPaw never asks for."""
    path = oauth_folder(home) / "google_gmail.json"
    path.write_text(json.dumps({**granted(authority), "refresh_token": "1//ended"}))
    save_client(str(home / ".config" / "pocketpaw"), "google", CLIENT)
    assert main(["move"]) == 1
    said = capsys.readouterr().err
    assert "http://localhost:8888/api/oauth/authorize?service=google_gmail" in said
    assert "tokenkit login" not in said


@pytest.mark.parametrize("odd", ["is a symlink, not a file", "is neither a JSON object"])
def test_why_pocketpaws_own_file_cannot_be_read_is_in_the_log(
    odd: str, authority: Authority, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Else the person would be sent to sign in again, and not know why. It can be deleted all the same."""
    written, path = json.dumps(granted(authority)), oauth_folder(home) / "google_gmail.json"
    if "symlink" in odd:
        (home / "elsewhere").write_text(written)
        path.symlink_to(home / "elsewhere")
    else:
        path.write_text(written[:-5])
    assert asyncio.run(ask(1)) == [None]
    assert odd in caplog.text
    assert [TokenStore().delete("google_gmail") for _ in range(2)] == [True, False]


def test_a_sign_in_that_pocketpaw_has_made_without_tokenkit_since_is_the_one_that_counts(
    authority: Authority, home: Path
) -> None:
    """R8: an older grant, which may have ended since, keeps no newer one from being used; it goes to quarantine."""
    path = oauth_folder(home) / "google_gmail.json"
    path.write_text(json.dumps({**granted(authority), "refresh_token": "1//ended"}))
    assert asyncio.run(ask(1)) == [None]
    path.write_text(json.dumps(granted(authority)))
    assert asyncio.run(ask(1)) != [None]
    assert len(set(asyncio.run(ask(3)))) == 1
    assert refreshes(authority) == 2


def test_a_sign_in_that_was_made_with_tokenkit_since_is_not_replaced_by_pocketpaws_file(
    authority: Authority, home: Path
) -> None:
    """R8: the file is left where it was taken over, and is older than what ``tokenkit login`` has brought."""
    path = oauth_folder(home) / "google_gmail.json"
    path.write_text(json.dumps({**granted(authority), "refresh_token": "1//ended"}))
    assert asyncio.run(ask(1)) == [None]
    written = granted(authority)
    kit = keeping.the_kit()
    account = Account("google", "google_gmail")
    newest = kit.records.get(account).grant.renewed(
        refresh_token=Secret(written["refresh_token"]), extra={}, authorized_at=time.time(), state="active", reason=""
    )
    kit.put(newest, account.name)
    assert asyncio.run(ask(1)) != [None]
    assert kit.records.get(account).grant.extra == {}
