"""The button on a dashboard's page, clicked by a person: a real browser, and the sandbox's consent screens."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from clicks import GOOGLE, MAIL, SPOTIFY, answer, away, button, sign_in, withdraw
from crowd import crowd
from host import dashboard
from live import allow_redirects, sandbox_kit
from tokenkit import OAuth2, TokenKit
from tokenkit.web import authorize_app

from browsing import served

pytestmark = pytest.mark.real


@pytest.fixture
def host(kit: TokenKit) -> Iterator[str]:
    """Somebody's dashboard with two buttons."""
    with served(dashboard(authorize_app(kit), GOOGLE, SPOTIFY)) as url:
        yield url


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
        page.wait_for_url(f"{host}/")

    def test_whoever_goes_back_from_the_provider_can_begin_again(self, host, browse):
        """In the same tab: the browser shows the page as it was left, with all that its scripts were waiting for."""
        page = browse()
        page.add_init_script(
            "window.open = () => null; addEventListener('pageshow', (event) => { window.kept = event.persisted })"
        )
        page.goto(host)
        button(page, "google", "connect").get_by_role("button", name="Connect Google").click()
        page.get_by_role("button", name="Allow").wait_for()
        page.evaluate("setTimeout(() => history.back())")
        page.wait_for_url(f"{host}/", wait_until="commit")
        page.wait_for_function("window.kept")
        button(page, "google", "connect").get_by_role("button", name="Connect Google").click()
        page.get_by_role("button", name="Allow").wait_for()

    def test_a_double_click_does_not_cancel_what_it_began(self, host, browse):
        """Its second click lands on what has come into the place of the button."""
        page = browse()
        page.goto(host)
        connect = button(page, "google", "connect").get_by_role("button", name="Connect Google")
        box = connect.bounding_box()
        where = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        with page.expect_popup() as opened:
            page.mouse.click(*where)
        page.get_by_role("button", name="Cancel").wait_for()
        page.mouse.down(click_count=2)
        page.mouse.up(click_count=2)
        answer(opened.value, "Allow")
        button(page, "google", "connected")

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

    def test_what_keeps_a_sign_in_from_beginning_stays_in_sight_with_what_helps(self, sandbox, browse, tmp_path):
        """Page and pop-up go on talking when it is said."""
        acme = OAuth2(
            name="acme",
            title="Acme",
            authorization_endpoint="https://acme.example/a",
            token_endpoint="https://acme.example/t",
            redirect_uri="https://dash.example/callback",
        )
        kit = sandbox_kit(sandbox.base_url, tmp_path, clients={"TOKENKIT_ACME_CLIENT_ID": "x"})
        kit.providers.add(acme)
        with served(dashboard(authorize_app(kit), '<tokenkit-authorize provider="acme"></tokenkit-authorize>')) as url:
            page = browse(refused=409)
            page.add_init_script("Date.now = () => 0")  # however long it takes: it looks again after three seconds
            page.goto(url)
            with page.expect_popup():
                button(page, "acme", "connect").get_by_role("button", name="Connect Acme").click()
            told = button(page, "acme", "unavailable").get_by_role("status")
            assert "Acme sends people back to https://dash.example/callback alone" in told.inner_text()
            assert "write redirect_uri = " in told.inner_text()
            page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # a pop-up that is a tab goes
            assert "alone" in button(page, "acme", "unavailable").get_by_role("status").inner_text()

    def test_a_dashboard_that_has_ended_is_said_to(self, kit, browse):
        page = browse()
        with served(dashboard(authorize_app(kit), SPOTIFY)) as url:
            page.goto(url)
            found = button(page, "spotify", "connect").get_by_role("button")
        found.click()
        button(page, "spotify", "unavailable").get_by_text("does not answer. Load the page again.").wait_for()

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

    def test_of_many_accounts_it_names_three(self, sandbox, browse, tmp_path):
        with served(dashboard(authorize_app(crowd(sandbox, tmp_path)), SPOTIFY)) as url:
            page = browse()
            page.goto(url)
            button(page, "spotify", "connected").get_by_text(
                re.compile(r"^Connected as (\S+, ){2}\S+ and 7 more")
            ).wait_for()

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


def test_however_long_a_strangers_words_are_nothing_is_cut_off_on_a_phone(sandbox, authority, browse, tmp_path):
    kit = sandbox_kit(sandbox.base_url, tmp_path)
    scopes = {name: replace(scope, about="x" * 900) for name, scope in kit.provider("google").scopes.items()}
    kit.providers.add(replace(kit.provider("google"), title="G" * 300, scopes=scopes))
    pending = kit.begin("google", redirect_uri="http://127.0.0.1:1/callback/google", binding="b")
    account = kit.complete(authority.approve(pending.url, as_user="x" * 180 + "@example.com"), binding="b")
    with served(dashboard(authorize_app(kit), GOOGLE)) as url:
        page = browse()
        page.set_viewport_size({"width": 320, "height": 700})
        for path in (
            "/",
            "/connect/",
            f"/connect/connected/google?name={account.name}",
            f"/connect/disconnect?account={account}",
        ):
            page.goto(f"{url}{path}")
            page.wait_for_function("!document.querySelector('[aria-busy=true]')")
            assert page.evaluate("document.documentElement.scrollWidth") == 320, path


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
