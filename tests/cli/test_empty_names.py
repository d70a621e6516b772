"""A name that a variable of the shell left empty: what is missing is told, and nothing is done."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tokenkit.cli.app import app
from tokenkit.cli.empty_names import OPTIONS
from transcript import Run
from typer.main import get_command

BLANK = ["", " "]
IN_PART = {
    "ACCOUNT": ["google/", "google/ ", "/", "/me"],
    "PROVIDER": ["google/"],
    "PROVIDER[/ACCOUNT]": ["google/", "/me"],
}
RIGHT = {
    "ACCOUNT": "google/me",
    "PROVIDER": "google",
    "PROVIDER[/ACCOUNT]": "google",
    "[METHOD] URL": "https://a.example/",
}


def commands() -> Iterator[tuple[list[str], Any]]:
    """Every command, and the words that call it."""
    program: Any = get_command(app)
    for name in program.list_commands(None):
        command = program.commands[name]
        inner = getattr(command, "commands", {})
        yield from (([name, each], inner[each]) for each in inner)
        if not inner:
            yield [name], command


def lines() -> Iterator[tuple[list[str], str]]:
    """Command lines in which one argument, or an option that holds a name, is empty; and what that is called."""
    for words, command in commands():
        arguments = [each for each in command.params if each.param_type_name == "argument"]
        right = [RIGHT.get(each.metavar, "x") for each in arguments]
        for number, empty in enumerate(each for each in arguments if each.nargs == 1):
            for value in BLANK + IN_PART.get(empty.metavar, []):
                told = "no account is named" if empty.metavar == "ACCOUNT" else f"{empty.metavar} is empty"
                called = told if value in BLANK else repr(value)
                yield [*words, *right[:number], value, *right[number + 1 :]], called
        for option in sorted({name for each in command.params for name in each.opts} & OPTIONS):
            yield from (([*words, option, value, *right], f"{option} is empty") for value in BLANK)


def test_an_empty_name_is_told_and_nothing_is_done(home: Path, run: Run) -> None:
    """Of every command, those that come later, too: to leave a name out often means all of them."""
    tried = set[str]()
    for line, called in lines():
        done = run(line, "")
        assert (done.code, done.stdout) == (2, ""), f"{line}: {done.stderr}"
        assert called in done.stderr, line
        assert "tokenkit: hint: " in done.stderr, line
        tried |= {" ".join(line[:2]).strip(), line[0]}
    assert {"client remove", "import", "login", "logout", "token", "refresh", "status", "store copy"} <= tried
    assert [*home.rglob("*")] == []


@pytest.mark.parametrize("option", ["--owner", "--app"])
@pytest.mark.parametrize("value", BLANK)
def test_nobody_in_particular_is_not_meant_by_an_owner_that_is_empty(
    option: str, value: str, home: Path, run: Run
) -> None:
    """In ``--owner "$USER_ID"``; the variable TOKENKIT_OWNER may be empty, as one that is not set."""
    done = run([option, value, "logout", "google/me"], "")
    assert (done.code, done.stdout) == (2, "")
    assert f"{option} is empty" in done.stderr
    assert [*home.rglob("*")] == []
