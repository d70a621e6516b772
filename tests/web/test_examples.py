"""The dashboards of docs/examples: each runs, and connects an account at the sandbox."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from live import registrations
from tokenkit.paths import folders
from tokenkit.sandbox import Authority, Served
from visitor import SCRIPT, Visitor

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


@pytest.fixture
def sandboxed(sandbox: Served, home: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """This home's providers are the sandbox's, as `tokenkit sandbox` says to configure it."""
    config = Path(folders().config) / "config.toml"
    config.parent.mkdir(parents=True)
    names = ("google", "spotify", "pocket")
    config.write_text("".join(f'[providers.{name}]\nbase_url = "{sandbox.base_url}/{name}"\n' for name in names))
    for name, value in registrations().items():
        monkeypatch.setenv(name, value)
    return sandbox.authority


def load(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return module


def connect(me: Visitor, authority: Authority, as_user: str) -> None:
    """From the dashboard's page to the account, by what the button's script does."""
    page = me.go("/").text
    assert "tokenkit-authorize" in page
    assert me.go("/connect/button.js").status_code == 200
    token = me.ask("/connect/status?provider=google")["csrf"]
    begun = me.post("/connect/start/google", {"csrf": token, "scopes": "gmail.readonly"}, **SCRIPT)
    assert me.come_back(authority.approve(begun.json()["url"], as_user=as_user)).status_code == 303


@pytest.mark.parametrize("name", ["starlette_dashboard", "fastapi_dashboard"])
def test_the_dashboard_of_one_person_connects_an_account(name, sandboxed, monkeypatch):
    module = load(name, monkeypatch)
    connect(Visitor(module.app), sandboxed, "me@example.com")
    assert module.kit.token("google", scopes=["gmail.readonly"]).value


def test_the_django_dashboard_connects_each_person_their_own(sandboxed, monkeypatch):
    """Its own session says who they are, and who nobody is."""
    module = load("django_dashboard", monkeypatch)
    people = {name: Visitor(module.app) for name in ("alice", "bob")}
    for name, visitor in people.items():
        assert visitor.send("GET", "/connect/status", **SCRIPT).status_code == 401
        assert visitor.go(f"/sign-in/{name}").text == f"You are {name}."
        connect(visitor, sandboxed, f"{name}@example.com")
    for name, visitor in people.items():
        views = visitor.ask("/connect/status?provider=google")["providers"]
        assert [account["name"] for account in views[0]["accounts"]] == [f"{name}@example.com"]
