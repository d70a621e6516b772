"""The page and the button, clicked by a person: a real browser, and the sandbox's consent screens."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from crowd import crowd
from host import dashboard
from live import allow_redirects, sandbox_kit
from tokenkit import TokenKit
from tokenkit.errors import ConsentRequired
from tokenkit.sandbox import Authority
from tokenkit.web import authorize_app
from tokenkit.web.stand_alone import StandAlone

from browsing import served

pytestmark = pytest.mark.real

GOOGLE = '<tokenkit-authorize provider="google" scopes="gmail.readonly"></tokenkit-authorize>'
SPOTIFY = '<tokenkit-authorize provider="spotify"></tokenkit-authorize>'
MAIL = "read your mail and its settings"


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


@pytest.fixture
def host(kit: TokenKit) -> Iterator[str]:
    """Somebody's dashboard with two buttons."""
    with served(dashboard(authorize_app(kit), GOOGLE, SPOTIFY)) as url:
        yield url


def away(page: Any, act: Callable[[], None]) -> Any:
    """The pop-up that `act` opens, once it shows the consent screen."""
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
    return away(page, page.get_by_role("button", name=f"Connect {provider}").click)


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
        assert page.url.endswith("#google")

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
            page.get_by_role("link", name="Set up Google").click()
            page.get_by_label("Client id").fill("sandbox-google")
            page.get_by_label("Client secret").fill("sandbox-google-secret")
            page.get_by_role("button", name="Store it").click()
            answer(choose(page, "Google"), "Allow")
            page.get_by_role("heading", name="me@example.com").wait_for()


class TestTheButton:
    def test_it_connects_in_a_pop_up_and_says_so(self, host, browse, kit):
        """On a page with a strict policy of its own; each change is an event."""
        page = browse()
        page.add_init_script(
            "window.heard = []; for (const name of ['state', 'connected', 'declined', 'cancelled', 'failed'])"
            "addEventListener(`tokenkit-${name}`, ({target, detail}) =>"
            "heard.push([name, target.getAttribute('provider'), detail]))"
        )
        page.goto(host)
        found = button(page, "google", "connect")
        found.get_by_text("Not connected.").wait_for()
        popup = away(page, found.get_by_role("button", name="Connect Google").click)
        assert button(page, "google", "connecting").get_attribute("aria-busy") == "true"
        answer(popup, "Allow")
        button(page, "google", "connected").get_by_text("Connected as me@example.com").wait_for()
        heard = [entry for entry in page.evaluate("heard") if entry[1] == "google"]
        assert ["connected", "google", {"provider": "google", "account": "google/me@example.com"}] in heard
        assert [entry[2]["state"] for entry in heard if entry[0] == "state"] == [
            "connect", "connecting", "connecting", "connected",
        ]  # fmt: skip
        assert kit.token("google", scopes=["gmail.readonly"]).value

    def test_a_blocked_pop_up_becomes_a_redirect_there_and_back(self, host, browse, kit):
        """Not from a click: the browser's own blocker steps in."""
        page = browse()
        page.add_init_script(
            "addEventListener('load', () => { const it = document.querySelector('tokenkit-authorize');"
            "if (it && !sessionStorage.done) { sessionStorage.done = 1; it.authorize() } })"
        )
        page.goto(host)
        page.get_by_role("button", name="Allow").click()
        button(page, "google", "connected")
        assert page.url == f"{host}/"

    def test_denied_closed_and_cancelled_leave_it_as_it_was(self, host, browse, kit):
        page = browse()
        page.goto(host)
        connect = button(page, "google", "connect").get_by_role("button", name="Connect Google")
        answer(away(page, connect.click), "Deny")
        button(page, "google", "connect")
        away(page, connect.click).close()
        button(page, "google", "connect")
        popup = away(page, connect.click)
        with popup.expect_event("close"):
            page.get_by_role("button", name="Cancel").click()
        button(page, "google", "connect")
        assert kit.accounts() == []

    def test_it_tells_what_is_wrong_and_mends_it(self, host, browse, kit, authority):
        sign_in(kit, authority, "google")
        sign_in(kit, authority, "spotify")
        withdraw(kit, authority, "spotify")
        page = browse()
        page.goto(host)
        button(page, "google", "attention").get_by_text(f"It may not yet {MAIL}.").wait_for()
        spotify = button(page, "spotify", "attention")
        spotify.get_by_text(re.compile("Spotify ends every sign-in")).wait_for()
        answer(away(page, spotify.get_by_role("button", name="Reconnect Spotify").click), "Allow")
        button(page, "spotify", "connected")

    def test_other_buttons_on_the_page_follow(self, kit, browse):
        with served(dashboard(authorize_app(kit), SPOTIFY, SPOTIFY)) as url:
            page = browse()
            page.goto(url)
            buttons = page.locator("tokenkit-authorize[state=connect]")
            buttons.nth(1).wait_for()
            answer(away(page, buttons.first.get_by_role("button").click), "Allow")
            page.locator("tokenkit-authorize[state=connected]").nth(1).wait_for()

    def test_it_works_although_a_policy_cuts_page_and_pop_up_apart(self, kit, browse):
        """Cross-Origin-Opener-Policy: the dashboard's own, here; a provider's does the same."""
        isolated = {"Cross-Origin-Opener-Policy": "same-origin"}
        with served(dashboard(authorize_app(kit), SPOTIFY, headers=isolated)) as url:
            page = browse()
            page.add_init_script("document.hasFocus = () => false")  # the person looks at the pop-up
            page.goto(url)
            with page.context.expect_page() as opened:
                button(page, "spotify", "connect").get_by_role("button").click()
            with opened.value.expect_event("close"):
                opened.value.get_by_role("button", name="Allow").click()
            button(page, "spotify", "connected")

    def test_it_is_used_by_keyboard_alone(self, host, browse):
        page = browse()
        page.goto(host)
        button(page, "google", "connect")
        page.keyboard.press("Tab")
        popup = away(page, lambda: page.keyboard.press("Enter"))
        popup.get_by_role("button", name="Allow").focus()
        with popup.expect_event("close"):
            popup.keyboard.press("Enter")
        button(page, "google", "connected")
        assert page.evaluate("document.activeElement.getAttribute('provider')") == "google"

    def test_it_has_the_dashboards_own_type_and_ink_and_ground(self, host, browse):
        page = browse()
        page.goto(host)
        found = button(page, "google", "connect")
        page.evaluate("Object.assign(document.body.style, { font: '20px serif', color: 'rgb(4, 5, 6)' })")
        names = ["color", "fontFamily", "fontSize", "backgroundColor"]
        has = "(element, names) => names.map((name) => getComputedStyle(element)[name])"
        seen = found.locator("[part=box]").evaluate(has, names)
        assert seen == ["rgb(4, 5, 6)", "serif", "20px", "rgba(0, 0, 0, 0)"]

    def test_what_a_stranger_wrote_is_data_on_it_too(self, sandbox, browse, tmp_path):
        kit = sandbox_kit(sandbox.base_url, tmp_path)
        kit.providers.add(replace(kit.provider("google"), title="Goo\u202egle"))
        with served(dashboard(authorize_app(kit), GOOGLE)) as url:
            page = browse()
            page.goto(url)
            button(page, "google", "connect").get_by_text("Goo[U+202E]gle").wait_for()

    def test_it_takes_the_dashboards_colours(self, host, browse):
        page = browse()
        page.goto(host)
        found = button(page, "google", "connect")
        found.evaluate("element => element.style.setProperty('--tokenkit-accent', 'rgb(1, 2, 3)')")
        colour = found.get_by_role("button").evaluate("element => getComputedStyle(element).backgroundColor")
        assert colour == "rgb(1, 2, 3)"

    @pytest.mark.parametrize("name", ["", "nobody"])
    def test_a_mistake_in_its_attributes_is_said_on_it(self, kit, chromium, name):
        with served(
            dashboard(authorize_app(kit), f'<tokenkit-authorize provider="{name}"></tokenkit-authorize>')
        ) as url:
            page = chromium.new_page()
            page.goto(url)
            found = page.locator("tokenkit-authorize[state=unavailable]")
            found.get_by_text(
                "there is no provider 'nobody'" if name else "The attribute provider is missing."
            ).wait_for()
            page.close()


def test_two_people_at_one_dashboard_keep_their_own_accounts(sandbox, authority, browse, tmp_path):
    """The dashboard says whose session it is; each sees and connects only what is theirs."""
    allow_redirects(authority, "/connect")
    kits = {name: sandbox_kit(sandbox.base_url, tmp_path, owner=name) for name in ("alice", "bob")}
    app = authorize_app(kit_for=lambda request: kits.get(request.headers.get("x-user", "")))
    with served(dashboard(app, GOOGLE)) as url:
        tabs = {name: browse(extra_http_headers={"x-user": name}) for name in kits}
        popups = {}
        for name, tab in tabs.items():
            tab.goto(url)
            popups[name] = away(tab, button(tab, "google", "connect").get_by_role("button").click)
        for name, popup in popups.items():
            answer(popup, "Allow", Account=f"{name}@example.com")
            button(tabs[name], "google", "connected").get_by_text(f"Connected as {name}@example.com").wait_for()
    assert {name: [account.name for account in kit.accounts()] for name, kit in kits.items()} == {
        "alice": ["alice@example.com"], "bob": ["bob@example.com"],
    }  # fmt: skip
