import os
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenkit.errors import ConfigurationError, FileRefused, UsageError
from tokenkit.paths import LONGEST_NAME, account_name, file_name, folders, prefix

HOSTILE = [
    "../../etc/passwd",
    "..",
    ".",
    ".hidden",
    "a/b",
    "a\\b",
    "nul\0byte",
    "line\nbreak",
    "\x1b[31mred",
    "☕",
    "Zoë",
    "con",
    "CON",
    "con.x",
    "lpt1",
    "aux.tar.gz",
    "COM1",
    "ends.",
    "ends ",
    "ends..",
    "%",
    "%41",
    "a:b",
    "c:",
    "*?<>|\"'",
    "-rf",
    "~",
    "@owner",
    "default",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_account_name_round_trips_as_a_harmless_file_name(name):
    encoded = file_name(name)
    assert account_name(encoded) == name
    assert set(encoded) <= set("abcdefghijklmnopqrstuvwxyz0123456789@._-+%")
    assert not encoded.startswith(".")
    assert not encoded.endswith((".", " "))
    assert encoded.split(".")[0] not in {"con", "prn", "aux", "nul", "com1", "lpt1"}


def test_ordinary_names_stay_readable():
    assert file_name("me@example.com") == "me@example.com"
    assert file_name("first.last+work_2-b@example.com") == "first.last+work_2-b@example.com"
    assert file_name("Me") == "%4de"


@given(st.text(min_size=1, max_size=12))
def test_every_name_comes_back_or_is_refused(name):
    try:
        encoded = file_name(name)
    except UsageError:
        assert len(name.encode(errors="replace")) * 3 > LONGEST_NAME or any(0xD800 <= ord(c) < 0xE000 for c in name)
    else:
        assert account_name(encoded) == name


@given(st.text(min_size=1, max_size=12), st.text(min_size=1, max_size=12))
def test_two_names_never_meet_on_a_file_system_that_folds_case_and_unicode(one, two):
    if one != two and one.isprintable() and two.isprintable():

        def folded(name):
            return unicodedata.normalize("NFC", file_name(name).casefold())

        assert folded(one) != folded(two)


def test_names_that_differ_in_case_or_normalization_only_are_two_accounts():
    assert file_name("Me").lower() != file_name("me").lower()
    assert file_name(unicodedata.normalize("NFC", "é")) != file_name(unicodedata.normalize("NFD", "é"))


@pytest.mark.parametrize("name", ["", "x" * 300, "é" * 100, "\ud800"])
def test_a_name_that_no_file_can_have_is_refused_with_the_way_out(name):
    with pytest.raises(UsageError) as raised:
        file_name(name)
    assert "--as NAME" in raised.value.hint


def test_the_longest_name_still_has_room_for_what_is_put_behind_it(tmp_path):
    longest = file_name("x" * LONGEST_NAME)
    for suffix in (".jwe", ".jwe.new", ".refresh", ".write"):
        (tmp_path / (longest + suffix)).touch()
    with pytest.raises(UsageError):
        file_name("x" * (LONGEST_NAME + 1))


@pytest.mark.parametrize("name", ["", "Me", "%4D", "%4", "%zz", "a%61", ".x", "con", "a.", "%c3", "é", "a/b", "% 4"])
def test_a_file_name_that_we_never_wrote_is_refused(name):
    with pytest.raises(FileRefused):
        account_name(name)


@pytest.mark.skipif(os.uname().sysname != "Linux", reason="platformdirs decides elsewhere")
def test_the_folders_on_linux_are_the_xdg_ones_and_the_home_moves_the_tokens_only():
    """R26: tokens, keys and configuration lie apart."""
    plain = {"HOME": "/home/me"}
    assert folders("tokenkit", plain) == (
        "/home/me/.tokenkit/tokens",
        "/home/me/.config/tokenkit",
        "/home/me/.local/share/tokenkit",
        "/home/me/.local/state/tokenkit",
    )
    assert folders("pocketpaw", {**plain, "POCKETPAW_HOME": "/srv/paw", "XDG_DATA_HOME": "/data"}) == (
        "/srv/paw/tokens",
        "/home/me/.config/pocketpaw",
        "/data/pocketpaw",
        "/home/me/.local/state/pocketpaw",
    )


@pytest.mark.skipif(os.name != "posix", reason="a drive has a letter elsewhere")
@pytest.mark.parametrize(("home", "top"), [("/", ""), ("/home/me/", "/home/me")])
def test_a_home_that_ends_with_a_slash_gives_the_same_folders(home, top):
    """A container's user often has the home ``/``."""
    assert folders("tokenkit", {"HOME": home}).tokens == f"{top}/.tokenkit/tokens"
    with pytest.raises(ConfigurationError) as raised:
        folders("tokenkit", {"HOME": home, "TOKENKIT_HOME": "here"})
    assert raised.value.hint == f'export TOKENKIT_HOME="{top}/here"'


def test_a_relative_xdg_folder_is_ignored_as_its_specification_says():
    assert folders("tokenkit", {"HOME": "/h", "XDG_CONFIG_HOME": "x"}).config == "/h/.config/tokenkit"


def test_a_relative_home_is_refused_and_the_hint_is_the_absolute_one():
    with pytest.raises(ConfigurationError) as raised:
        folders("tokenkit", {"HOME": "/h", "TOKENKIT_HOME": "here"})
    assert raised.value.hint == 'export TOKENKIT_HOME="/h/here"'


def test_the_prefix_of_an_app_is_a_variable_name():
    assert prefix("pocketpaw") == "POCKETPAW"
    assert prefix("my-app") == "MY_APP"


@pytest.mark.parametrize("app", ["", "a/b", "../x", "A", "é", "a b"])
def test_an_app_that_cannot_name_a_folder_is_refused(app):
    with pytest.raises(UsageError):
        folders(app, {"HOME": "/h"})
