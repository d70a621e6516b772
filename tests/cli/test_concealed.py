"""R35: a secret that was typed or pasted where none belongs is repeated by no error, whichever command it is for."""

import base64
import random
import string
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from machine import Machine
from tokenkit.cli.app import app
from tokenkit.cli.concealed import concealed
from transcript import Run
from typer.main import get_command

SECRET = "ya29.a0AfH6SMBx_9-ab4XfWhQQ7Zk"
WRONG = (2, 3)
"""What a command ends with that makes no sense as written, or names what there is not."""


def _commands(group: Any, *before: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        if hasattr(command, "list_commands"):
            yield from _commands(command, *before, name)
        else:
            yield (*before, name), command


COMMANDS = dict(_commands(get_command(app)))


def _lines(words: tuple[str, ...], command: Any) -> Iterator[list[str]]:
    """Yield command lines that hold the secret where something else should stand."""
    yield [*words[:-1], SECRET]
    yield [*words, f"--{SECRET}"]
    yield [*words, f"-{SECRET}"]
    yield [*words, *[SECRET] * 5]
    options = [param for param in command.params if param.param_type_name == "option" and not param.is_flag]
    for option in options:
        yield [*words, option.opts[-1], SECRET, *["x"] * 5]
        yield [*words, f"{option.opts[-1]}={SECRET}", f"--{SECRET}"]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_no_usage_error_of_any_command_repeats_what_may_be_a_secret(
    words: tuple[str, ...], machine: Machine, run: Run
) -> None:
    for line in _lines(words, COMMANDS[words]):
        done = run(line)
        assert done.code in WRONG, (line, done.stderr)
        assert SECRET.lower() not in f"{done.stdout}{done.stderr}".lower(), line


@pytest.mark.parametrize(
    "line",
    [
        ["token", SECRET], ["token", f"google/{SECRET}"], ["login", SECRET],
        ["login", "google", "--scopes", SECRET], ["login", "google", "--set", SECRET], ["logout", SECRET, "--yes"],
        ["status", "--within", SECRET], ["log", "--since", SECRET], ["providers", "google", SECRET],
        ["--app", SECRET, "list"],
        ["providers", SECRET], ["request", "google", "GET", SECRET], ["client", "set", SECRET, "--client-id", "x"],
        ["key", "rotate", SECRET], ["login", f"http://127.0.0.1:9/callback/google?code={SECRET}&state=x"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_nor_does_one_of_ours_and_no_file_holds_it_afterwards(line: list[str], machine: Machine, run: Run) -> None:
    done = run(line)
    assert done.code in WRONG, done.stderr
    assert SECRET.lower() not in f"{done.stdout}{done.stderr}".lower()
    assert [path for path in machine.home.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()] == []


def _of(alphabet: str, length: int) -> Callable[[random.Random], str]:
    return lambda chance: "".join(chance.choices(alphabet, k=length))


URL_SAFE = string.ascii_letters + string.digits + "-_"
KINDS: dict[str, Callable[[random.Random], str]] = {
    "43 of base64url": _of(URL_SAFE, 43),
    "22 of base64url": _of(URL_SAFE, 22),
    "40 of base62": _of(string.ascii_letters + string.digits, 40),
    "32 of hex": _of("0123456789abcdef", 32),
    "30 small letters": _of(string.ascii_lowercase, 30),
    "a UUID": lambda chance: str(uuid.UUID(int=chance.getrandbits(128), version=4)),
    "base64": lambda chance: base64.b64encode(chance.randbytes(33)).decode(),
    "a JWT": lambda chance: ".".join(_of(URL_SAFE, length)(chance) for length in (30, 80, 43)),
    "a code of Google": lambda chance: "4/0" + _of(URL_SAFE, 60)(chance),
    "a token of GitHub": lambda chance: "ghp_" + _of(string.ascii_letters + string.digits, 36)(chance),
}


@pytest.mark.parametrize("kind", KINDS)
def test_secrets_of_every_form_are_seen(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """99 in 100: a word of 22 letters without a digit can look like one of a language."""
    chance = random.Random(kind)
    seen = 0
    for _ in range(300):
        secret = KINDS[kind](chance)
        monkeypatch.setattr("sys.argv", ["tokenkit", "login", "acme", secret])
        seen += secret[-12:] not in concealed(f"unexpected: {secret}")
    assert seen >= 297


@pytest.mark.parametrize(
    "word",
    [
        "gogle", "google/me@example.com", "https://www.googleapis.com/auth/calendar.events.readonly", "-jsn",
        "user-read-playback-state", "OnlineMeetingTranscript.Read.All", "backup-2026-11-28-daily", "1234567890123456",
        "very-long-account-name@mail.example.com", "https://gmail.googleapis.com/gmail/v1/users/me/messages",
    ],
)  # fmt: skip
def test_what_people_think_up_is_repeated_since_that_shows_the_slip(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["tokenkit", "login", word])
    assert concealed(f"there is no {word!r}") == f"there is no {word!r}"


@pytest.mark.parametrize(
    "path",
    [
        "/srv/backups2/host7/2026-11-28T09/v3/tokens4.json", "./internationalizationsettings/x", "~/a1/b2/c3/d4/e5f",
        "/home/me/My Documents/ClientSecretOfTheAssistant.json", "../x1/y2/z3/w4/internationalizationsettings",
        "downloads3/host7/v3/b2/internationalizationsettings.json", "--key-file=/run/secrets1/host7/v3/b2/keyring.json",
    ],
)  # fmt: skip
def test_a_path_that_is_long_and_mistyped_is_repeated(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """None of its folders is there: the person must see which file is meant."""
    monkeypatch.setattr("sys.argv", ["tokenkit", "import", path])
    assert concealed(f"there is no file {path}") == f"there is no file {path}"


@pytest.mark.parametrize("path", [f"/no/{SECRET}", f"~/x/{SECRET}/y", f"a/{SECRET}.json", f"--x=/no/{SECRET}"])
def test_a_secret_in_what_is_written_as_a_path_is_seen_by_its_shape(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """R35: it was pasted after a slash, or in the place of a file's name."""
    monkeypatch.setattr("sys.argv", ["tokenkit", "import", path])
    assert SECRET not in concealed(f"there is no file {path}")


@pytest.mark.parametrize(
    "before",
    [["client", "import", "google"], ["request", "google", "POST", "https://gmail.googleapis.com/gmail", "-d"]],
)
def test_a_file_is_named_whatever_it_is_called(before: list[str], machine: Machine, run: Run) -> None:
    """The client of Google is downloaded under such a name, and the error is about that file."""
    path = machine.home / f"client_secret_{SECRET}.json"
    done = run([*before, f"@{path}" if before[-1] == "-d" else str(path)])
    assert done.code in WRONG
    assert str(path) in done.stderr
