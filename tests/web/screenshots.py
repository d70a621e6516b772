"""Makes docs/screenshots anew: python tests/web/screenshots.py. To be looked at, then committed."""

import sys
import tempfile
from pathlib import Path
from typing import Any

from host import dashboard
from live import allow_redirects, sandbox_kit, served
from playwright.sync_api import sync_playwright
from tokenkit import TokenKit
from tokenkit.sandbox import Authority, Served, serve
from tokenkit.web import authorize_app
from tokenkit.web.stand_alone import StandAlone

PLACE = Path(__file__).parents[2] / "docs" / "screenshots"
BACK = "http://127.0.0.1:1"


def sign_in(kit: TokenKit, authority: Authority, provider: str, user: str, *scopes: str, only: Any = None) -> None:
    redirect_uri = f"{BACK}/callback/{provider}"
    pending = kit.begin(provider, redirect_uri=redirect_uri, binding="b", scopes=scopes or None)
    kit.complete(authority.approve(pending.url, as_user=user, only=only), binding="b")


def scene(sandbox: Served, home: Path) -> TokenKit:
    """Accounts in every condition: well, ended by the person elsewhere, with less than was asked."""
    kit = sandbox_kit(sandbox.base_url, home)
    authority = sandbox.authority
    everything = ("openid", "email", "gmail.readonly", "gmail.send", "calendar.events")
    auth = "https://www.googleapis.com/auth/"
    some = ["openid", f"{auth}userinfo.email", f"{auth}gmail.readonly", f"{auth}calendar.events"]
    sign_in(kit, authority, "google", "me@example.com", *everything, only=some)
    sign_in(kit, authority, "spotify", "me@example.com")
    authority.withdraw("spotify", "me@example.com")
    try:
        kit.refresh("spotify")
    except Exception as error:  # noqa: BLE001 - it is what the picture is to show
        print(error)
    return kit


def main(only: str = "") -> None:
    PLACE.mkdir(parents=True, exist_ok=True)
    authority = Authority(refresh_lifetime=None)
    allow_redirects(authority, "/connect")
    with tempfile.TemporaryDirectory() as home, serve(authority) as sandbox, sync_playwright() as playwright:
        kit = scene(sandbox, Path(home))
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        pages(browser, kit)
        connect = authorize_app(kit)
        with served(
            dashboard(
                connect,
                '<tokenkit-authorize provider="google" scopes="gmail.readonly"></tokenkit-authorize>',
                '<tokenkit-authorize provider="google" scopes="drive.readonly"></tokenkit-authorize>',
                '<tokenkit-authorize provider="spotify"></tokenkit-authorize>',
                '<tokenkit-authorize provider="pocket"></tokenkit-authorize>',
                '<tokenkit-authorize provider="nobody"></tokenkit-authorize>',
            )
        ) as url:
            for scheme in ("light", "dark"):
                tab = browser.new_page(color_scheme=scheme, viewport={"width": 620, "height": 560})
                tab.goto(url)
                tab.locator("tokenkit-authorize[state=connected]").wait_for()
                tab.wait_for_load_state("networkidle")
                tab.screenshot(path=PLACE / f"button-{scheme}.png")
        browser.close()


def pages(browser: Any, kit: TokenKit) -> None:
    made: list[StandAlone] = []
    with served(lambda port: made.append(StandAlone(kit, port)) or made[0]):
        context = browser.new_context(viewport={"width": 900, "height": 860})
        tab = context.new_page()
        tab.goto(made[0].link)
        base = tab.url
        for scheme in ("light", "dark"):
            tab.emulate_media(color_scheme=scheme)
            tab.screenshot(path=PLACE / f"accounts-{scheme}.png", full_page=True)
        tab.set_viewport_size({"width": 360, "height": 780})
        tab.screenshot(path=PLACE / "accounts-phone-dark.png", full_page=True)
        tab.emulate_media(color_scheme="light")
        tab.screenshot(path=PLACE / "accounts-phone.png", full_page=True)
        tab.set_viewport_size({"width": 900, "height": 700})
        tab.locator("summary", has_text="Change what it may do").first.click()
        tab.screenshot(path=PLACE / "choose.png", full_page=True)
        tab.set_viewport_size({"width": 620, "height": 640})
        for name, path in {
            "connected": "connected/google/me@example.com",
            "declined": "declined/google",
            "refused": "callback/google?code=stolen&state=forged",
            "disconnect": "disconnect?account=google/me@example.com",
            "client": "client/google",
            "problem": "disconnect?account=google/nobody",
            "opening": "opening",
        }.items():
            tab.goto(f"{base}{path}")
            tab.screenshot(path=PLACE / f"{name}.png", full_page=name == "client")
        tab.emulate_media(color_scheme="dark")
        tab.goto(f"{base}callback/google?code=stolen&state=forged")
        tab.screenshot(path=PLACE / "refused-dark.png")


if __name__ == "__main__":
    main(*sys.argv[1:])
