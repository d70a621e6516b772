"""Makes docs/screenshots anew, to be looked at and then committed: PYTHONPATH=tests python tests/web/screenshots.py

It needs Pillow, and the fonts that people have; Debian's fonts-inter, say.
"""

import tempfile
from pathlib import Path
from typing import Any

from host import dashboard
from live import allow_redirects
from PIL import Image
from playwright.sync_api import sync_playwright
from scene import BUTTONS, scene
from tokenkit import TokenKit
from tokenkit.sandbox import Authority, serve
from tokenkit.web import authorize_app
from tokenkit.web.stand_alone import StandAlone

from browsing import served

PLACE = Path(__file__).parents[2] / "docs" / "screenshots"
SHEETS = {
    "connected": "connected/google/me@example.com",
    "refused": "callback/google?code=stolen&state=forged",
    "disconnect": "disconnect?account=google/me@example.com",
    "client": "client/google",
}


def main() -> None:
    PLACE.mkdir(parents=True, exist_ok=True)
    authority = Authority()
    allow_redirects(authority, "/connect")
    with tempfile.TemporaryDirectory() as home, serve(authority) as sandbox, sync_playwright() as playwright:
        kit = scene(sandbox, Path(home))
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        pages(browser, kit)
        buttons(browser, kit)
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
