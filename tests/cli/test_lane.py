"""The fast lane: it says what the program says, and loads next to nothing."""

import subprocess
import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest
from machine import Machine
from tokenkit.cli import app, lane
from transcript import Done, Run

ACCOUNT = "google/me@example.com"


class Case(NamedTuple):
    """A command line, and what is done to the machine before it."""

    arguments: list[str]
    before: Callable[[Machine], object] = lambda machine: None


def breaks(machine: Machine) -> None:
    (machine.tokens / "google" / "me@example.com.jwe").write_text("not a record")


def symlinks(machine: Machine) -> None:
    file = machine.tokens / "google" / "me@example.com.jwe"
    file.rename(machine.home / "elsewhere")
    file.symlink_to(machine.home / "elsewhere")


def adds_another(machine: Machine) -> None:
    (machine.tokens / "google" / "you@example.com.jwe").write_text("x")


def loses_the_key(machine: Machine) -> None:
    (machine.home / ".local/share/tokenkit/keys.json").unlink()


CASES = {
    "a bare provider": Case(["token", "google"]),
    "an account": Case(["token", ACCOUNT]),
    "an account that is not there": Case(["token", "google/you@example.com"]),
    "a provider that nobody is signed in at": Case(["token", "spotify"]),
    "an unknown provider": Case(["token", "gogle"]),
    "what is no name": Case(["token", "../google"]),
    "an empty name": Case(["token", ""]),
    "nothing": Case(["token"]),
    "an option": Case(["token", ACCOUNT, "--header"]),
    "an option in its place": Case(["token", "--help"]),
    "two accounts": Case(["token", ACCOUNT, ACCOUNT]),
    "several accounts": Case(["token", "google"], adds_another),
    "several accounts, one named": Case(["token", ACCOUNT], adds_another),
    "a DPoP token": Case(["token", "google"], lambda machine: machine.give(ACCOUNT, type="DPoP")),
    "a token without an end": Case(["token", "google"], lambda machine: machine.give(ACCOUNT)),
    "a moved grant": Case(["token", "google"], lambda machine: machine.change(ACCOUNT, state="moved")),
    "a latched grant": Case(["token", "google"], lambda machine: machine.change(ACCOUNT, state="needs_consent")),
    "a broken record": Case(["token", "google"], breaks),
    "a symlink": Case(["token", "google"], symlinks),
    "no key": Case(["token", "google"], loses_the_key),
    "no account": Case(["token", "google"], lambda machine: machine.remove(ACCOUNT)),
}


@pytest.fixture
def signed_in(machine: Machine, run: Run) -> Machine:
    """A machine with an account whose use is in the log already."""
    run(["login", "google"], "")
    run(["token", ACCOUNT], "")
    return machine


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_both_ways_print_the_same(case: Case, signed_in: Machine, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    case.before(signed_in)
    through_the_lane = run(case.arguments, "")
    monkeypatch.setattr(lane, "main", app.main)
    assert run(case.arguments, "") == through_the_lane


@pytest.mark.parametrize("asked", ["google", ACCOUNT])
def test_a_good_token_does_not_load_the_program(
    asked: str, signed_in: Machine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "main", lambda: pytest.fail("the program was loaded"))
    signed_in.give(ACCOUNT, "token-1")
    assert run(["token", asked], "") == Done("token-1\n", "", 0)


@pytest.mark.parametrize("variable", lane.FOREIGN)
def test_what_the_environment_says_is_left_to_the_program(
    variable: str, signed_in: Machine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another app or owner, keys from elsewhere, a shell that completes."""
    monkeypatch.setattr(app, "main", lambda: sys.exit(99))
    monkeypatch.setenv(variable, "x")
    assert run(["token", ACCOUNT], "").code == 99


def test_the_first_use_in_an_hour_is_left_to_the_program_which_logs_it(
    machine: Machine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(["login", "google"], "")
    with monkeypatch.context() as patch:
        patch.setattr(app, "main", lambda: sys.exit(99))
        assert run(["token", "google"], "").code == 99
    run(["token", "google"], "")
    monkeypatch.setattr(app, "main", lambda: sys.exit(99))
    assert run(["token", "google"], "").code == 0


PROCESS = """
import os
import sys
before = set(sys.modules)
sys.argv = ["tokenkit", "token", "google"]
os._exit = sys.exit
from tokenkit.cli.lane import main
try:
    main()
finally:
    print(*sorted(name for name in set(sys.modules) - before if name.startswith("tokenkit")), file=sys.stderr)
"""


def test_the_modules_that_a_token_costs(signed_in: Machine) -> None:
    """The whole list of ours: what joins it costs every tool that asks from a shell."""
    command = [sys.executable, "-c", PROCESS]
    subprocess.run(command, capture_output=True, check=True)  # its first use in the hour, which the program logs
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr.split() == [
        "tokenkit",
        "tokenkit.account",
        "tokenkit.activity",
        "tokenkit.cli",
        "tokenkit.cli.lane",
        "tokenkit.errors",
        "tokenkit.keys",
        "tokenkit.keys.file",
        "tokenkit.keys.jwks",
        "tokenkit.os_words",
        "tokenkit.paths",
        "tokenkit.private_file",
        "tokenkit.seal",
        "tokenkit.token",
    ]
