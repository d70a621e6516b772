"""Makes docs/screenshots anew, to be looked at and then committed: PYTHONPATH=tests python tests/web/screenshots.py

It needs Pillow, and the fonts that people have; Debian's fonts-inter, say.
"""

import tempfile
from pathlib import Path
from typing import Any

from crowd import crowd
from host import dashboard
from live import allow_redirects, sandbox_kit
from PIL import Image
from playwright.sync_api import sync_playwright
from scene import BUTTONS, scene
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from tokenkit import TokenKit
from tokenkit.sandbox import Authority, serve
from tokenkit.web import authorize_app
from tokenkit.web.stand_alone import StandAlone

from browsing import served

PLACE = Path(__file__).parents[2] / "docs" / "screenshots"
SHEETS = {
    "connected": "connected/google?name=me@example.com",
    "refused": "callback/google?code=stolen&state=forged",
    "disconnect": "disconnect?account=google/me@example.com",
    "client": "client/google",
    "safety": "safety",
    "not-found": "nothing-here",
}
ASKS = {"google": ["gmail.readonly", "calendar.readonly"], "spotify": ["playlist-read-private"]}
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def main() -> None:
    PLACE.mkdir(parents=True, exist_ok=True)
    authority = Authority()
    allow_redirects(authority, "/connect")
    with tempfile.TemporaryDirectory() as home, serve(authority) as sandbox, sync_playwright() as playwright:
        kit = scene(sandbox, Path(home, "few"))
        many = crowd(sandbox, Path(home, "many"))
        nobody = sandbox_kit(sandbox.base_url, Path(home, "none"))
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        pages(browser, kit)
        buttons(browser, kit)
        example(browser, kit)
        crowded(browser, many)
        denied(browser, nobody)
        browser.close()
    for path in PLACE.glob("*.png"):
        Image.open(path).convert("RGB").quantize(96, dither=Image.Dither.NONE).save(path, optimize=True)


def buttons(browser: Any, kit: TokenKit) -> None:
    with served(dashboard(authorize_app(kit), *BUTTONS)) as url:
        for scheme in ("light", "dark"):
            tab = browser.new_page(color_scheme=scheme, viewport={"width": 560, "height": 620})
            tab.goto(url)
            for state in ("connected", "attention", "connect", "unavailable"):
                tab.locator(f"tokenkit-authorize[state={state}]").first.wait_for()
            tab.screenshot(path=PLACE / f"button-{scheme}.png")


def example(browser: Any, kit: TokenKit) -> None:
    """The page of the examples, with our style sheet."""

    async def page(request: Request) -> Response:
        return FileResponse(EXAMPLES / "page.html")

    app = Starlette(routes=[Route("/", page), Mount("/connect", authorize_app(kit, asks=ASKS))])
    with served(lambda port: app) as url:
        for scheme in ("light", "dark"):
            tab = browser.new_page(color_scheme=scheme, viewport={"width": 820, "height": 560})
            tab.goto(url)
            tab.locator("tokenkit-authorize[state=connected]").wait_for()
            tab.locator("tokenkit-authorize[state=attention]").wait_for()
            tab.screenshot(path=PLACE / f"example-{scheme}.png")


def crowded(browser: Any, kit: TokenKit) -> None:
    """Thirty accounts and sixty providers: all, what a search finds, without scripts, on a phone and at 200 %."""
    with served(dashboard(authorize_app(kit, asks=ASKS))) as url:
        tab = browser.new_page(viewport={"width": 1100, "height": 900})
        tab.goto(f"{url}/connect/")
        tab.screenshot(path=PLACE / "many.png", full_page=True)
        tab.get_by_role("searchbox").fill("grace")
        tab.screenshot(path=PLACE / "many-found.png", full_page=True)
        tab.set_viewport_size({"width": 360, "height": 780})
        tab.goto(f"{url}/connect/")
        tab.screenshot(path=PLACE / "many-phone.png")
        zoomed = browser.new_page(viewport={"width": 550, "height": 450}, device_scale_factor=2)
        zoomed.goto(f"{url}/connect/")
        zoomed.locator("summary.who").first.click()
        zoomed.locator("summary.who").first.scroll_into_view_if_needed()
        zoomed.screenshot(path=PLACE / "many-200-percent.png")
        plain = browser.new_context(java_script_enabled=False, viewport={"width": 820, "height": 900}).new_page()
        plain.goto(f"{url}/connect/?find=service+1")
        plain.screenshot(path=PLACE / "many-without-scripts.png", full_page=True)


def denied(browser: Any, kit: TokenKit) -> None:
    """A denied consent, where the button was pressed, in a window of usual size."""
    with served(dashboard(authorize_app(kit, asks=ASKS))) as url:
        tab = browser.new_page(viewport={"width": 1100, "height": 700})
        tab.goto(f"{url}/connect/")
        tab.locator("summary", has_text="Choose what it may do at Google").click()
        with tab.expect_popup() as opened:
            tab.get_by_role("button", name="Connect Google").click()
        opened.value.get_by_role("button", name="Deny").click()
        tab.get_by_text("the consent was not given").wait_for()
        tab.screenshot(path=PLACE / "denied.png")


def pages(browser: Any, kit: TokenKit) -> None:
    made: list[StandAlone] = []
    with served(lambda port: made.append(StandAlone(kit, port)) or made[0]):
        tab = browser.new_page(viewport={"width": 820, "height": 860})
        tab.goto(made[0].link)
        base = tab.url
        for scheme in ("dark", "light"):
            tab.emulate_media(color_scheme=scheme)
            tab.screenshot(path=PLACE / f"accounts-{scheme}.png", full_page=True)
        tab.locator("summary", has_text="Change permissions").first.click()
        tab.locator("article").first.screenshot(path=PLACE / "permissions.png")
        tab.set_viewport_size({"width": 360, "height": 780})
        tab.goto(base)
        tab.screenshot(path=PLACE / "accounts-phone.png", full_page=True)
        tab.set_viewport_size({"width": 560, "height": 600})
        for name, path in SHEETS.items():
            tab.goto(f"{base}{path}")
            tab.screenshot(path=PLACE / f"{name}.png", full_page=True)


if __name__ == "__main__":
    main()
