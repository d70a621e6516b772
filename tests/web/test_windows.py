"""Page and pop-up: what the page says is true, whatever becomes of the pop-up and of the network."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from clicks import GOOGLE, answer, away, button
from host import dashboard
from tokenkit import OAuth2, TokenKit
from tokenkit.errors import InvalidAnswer
from tokenkit.sandbox import Served
from tokenkit.web import authorize_app

from browsing import served

pytestmark = pytest.mark.real

FOLLOWED = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


@pytest.fixture
def host(kit: TokenKit) -> Iterator[str]:
    with served(dashboard(authorize_app(kit), GOOGLE)) as url:
        yield url


def test_a_pop_up_that_a_policy_cuts_off_is_heard_when_it_answers(
    host: str, browse: Callable[..., Any], sandbox: Served
):
    """Cross-Origin-Opener-Policy of a provider makes an open pop-up look closed, to who comes back to the page."""
    page = browse()
    page.add_init_script("document.hasFocus = () => true")

    def cut(route: Any) -> None:
        answered = route.fetch(max_redirects=0)
        route.fulfill(response=answered, headers={**answered.headers, "cross-origin-opener-policy": "same-origin"})

    page.context.route(f"{sandbox.base_url}/**", cut)
    page.goto(f"{host}/connect/")
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Connect Google").click()
    page.get_by_text("Google was not connected: the window was closed.").wait_for()
    opened.value.get_by_role("button", name="Allow").click()
    page.get_by_role("region", name="me@example.com at Google").wait_for()


@pytest.mark.parametrize("path", ["/", "/connect/"])
def test_a_pop_up_that_is_closed_before_it_is_sent_on_is_told_as_closed(
    host: str, browse: Callable[..., Any], path: str
):
    """On a slow network the person gives up first."""
    page = browse()
    page.add_init_script(
        "document.hasFocus = () => true; const { close } = BroadcastChannel.prototype;"
        "BroadcastChannel.prototype.close = function () {"
        " document.documentElement.dataset.ended = 1; close.call(this) }"
    )
    held: list[Any] = []
    page.route("**/start/google", lambda route: held.append(route))
    page.goto(f"{host}{path}")
    with page.expect_request("**/start/google"), page.context.expect_page() as opened:
        page.get_by_role("button", name="Connect Google").click()
    opened.value.close()
    page.locator("html[data-ended]").wait_for(state="attached")
    held[0].continue_()
    if path == "/":
        button(page, "google", "connect").get_by_text("Not connected.").wait_for()
    else:
        page.get_by_text("Google was not connected: the window was closed.").wait_for()


def test_two_sign_ins_that_were_begun_on_one_page_are_both_shown(host: str, browse: Callable[..., Any]):
    """The first that ends loads the page anew; nothing on it waits for the second then."""
    page = browse()
    page.goto(f"{host}/connect/")
    first = away(page, page.get_by_role("button", name="Connect Google").click)
    second = away(page, page.get_by_role("button", name="Connect Spotify").click)
    answer(first, "Allow")
    page.get_by_role("region", name="me@example.com at Google").wait_for()
    page.wait_for_load_state()  # its scripts hear of the second one then
    answer(second, "Allow")
    page.get_by_role("region", name="me@example.com at Spotify").wait_for()


def test_what_went_wrong_is_left_to_be_read(host: str, browse: Callable[..., Any], monkeypatch: pytest.MonkeyPatch):
    """The pop-up of a failure stays, and the page says so."""

    def fail(*_: object) -> None:
        raise InvalidAnswer("nonsense")

    monkeypatch.setattr(OAuth2, "complete", fail)
    page = browse(refused=502)
    page.goto(f"{host}/connect/")
    popup = away(page, page.get_by_role("button", name="Connect Google").click)
    popup.get_by_role("button", name="Allow").click()
    page.get_by_text("Google was not connected: the other window says why.").wait_for()
    popup.get_by_text("The provider could not finish the sign-in.").wait_for()
    popup.get_by_text("You can close this window.").wait_for()


def test_an_answer_that_comes_twice_does_not_make_the_page_say_that_nothing_is_connected(
    host: str, browse: Callable[..., Any], sandbox: Served, kit: TokenKit
):
    """Who clicks *Allow* twice sees what became of the second answer; the first has connected the account."""
    page = browse(refused=403)

    def twice(route: Any) -> None:
        answered = route.fetch(max_redirects=0)
        if "location" in answered.headers:
            page.context.request.get(answered.headers["location"], headers=FOLLOWED, max_redirects=0)
        route.fulfill(response=answered)

    page.goto(f"{host}/connect/")
    popup = away(page, page.get_by_role("button", name="Connect Google").click)
    popup.route(f"{sandbox.base_url}/**", twice)
    popup.get_by_role("button", name="Allow").click()
    popup.get_by_text("If it came twice, the first one counts.").wait_for()
    page.get_by_role("region", name="me@example.com at Google").wait_for()
    assert [str(account) for account in kit.accounts()] == ["google/me@example.com"]
