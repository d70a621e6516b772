"""The page and the button, clicked by a person: a real browser, the sandbox's consent screens."""

from collections.abc import Iterator
from typing import Any

import pytest
from live import served
from tokenkit import TokenKit
from tokenkit.web.stand_alone import StandAlone

pytestmark = pytest.mark.real


@pytest.fixture
def tab(chromium: Any) -> Iterator[Any]:
    """A tab of a fresh browser profile; whatever a page of ours logs, or its policy blocks, fails the test."""
    context = chromium.new_context(viewport={"width": 1000, "height": 900})
    context.set_default_timeout(8000)
    said: list[str] = []
    context.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    context.on("weberror", lambda error: said.append(str(error.error)))
    yield context.new_page()
    context.close()
    assert said == []


@pytest.fixture
def page(kit: TokenKit, tab: Any) -> Iterator[Any]:
    """The stand-alone page, opened by its link."""
    made: list[StandAlone] = []

    def make(port: int) -> StandAlone:
        made.append(StandAlone(kit, port))
        return made[0]

    with served(make):
        tab.goto(made[0].link)
        yield tab


def choose(page: Any, provider: str, *permissions: str) -> None:
    page.locator("summary", has_text=f"Connect {provider}").click()
    for permission in permissions:
        page.get_by_label(permission).check()


def connect(page: Any, provider: str, *permissions: str, say: str = "Allow") -> None:
    """Click through the pop-up; the page loads again when something was connected."""
    choose(page, provider, *permissions)
    with page.expect_popup() as popup:
        page.get_by_role("button", name=f"Continue to {provider}").click()
    with popup.value.expect_event("close"):
        popup.value.get_by_role("button", name=say).click()


def test_google_is_connected_by_clicking(page: Any, kit: TokenKit) -> None:
    connect(page, "Google", "read your mail and its settings")
    page.get_by_role("heading", name="me@example.com").wait_for()
    assert page.get_by_text("read your mail and its settings").is_visible()
    assert kit.token("google", scopes=["gmail.readonly"]).value
