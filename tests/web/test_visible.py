"""What a provider or another user wrote is shown as data: visible, and no longer than a person reads."""

import re
from dataclasses import replace

import pytest
from tokenkit.provider import Scope
from tokenkit.web.visible import LIMIT, NAME_LIMIT, short, visible
from world_of_web import World

SENDING = "https://www.googleapis.com/auth/gmail.send"
DIRECTING = ["\u202a", "\u202e", "\u2066", "\u2069", "\u200e", "\u061c"]
INVISIBLE = ["\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u034f", "\u115f", "\u3164", "\u2800", "\ufe0f"]
OTHERS = ["\x00", "\x1b", "\x7f", "\x9b", "\u2028", "\ue000", "\U000e0041", "\U000e0100", "\ud800"]


@pytest.mark.parametrize("character", [*DIRECTING, *INVISIBLE, *OTHERS], ids=lambda one: f"U+{ord(one):04X}")
def test_a_character_that_hides_or_directs_is_shown_by_its_number(character):
    assert visible(f"me{character}@example.com") == f"me[U+{ord(character):04X}]@example.com"


@pytest.mark.parametrize(
    "text", ["me@example.com", "Zoë Müller", "عربي", "漢字 かな", "ไทย ก็ที่", "नमस्ते", "a\u0301", "😀"]
)
def test_what_people_write_in_any_language_is_left_as_it_is(text):
    assert visible(text) == text


def test_a_pile_of_marks_is_taken_apart():
    assert visible("a" + "\u0300" * 5) == "a" + "\u0300" * 3 + "[U+0300]" * 2


def test_lines_become_one_and_length_is_bounded():
    assert visible("one\ntwo\tthree\u00a0four") == "one two three four"
    assert len(visible("x" * 10_000)) == LIMIT
    assert (len(short("x" * 200)), short("x" * 200)[-1]) == (NAME_LIMIT, "…")


def test_no_page_shows_a_foreign_name_or_scope_raw_and_the_forms_still_name_the_account(world: World) -> None:
    """The class, not a field: every text that a template writes goes through it, and forms carry the exact name."""
    name, scope = "me\u3164@example.com", "read\u200byour mail"
    google = world.kit.provider("google")
    world.kit.providers.add(replace(google, title="Goo\u200bgle", scopes={**google.scopes, "x": Scope(SENDING, scope)}))
    me = world.visitor()
    world.connect(me, "google", as_user=name, scopes="x")
    account = world.accounts()[0]
    for path in (
        "/",
        f"/connected/google?name={account.partition('/')[2]}",
        f"/disconnect?account={account}",
        "/client/google",
        "/declined/google",
    ):
        page = me.go(path).text
        shown = re.sub(r"<[^>]+>", "", page)
        assert not {"\u3164", "\u200b"} & set(shown), path
    assert "me[U+3164]@example.com" in me.go("/").text
    assert "read[U+200B]your mail" in me.go("/").text
    asked = me.go(f"/disconnect?account={account}").text
    assert f'name="account" value="{account}"' in asked
    assert me.post("/disconnect", {"csrf": me.csrf(), "account": account}).status_code == 200
    assert world.accounts() == []
