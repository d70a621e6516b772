"""The page connects an account at a real authorization server, clicked through in a real browser."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tokenkit import TokenKit
from tokenkit.web.stand_alone import StandAlone

from browsing import browse, chromium, served

pytestmark = pytest.mark.real

__all__ = ["browse", "chromium"]

ASK = "form => form.append(Object.assign(document.createElement('input'), { name: 'account', value: 'manual' }))"
"""What makes the server show its buttons (see ``server.mjs``): the page of a new account has no field for a hint."""


@pytest.fixture
def page(kit: TokenKit, browse: Callable[..., Any]) -> Iterator[Any]:
    """The page, opened by its one-time link."""
    made: list[StandAlone] = []

    def make(port: int) -> StandAlone:
        made.append(StandAlone(kit, port))
        return made[0]

    with served(make):
        tab = browse()
        tab.goto(made[0].link)
        yield tab


def answer(page: Any, say: str) -> None:
    """Click at the server's consent screen; the pop-up closes by itself."""
    form = page.locator("form[data-authorize=op]")
    form.evaluate(ASK)
    with page.expect_popup() as popup:
        form.get_by_role("button").click()
    with popup.value.expect_event("close"):
        popup.value.get_by_role("button", name=say).click()


def test_an_account_is_connected_by_clicking(page: Any, kit: TokenKit) -> None:
    answer(page, "Allow")
    page.get_by_role("heading", name="me@example.test").wait_for()
    assert kit.token("op").value


def test_a_denial_connects_nothing(page: Any, kit: TokenKit) -> None:
    answer(page, "Deny")
    page.get_by_text("OP was not connected: the consent was not given.").wait_for()
    assert kit.accounts() == []
