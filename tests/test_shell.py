"""Words as a shell takes them."""

import re
import sys
from pathlib import Path
from shlex import quote, split

import pytest
import tokenkit
from hypothesis import given
from hypothesis import strategies as st
from tokenkit.cli.commands import SECTIONS
from tokenkit.shell import COMMANDS, account_options, extra_command, our_program, quoted, with_options


@given(st.text())
def test_a_word_is_quoted_as_the_standard_library_does(word: str) -> None:
    assert quoted(word) == quote(word)


@given(st.text(alphabet="a'\" $`\\\n*~-é", min_size=0))
def test_a_shell_reads_back_what_was_quoted(word: str) -> None:
    assert split(quoted(word)) == [word]


def test_the_commands_are_those_of_the_program() -> None:
    assert [*COMMANDS] == [name for section in SECTIONS.values() for name in section]


@pytest.mark.parametrize(
    ("text", "expected"),
    {
        "tokenkit login google": "tokenkit --app paw --owner 'a b' login google",
        "set it, then tokenkit audit; done": "set it, then tokenkit --app paw --owner 'a b' audit; done",
        "tokenkit --app other login google": "tokenkit --app other login google",
        "tokenkit keeps it": "tokenkit keeps it",
        "~/.config/tokenkit login": "~/.config/tokenkit login",
    }.items(),
)
def test_our_commands_get_the_options_that_say_whose_accounts_are_meant(text: str, expected: str) -> None:
    once = with_options(text, account_options("paw", "a b"))
    assert once == expected
    assert with_options(once, account_options("paw", "a b")) == once


def test_our_own_accounts_need_no_options() -> None:
    assert with_options("tokenkit login google", account_options("tokenkit", "")) == "tokenkit login google"


def test_the_option_that_names_an_app_is_written_in_one_place() -> None:
    """Else an app with an odd name, or an owner, is left out where somebody writes it by hand."""
    package = Path(tokenkit.__file__).parent
    by_hand = [path for path in package.rglob("*.py") if re.search(r"--app \{", path.read_text(encoding="utf-8"))]
    assert by_hand == []
    assert our_program("my app", "alice") == "tokenkit --app 'my app' --owner alice"
    assert our_program("tokenkit") == "tokenkit"


@pytest.mark.parametrize(
    ("left", "command"),
    [
        ("", "python -m pip install 'tokenkit-oauth[web]'"),
        ("pipx_metadata.json", "pipx inject tokenkit-oauth 'tokenkit-oauth[web]'"),
        ("uv-receipt.toml", "uv tool install 'tokenkit-oauth[web]'"),
    ],
)
def test_an_extra_is_added_by_what_installed_the_program(
    left: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By pip it would go into another environment, or be refused, as Debian does."""
    if left:
        (tmp_path / left).write_text("")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert extra_command("web") == command
