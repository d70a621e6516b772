"""What a person does with the mouse: at the page, at the button, and at the sandbox's consent screens."""

from collections.abc import Callable
from typing import Any

import pytest
from tokenkit import TokenKit
from tokenkit.errors import ConsentRequired
from tokenkit.sandbox import Authority

GOOGLE = '<tokenkit-authorize provider="google" scopes="gmail.readonly"></tokenkit-authorize>'
SPOTIFY = '<tokenkit-authorize provider="spotify"></tokenkit-authorize>'
MAIL = "read your mail and its settings"


def away(page: Any, act: Callable[[], None]) -> Any:
    """The pop-up that `act` opens, once it shows the consent screen.

    A page may have been loaded anew by a click, and its scripts run last: without them there is no pop-up.
    """
    page.wait_for_load_state()
    with page.expect_popup() as opened:
        act()
    popup = opened.value
    popup.get_by_role("button", name="Allow").wait_for()
    return popup


def choose(page: Any, provider: str, *permissions: str) -> Any:
    """The pop-up, after the permissions were ticked."""
    if permissions:
        page.locator("summary", has_text=f"Choose what it may do at {provider}").click()
    for permission in permissions:
        page.get_by_label(permission).first.check()
    button = page.get_by_role("button", name=f"Connect {provider}")
    button.wait_for()
    return away(page, button.click)


def answer(popup: Any, say: str, **fields: str) -> None:
    """Click at the consent screen; the pop-up closes by itself."""
    for label, value in fields.items():
        popup.get_by_label(label, exact=True).fill(value)
    with popup.expect_event("close"):
        popup.get_by_role("button", name=say).click()


def button(page: Any, provider: str, state: str) -> Any:
    """The button of that provider, once it is in that state."""
    found = page.locator(f"tokenkit-authorize[provider={provider}][state={state}]")
    found.wait_for()
    return found


def sign_in(kit: TokenKit, authority: Authority, provider: str) -> None:
    """Sign in beforehand, without a browser."""
    pending = kit.begin(provider, redirect_uri=f"http://127.0.0.1:1/callback/{provider}", binding="b")
    kit.complete(authority.approve(pending.url), binding="b")


def withdraw(kit: TokenKit, authority: Authority, provider: str) -> None:
    """The person removes the app at the provider, and the kit finds out."""
    authority.withdraw(provider, "me@example.com")
    with pytest.raises(ConsentRequired):
        kit.refresh(provider)
