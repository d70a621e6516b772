"""What a request gets that is refused before the page."""

import base64
import hashlib
import re

import pytest
from tokenkit.web import authorize_app
from visitor import NAVIGATION, SCRIPT, Visitor
from world_of_web import World

pytestmark = pytest.mark.slow


@pytest.fixture
def me(world: World) -> Visitor:
    return world.visitor()


def text(html: str) -> str:
    """What a person reads of a page."""
    words = re.sub(r"<[^>]+>", " ", html.partition("<body")[2].partition(">")[2])
    return re.sub(r"\s+", " ", words)


def test_a_refusal_is_a_page_for_a_person_json_for_a_script_and_words_for_others(world):
    me = Visitor(authorize_app(kit_for=lambda request: None))
    page = me.send("GET", "/", **NAVIGATION, accept="text/html,*/*;q=0.8")
    assert (page.status_code, text(page.text).strip()) == (
        401,
        "That did not work You are not signed in to this dashboard.",
    )
    style = page.text.partition("<style>")[2].partition("</style>")[0]
    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{allowed}'" in page.headers["content-security-policy"]
    assert "script-src" not in page.headers["content-security-policy"]
    told = me.send("GET", "/status", **SCRIPT)
    assert (told.status_code, told.json()["error"]["message"]) == (401, "You are not signed in to this dashboard.")
    assert me.go("/").text == "You are not signed in to this dashboard.\n"


@pytest.mark.parametrize(("path", "host", "status"), [("/nothing", "", 404), ("/", "evil.example", 421)])
def test_what_there_is_not_and_another_host_are_told_on_a_page_that_needs_no_other_file(me, path, host, status):
    page = me.send("GET", path, **NAVIGATION, accept="text/html", **({"host": host} if host else {}))
    assert page.status_code == status
    assert "That did not work" in page.text
    assert "<link" not in page.text
