"""The example assistant, from the first consent through a refresh to the sign-out: by script, and in a real browser."""

import asyncio
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from importlib import import_module
from pathlib import Path
from queue import Queue
from types import ModuleType
from typing import Any

import pytest
from tokenkit.async_kit import AsyncTokenKit
from tokenkit.config import save_client
from tokenkit.consent.redirect_file import address_behind
from tokenkit.errors import ConsentRequired
from tokenkit.kit import TokenKit
from tokenkit.sandbox import CLIENTS, Authority, Served, serve
from tokenkit.testing import Browser

from patience import PATIENCE

EXAMPLE = Path(__file__).parents[1] / "docs" / "examples" / "assistant"

MORNING = [
    "connected: google, spotify, pocket",
    "3 messages, and Breakfast, Lunch",
    "playing Daydreaming",
    "to read: https://example.com/",
]


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ModuleType]]:
    """Import a module of the example, as its own folder has it."""
    monkeypatch.syspath_prepend(str(EXAMPLE))
    yield import_module
    for name in ("assistant", "async_assistant"):
        sys.modules.pop(name, None)


@pytest.fixture
def sandbox(home: Path) -> Iterator[Served]:
    """The sandbox, configured as `tokenkit sandbox` says."""
    config = home / ".config" / "tokenkit"
    config.mkdir(parents=True)
    with serve(Authority(rotating=("spotify",))) as served:
        tables = (f'[providers.{name}]\nbase_url = "{served.base_url}/{name}"\n' for name in CLIENTS)
        (config / "config.toml").write_text("\n".join(tables))
        for name, client in CLIENTS.items():
            save_client(str(config), name, client)
        yield served


@pytest.fixture
def script(sandbox: Served, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A person by script, and the addresses that were opened for them."""
    opened: list[str] = []

    def open_in_browser(url: str) -> None:
        opened.append(url)
        Browser(sandbox.authority, as_user="me@example.com")(url)

    monkeypatch.setattr("tokenkit.signing_in.sign_in.way_to_ask", lambda environ: "browser")
    monkeypatch.setattr("tokenkit.signing_in.sign_in.open_in_browser", open_in_browser)
    return opened


def age(kit: TokenKit) -> None:
    """Let every access token that has an end have ended."""
    for account in kit.accounts():
        held = kit.records.get(account)
        token = held.grant.access_token
        assert token is not None
        if token.expires_at is not None:
            aged = type(token)(token.value, expires_at=1.0, scopes=token.scopes)
            kit.records.save(account, held.grant.renewed(access_tokens={"": aged}), replaces=held.version)


def whole_life(example: Callable[[str], ModuleType], sandbox: Served) -> None:
    """Live through it: consent, work, refresh, at once in both faces, and sign out."""
    assistant = example("assistant").Assistant(TokenKit(), sandbox.base_url)
    assert list(example("assistant").morning(assistant)) == MORNING
    assert len(assistant.write("you@example.com", "See you!")) == 16
    age(TokenKit())
    later = example("async_assistant").AsyncAssistant(AsyncTokenKit(), sandbox.base_url)
    assert asyncio.run(later.morning()) == ["4 messages, and Breakfast, Lunch", MORNING[2], "2 articles"]
    refreshed = {name: count for name, count in sandbox.authority.counters.items() if name.endswith("refresh_token")}
    assert refreshed == {"google token refresh_token": 1, "spotify token refresh_token": 1}
    said = list(example("assistant").Assistant(TokenKit(), sandbox.base_url).leave())
    assert [line.partition(":")[0].partition("/")[0] for line in said] == ["google", "pocket", "spotify"]
    assert "google/me@example.com: revoked" in said
    assert TokenKit().accounts() == []


@pytest.mark.slow
def test_the_assistant_lives_its_whole_life(
    example: Callable[[str], ModuleType], sandbox: Served, script: list[str]
) -> None:
    """A person is asked three times, once for each account, and never again."""
    whole_life(example, sandbox)
    assert len(script) == 3


def test_it_says_what_a_person_can_do(
    example: Callable[[str], ModuleType], sandbox: Served, script: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    example("assistant").main(sandbox.base_url, "morning")
    assert capsys.readouterr().out.splitlines() == MORNING
    sandbox.authority.next("api", status=500)
    with pytest.raises(SystemExit, match="500"):
        example("assistant").main(sandbox.base_url, "morning")
    example("assistant").main(sandbox.base_url, "goodbye")
    assert len(capsys.readouterr().out.splitlines()) >= 3
    with pytest.raises(ConsentRequired):
        TokenKit().token("google")


def test_it_stays_small_and_holds_no_token() -> None:
    """An example that is longer is not read."""
    texts = [path.read_text() for path in sorted(EXAMPLE.glob("*.py"))]
    assert sum(text.count("\n") for text in texts) < 200
    assert not any(
        word in text for text in texts for word in ("access_token", "refresh_token", "client_secret", "expires")
    )


@pytest.mark.real
def test_a_person_consents_in_a_real_browser(
    example: Callable[[str], ModuleType], sandbox: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The assistant runs in a thread of its own, as a program would; the browser is driven from here."""
    api: Any = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    addresses: Queue[str] = Queue()
    life: Future[None] = Future()
    monkeypatch.setattr("tokenkit.signing_in.sign_in.way_to_ask", lambda environ: "browser")
    monkeypatch.setattr("tokenkit.signing_in.sign_in.open_in_browser", addresses.put)

    def live() -> None:
        try:
            life.set_result(whole_life(example, sandbox))
        except Exception as failure:  # noqa: BLE001 - raised anew by `result`
            life.set_exception(failure)
        addresses.put("")

    with api.sync_playwright() as playwright:
        if found is None and not Path(playwright.chromium.executable_path).exists():
            pytest.skip("chromium is not installed: apt-get install chromium, or playwright install chromium")
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        threading.Thread(target=live, daemon=True).start()
        consents = 0
        while url := addresses.get(timeout=PATIENCE):
            page = browser.new_page()
            page.goto(address_behind(url))
            page.locator(":focus").press("Enter")  # waits until the page has put the focus on its button
            page.wait_for_url("**/done/*")
            assert "is connected." in page.inner_text("main")
            page.close()
            consents += 1
        browser.close()
    life.result(PATIENCE)
    assert consents == 3
