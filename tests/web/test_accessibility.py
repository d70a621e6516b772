"""No barrier that axe-core can find, on any page, in light and dark, wide and narrow."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from crowd import crowd
from host import dashboard
from scene import BUTTONS, scene
from tokenkit.sandbox import Served
from tokenkit.web import authorize_app

from browsing import served

pytestmark = pytest.mark.real

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "page.html"
RULES = {
    "light": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "dark": ["color-contrast"],  # all that is other than in light
}
PATHS = (
    "/", "/opening", "/connected/google?name=me@example.com", "/declined/google", "/callback/google?code=x&state=y",
    "/disconnect?account=google/me@example.com", "/disconnect?account=spotify/me@example.com", "/client/google",
    "/key/openai", "/disconnect?account=nobody", "/safety", "/?find=goo", "/nothing",
)  # fmt: skip


@pytest.fixture(scope="module")
def barriers() -> Callable[..., list[str]]:
    """What axe-core has against a page."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: it needs npm, and `make test` to install it")
    axe = AXE.read_text("utf-8")

    def barriers(page: Any, scheme: str = "light") -> list[str]:
        page.evaluate(axe)
        found = page.evaluate("rules => axe.run(document, { runOnly: rules })", RULES[scheme])["violations"]
        return [f"{one['id']}: {node['html']} {node['failureSummary']}" for one in found for node in one["nodes"]]

    return barriers


@pytest.fixture
def url(sandbox: Served, tmp_path: Path) -> Iterator[str]:
    kit = scene(sandbox, tmp_path)
    with served(dashboard(authorize_app(kit), *BUTTONS)) as running:
        yield running


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_barrier(url, chromium, barriers, scheme):
    with chromium.new_context(color_scheme=scheme, viewport={"width": 1000, "height": 900}) as context:
        page = context.new_page()
        for path in PATHS:
            page.goto(f"{url}/connect{path}")
            assert barriers(page, scheme) == []


def test_what_will_tell_a_result_is_there_for_screen_readers_before_it_does(url, chromium):
    """What comes into sight with its words in it is not read out: only what comes into a region that was there."""
    with chromium.new_context(viewport={"width": 320, "height": 700}) as context:
        page = context.new_page()
        page.goto(f"{url}/connect/")
        session = context.new_cdp_session(page)
        region = "form[data-authorize=pocket] [role=status]"
        found = session.send("Accessibility.getPartialAXTree", {"objectId": _object(session, region)})["nodes"][0]
        assert (found["ignored"], found["role"]["value"]) == (False, "status")
        assert page.locator(region).bounding_box()["height"] <= 1


def _object(session: Any, selector: str) -> str:
    expression = {"expression": f"document.querySelector({selector!r})"}
    return str(session.send("Runtime.evaluate", expression)["result"]["objectId"])


def test_what_opens_has_no_barrier_and_nothing_is_cut_off_on_a_phone(url, chromium, barriers):
    with chromium.new_context(viewport={"width": 320, "height": 700}) as context:
        page = context.new_page()
        page.goto(f"{url}/connect/")
        for summary in page.locator("summary").all():
            summary.click()
        assert barriers(page) == []
        for path in PATHS:
            page.goto(f"{url}/connect{path}")
            assert page.evaluate("document.documentElement.scrollWidth") == 320


BROKEN_WORDS = """() => {
    const broken = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const node = texts.currentNode;
        for (const word of node.data.matchAll(/(?<!\\S)\\(?[A-Za-z0-9]{2,16}\\)?(?!\\S)/g)) {
            const range = document.createRange();
            range.setStart(node, word.index); range.setEnd(node, word.index + word[0].length);
            if (new Set([...range.getClientRects()].map(box => Math.round(box.top))).size > 1) broken.push(word[0]);
        }
    }
    return broken;
}"""
"""Words of ours that begin on one line and end on the next; long ones and addresses may be broken anywhere."""


def test_no_word_is_broken_on_a_phone(url, chromium):
    with chromium.new_context(viewport={"width": 320, "height": 700}) as context:
        page = context.new_page()
        for path in PATHS:
            page.goto(f"{url}/connect{path}")
            assert page.evaluate(BROKEN_WORDS) == [], path
            for summary in page.locator("summary:visible").all():
                summary.click()
            assert page.evaluate(BROKEN_WORDS) == [], path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_thirty_accounts_and_sixty_providers_have_no_barrier_folded_or_not(
    sandbox, tmp_path, chromium, barriers, scheme
):
    app = dashboard(authorize_app(crowd(sandbox, tmp_path), asks={"google": ["gmail.readonly"]}))
    with served(app) as url, chromium.new_context(color_scheme=scheme) as context:
        page = context.new_page()
        for width in (320, 550, 1100):  # 550 is a window of 1100 at 200 %
            page.set_viewport_size({"width": width, "height": 700})
            page.goto(f"{url}/connect/")
            assert barriers(page, scheme) == [], width
            for summary in page.locator("summary:visible").all()[::7]:
                summary.click()
            assert barriers(page, scheme) == [], width
            assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_the_examples_has_no_barrier(url, chromium, barriers, scheme):
    """The style sheet that a host may take, and the button upon it."""
    with chromium.new_context(color_scheme=scheme) as context:
        page = context.new_page()
        page.route("**/example", lambda route: route.fulfill(path=EXAMPLE, content_type="text/html"))
        page.goto(f"{url}/example")
        page.locator("tokenkit-authorize[state=attention]").first.wait_for()
        assert barriers(page, scheme) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_button_has_no_barrier_in_any_state(url, chromium, barriers, scheme):
    with chromium.new_context(color_scheme=scheme) as context:
        page = context.new_page()
        page.goto(url)
        for state in ("connected", "attention", "connect", "unavailable"):
            page.locator(f"tokenkit-authorize[state={state}]").first.wait_for()
        assert barriers(page, scheme) == []
