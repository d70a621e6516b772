"""Connecting a service without a consent screen: a form, that works without scripts and never shows what was typed."""

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from tokenkit import ApiKey, Field, TokenKit
from tokenkit.provider import Context
from tokenkit.sandbox import Authority, moved
from tokenkit.sandbox.keyed import key_of
from tokenkit.testing import Clock
from tokenkit.web import authorize_app
from visitor import SCRIPT, Visitor, links

from browsing import served

BASE = "http://127.0.0.1:9"
KEY = key_of("acme", "key")
ACME = ApiKey(
    name="acme",
    title="Acme Notes",
    resource_hosts=("https://api.acme.example/v1",),
    fields={
        "user": Field(label="e-mail address", secret=False),
        "key": Field(label="app password", about="Not your own.", where="https://acme.example/keys?app={client_id}"),
    },
    token_headers={"Authorization": "Basic {user}:{key}"},
    userinfo_endpoint="https://api.acme.example/v1/me",
    subject_path="id",
)


def make_kit(tmp_path: Path, authority: Authority, provider: ApiKey, owner: str = "", **environ: str) -> TokenKit:
    clock = Clock()
    context = Context(authority.handle, clock.now, os.urandom, clock.sleep)
    known = {"HOME": str(tmp_path), "PATH": "", **environ}
    return TokenKit(owner=owner, providers={"acme": provider}, context=context, environ=known, background=False)


@pytest.fixture
def authority() -> Authority:
    return Authority(declared=[moved(ACME, f"{BASE}/acme")])


@pytest.fixture
def kit(tmp_path: Path, authority: Authority) -> TokenKit:
    return make_kit(tmp_path, authority, moved(ACME, f"{BASE}/acme"))


@pytest.fixture
def me(kit: TokenKit) -> Visitor:
    return Visitor(authorize_app(kit))


def csrf(me: Visitor) -> str:
    return str(me.ask("/status?provider=acme")["csrf"])


def form(me: Visitor, **typed: str) -> dict[str, str]:
    return {"csrf": csrf(me), **{f"field.{name}": value for name, value in typed.items()}}


def test_without_scripts_the_button_leads_to_a_form_and_the_form_to_the_account(me, kit):
    started = me.post("/start/acme", {"csrf": csrf(me)})
    assert (started.status_code, started.headers["location"]) == (303, "/key/acme")
    page = me.go("/key/acme").text
    assert re.findall(r'<input name="field\.(\w+)" type="(\w+)" autocomplete="(\w+)"', page) == [
        ("user", "text", "off"), ("key", "password", "off"),
    ]  # fmt: skip
    assert '<form method="post" action="/key/acme" class="typed" autocomplete="off">' in page
    assert "Not your own." in page
    assert "<script" not in page
    done = me.post("/key/acme", form(me, user="me@example.com", key=f" {KEY}\n"))
    assert (done.status_code, done.headers["location"]) == (303, "/connected/acme?name=me%40example.com")
    assert "Acme Notes is connected" in me.go("/connected/acme?name=me@example.com").text
    assert kit.status("acme").expires_at is None


def test_the_buttons_script_is_sent_to_the_form_too(me):
    answer = me.post("/start/acme", {"csrf": csrf(me), "account": "me@example.com"}, **SCRIPT)
    assert answer.json() == {"version": 1, "url": "/key/acme?account=me%40example.com"}
    assert 'name="account" value="me@example.com"' in me.go(answer.json()["url"]).text


def test_a_wrong_one_is_said_above_an_empty_form_and_nothing_is_stored(me, kit):
    for typed, status, said in (
        ("not-the-key-4711", 403, "does not accept this e-mail address and app password"),
        ("two words 4711", 400, "The app password of Acme Notes cannot be one"),
        ("", 400, "The app password of Acme Notes is missing"),
    ):
        answer = me.post("/key/acme", form(me, user="me@example.com", key=typed))
        assert (answer.status_code, said in answer.text) == (status, True)
        assert "4711" not in answer.text
        assert "me@example.com" not in answer.text
    assert kit.accounts() == []


def test_a_service_that_does_not_answer_is_no_no(me, authority, kit):
    authority.next("userinfo", status=503)
    answer = me.post("/key/acme", form(me, user="me@example.com", key=KEY))
    assert (answer.status_code, kit.accounts()) == (502, [])


@pytest.mark.parametrize("token", ["", "forged"])
def test_a_form_of_another_browser_stores_nothing(token, me, kit, authority):
    """R22: somebody else's key in this person's dashboard would receive what their assistant writes."""
    answer = me.post("/key/acme", {**form(me, user="you@example.com", key=key_of("acme", "key")), "csrf": token})
    assert (answer.status_code, kit.accounts(), authority.counters.total()) == (403, [], 0)


def test_no_page_shows_what_was_typed(me):
    me.post("/key/acme", form(me, user="me@example.com", key=KEY))
    for path in (
        "/",
        "/key/acme",
        "/status",
        "/connected/acme?name=me@example.com",
        "/disconnect?account=acme/me@example.com",
    ):
        shown = me.go(path)
        assert shown.status_code == 200
        assert KEY not in shown.text
    assert not any(KEY in str(response.headers) for response in me.seen)


def test_a_dashboard_of_several_people_has_the_form_too(tmp_path, authority):
    kits = {name: make_kit(tmp_path, authority, moved(ACME, f"{BASE}/acme"), owner=name) for name in ("alice", "bob")}
    app = authorize_app(kit_for=lambda request: kits["alice"], public_url="http://127.0.0.1:8000")
    me = Visitor(app)
    me.post("/key/acme", form(me, user="me@example.com", key=KEY))
    assert [len(kit.accounts()) for kit in kits.values()] == [1, 0]


def test_where_an_app_is_registered_too_it_is_set_up_first_and_the_link_names_it(tmp_path, authority):
    provider = moved(replace(ACME, needs_client=True), f"{BASE}/acme")
    me = Visitor(authorize_app(make_kit(tmp_path, authority, provider)))
    assert me.go("/key/acme").headers["location"] == "/client/acme"
    assert "redirect URI" not in me.go("/client/acme").text
    me = Visitor(authorize_app(make_kit(tmp_path, authority, provider, TOKENKIT_ACME_CLIENT_ID="app 1")))
    assert "https://acme.example/keys?app=app%201" in links(me.go("/key/acme").text)


def test_where_no_source_confirms_its_address_the_way_to_allow_it_comes_before_anything_is_typed(tmp_path, authority):
    unsure = moved(replace(ACME, unverified=("userinfo_endpoint",)), f"{BASE}/acme")
    me = Visitor(authorize_app(make_kit(tmp_path, authority, unsure)))
    for answer in (me.go("/key/acme"), me.post("/key/acme", form(me, user="me@example.com", key=KEY))):
        assert answer.status_code == 409
        assert "unverified = true" in answer.text
        assert "field.key" not in answer.text
    assert authority.counters.total() == 0
    config = tmp_path / ".config" / "tokenkit" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("[providers.acme]\nunverified = true\n")
    me = Visitor(authorize_app(make_kit(tmp_path, authority, unsure)))
    assert me.post("/key/acme", form(me, user="me@example.com", key=KEY)).status_code == 303


def test_it_is_offered_behind_what_was_set_up_but_where_the_host_asks_for_it(kit):
    """Nobody has chosen the services of the catalogue that need no registration: they stand in no one's way."""
    for asks, before in (({}, False), ({"acme": []}, True)):
        page = Visitor(authorize_app(kit, asks=asks)).go("/").text
        assert (page.index("Acme Notes") < page.index("With a key of your own")) is before


def test_where_no_app_is_registered_there_is_no_form_for_one(me):
    assert me.go("/client/acme").status_code == 400
    assert me.post("/client/acme", {"csrf": csrf(me), "client_id": "a"}).status_code == 400


def test_a_provider_with_a_consent_screen_has_no_such_form(me):
    assert me.go("/key/google").status_code == 400
    assert me.go("/key/nobody").status_code == 404


@pytest.mark.real
@pytest.mark.parametrize("scripts", [True, False], ids=["pop-up", "without scripts"])
def test_a_person_connects_it_by_clicking(scripts, browse, kit):
    with served(lambda port: authorize_app(kit)) as url:
        page = browse(java_script_enabled=scripts)
        page.goto(f"{url}/")
        page.locator("summary", has_text="Services that take a key").click()
        button = page.get_by_role("button", name="Connect Acme Notes")
        if scripts:
            with page.expect_popup() as opened:
                button.click()
        else:
            button.click()
        form = opened.value if scripts else page
        form.get_by_label("e-mail address").fill("me@example.com")
        form.get_by_label("app password").fill(KEY)
        form.get_by_role("button", name="Connect").click()
        if not scripts:
            page.get_by_role("heading", name="Acme Notes is connected").wait_for()
            page.get_by_role("link", name="All accounts").click()
        page.get_by_role("heading", name="me@example.com").wait_for()
        assert KEY not in page.content()
