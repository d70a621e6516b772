"""The page, clicked by a person: a real browser, and the sandbox's consent screens."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from clicks import MAIL, answer, away, choose, sign_in, withdraw
from crowd import crowd
from host import dashboard
from live import sandbox_kit
from tokenkit import TokenKit
from tokenkit.web import authorize_app
from tokenkit.web.stand_alone import StandAlone

from browsing import served

pytestmark = pytest.mark.real


@pytest.fixture
def link(kit: TokenKit) -> Iterator[str]:
    """The one-time link of the stand-alone page."""
    made: list[StandAlone] = []

    def make(port: int) -> StandAlone:
        made.append(StandAlone(kit, port))
        return made[0]

    with served(make):
        yield made[0].link


@pytest.fixture
def page(link: str, browse: Callable[..., Any]) -> Any:
    tab = browse()
    tab.goto(link)
    return tab


class TestThePage:
    def test_google_is_connected_by_clicking_with_what_was_ticked(self, page, kit):
        answer(choose(page, "Google", MAIL), "Allow")
        page.get_by_role("heading", name="me@example.com").wait_for()
        page.locator(".permissions li", has_text=MAIL).wait_for()
        assert kit.token("google", scopes=["gmail.readonly"]).value

    def test_spotify_and_pocket_are_connected_by_clicking(self, page, kit):
        answer(choose(page, "Spotify"), "Allow", Account="she@example.com")
        page.get_by_role("heading", name="she@example.com").wait_for()
        popup = away(page, page.get_by_role("button", name="Connect Pocket").click)
        answer(popup, "Allow")
        page.get_by_role("region", name="me@example.com at Pocket").wait_for()
        assert [str(account) for account in kit.accounts()] == ["pocket/me@example.com", "spotify/she@example.com"]

    def test_a_denial_is_told_and_connects_nothing(self, page, kit):
        answer(choose(page, "Google"), "Deny")
        page.get_by_text("Google was not connected: the consent was not given.").wait_for()
        assert page.get_by_role("button", name="Connect Google").is_enabled()
        assert kit.accounts() == []

    @pytest.mark.parametrize("size", [(1100, 700), (360, 780)], ids=["desktop", "phone"])
    def test_a_denial_is_told_at_the_pressed_button_in_sight_and_with_focus(self, sandbox, browse, tmp_path, size):
        with served(dashboard(authorize_app(crowd(sandbox, tmp_path)))) as url:
            page = browse()
            page.set_viewport_size({"width": size[0], "height": size[1]})
            page.goto(f"{url}/connect/")
            page.locator("summary", has_text="Connect another Spotify account").click()
            button = page.get_by_role("button", name="Connect Spotify")
            answer(away(page, button.click), "Deny")
            told = page.get_by_text("Spotify was not connected: the consent was not given.")
            told.wait_for()
            assert button.evaluate("element => element === document.activeElement")
            top, bottom = told.bounding_box(), button.bounding_box()
            assert 0 <= top["y"] < bottom["y"] < size[1] - bottom["height"]
            assert bottom["y"] - (top["y"] + top["height"]) < 40

    def test_a_search_while_typing_shows_only_what_has_the_words_in_its_name(self, sandbox, browse, tmp_path):
        with served(dashboard(authorize_app(crowd(sandbox, tmp_path)))) as url:
            page = browse()
            page.goto(f"{url}/connect/")
            page.get_by_role("searchbox").fill("grace5")
            page.get_by_role("heading", name="grace5@example.com").wait_for()
            assert page.locator(".account:visible").count() == 1
            page.get_by_role("searchbox").fill("service 41")
            page.get_by_role("heading", name="Service 41").wait_for()
            assert page.locator("li[data-find]:visible").count() == 1
            page.get_by_role("searchbox").fill("nobody")
            page.get_by_text("Nothing here is called that").wait_for()
            page.get_by_role("searchbox").fill("")
            assert page.locator(".account:visible").count() == 30

    def test_after_a_sign_in_in_the_only_tab_nothing_says_to_close_it(self, link, browse):
        page = browse(java_script_enabled=False)
        page.goto(link)
        page.get_by_role("button", name="Connect Google").click()
        page.get_by_role("button", name="Deny").click()
        page.get_by_role("heading", name="Google was not connected").wait_for()
        assert not page.get_by_text("You can close this window").is_visible()
        page.get_by_role("link", name="All accounts").click()
        page.wait_for_url("**/#google")

    def test_closing_the_pop_up_is_told_and_the_next_try_works(self, page, kit):
        choose(page, "Google").close()
        page.get_by_text("Google was not connected: the window was closed.").wait_for()
        answer(away(page, page.get_by_role("button", name="Connect Google").click), "Allow")
        page.get_by_role("heading", name="me@example.com").wait_for()

    def test_an_account_that_was_revoked_is_reconnected(self, page, kit, authority):
        sign_in(kit, authority, "google")
        withdraw(kit, authority, "google")
        page.reload()
        page.get_by_text("Google needs you to connect again.").wait_for()
        answer(away(page, page.get_by_role("button", name="Reconnect Google", exact=True).click), "Allow")
        page.locator(".pill.connected").wait_for()
        assert kit.token("google").value

    def test_an_account_is_disconnected_after_a_question(self, page, kit, authority):
        sign_in(kit, authority, "google")
        page.reload()
        page.get_by_role("link", name="Disconnect me@example.com at Google").click()
        page.get_by_role("button", name="Disconnect").click()
        page.get_by_text("Google has ended what you granted").wait_for()
        assert (kit.accounts(), authority.counters["google revoke"]) == ([], 1)

    def test_two_tabs_connect_at_the_same_time(self, page, kit):
        """Each pop-up answers its own tab, and neither spoils the other's sign-in."""
        other = page.context.new_page()
        other.goto(page.url)
        first, second = choose(page, "Google"), choose(other, "Spotify")
        answer(second, "Allow")
        other.get_by_role("region", name="me@example.com at Spotify").wait_for()
        answer(first, "Allow")
        page.get_by_role("region", name="me@example.com at Google").wait_for()
        assert len(kit.accounts()) == 2

    @pytest.mark.parametrize("say", ["Allow", "Deny"])
    def test_without_scripts_plain_forms_and_links_do_the_same(self, link, browse, kit, say):
        page = browse(java_script_enabled=False)
        page.goto(link)
        page.get_by_role("button", name="Connect Google").click()
        page.get_by_role("button", name=say).click()
        page.get_by_role(
            "heading", name="Google is connected" if say == "Allow" else "Google was not connected"
        ).wait_for()
        assert "code=" not in page.url
        page.get_by_role("link", name="All accounts").click()
        page.get_by_role("heading", name="Your accounts").wait_for()
        assert len(kit.accounts()) == (say == "Allow")

    def test_a_registration_is_given_in_the_form(self, sandbox, browse, tmp_path):
        kit = sandbox_kit(sandbox.base_url, tmp_path, clients={})
        made: list[StandAlone] = []
        with served(lambda port: made.append(StandAlone(kit, port)) or made[0]):
            page = browse()
            page.goto(made[0].link)
            page.get_by_text("Providers without a registration").click()
            page.get_by_role("link", name="Set up Google", exact=True).click()
            page.get_by_label("Client id").fill("sandbox-google")
            page.get_by_label("Client secret").fill("sandbox-google-secret")
            page.get_by_role("button", name="Store it").click()
            answer(choose(page, "Google"), "Allow")
            page.get_by_role("heading", name="me@example.com").wait_for()
