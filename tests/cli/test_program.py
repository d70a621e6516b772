"""The program as a whole: its help, its hints, and what it does when something is wrong with tokenkit itself."""

import ast
import importlib
import inspect
import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tokenkit
import typer
from machine import Machine
from tokenkit.cli import app, json_output
from transcript import Run
from typer.main import get_command

import tokenkit_providers
from at_sandbox import what_the_sandbox_says

pytestmark = pytest.mark.slow

COMMANDS = {name: command for section in app.SECTIONS.values() for name, command in section.items()}

PLANNED = {"import"}
"""Commands that hints name and that are still to come."""

HINTED = re.compile(r"(?:^|[(:;] |\b(?:then|or|and|run) |&& )tokenkit (?:--\w+ \S+ )?([a-z]+)(?: ([a-z]+))?")


def program(*arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run the program in a process of its own; the last line of stderr names the modules of ours that it loaded."""
    code = f"""
import sys
sys.argv = {["tokenkit", *arguments]!r}
from tokenkit.cli.fast_path import main
{before}
try:
    main()
finally:
    ours = ("tokenkit", "pydantic", "rich", "httpx")
    print(*sorted(name for name in sys.modules if name.startswith(ours)), file=sys.stderr)
"""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_python_m_tokenkit_is_the_program() -> None:
    """For whom the folder that pip put it into is not on the PATH."""
    done = subprocess.run([sys.executable, "-m", "tokenkit", "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Usage: tokenkit " in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_in_the_help_is_the_first_line_of_the_commands_own(name: str) -> None:
    module, _, member = COMMANDS[name].where.partition(":")
    command = getattr(importlib.import_module(f"tokenkit.cli.{module}"), member)
    about = command.info.help if isinstance(command, typer.Typer) else inspect.getdoc(command)
    assert about.splitlines()[0] == COMMANDS[name].about


def test_the_help_of_all_commands_loads_none_of_them() -> None:
    """The help is to cost eight times the interpreter's start at most, and an empty typer takes seven of them."""
    done = program("--help")
    assert all(f"  {name} " in done.stdout for name in COMMANDS)
    assert done.stderr.split() == [
        "tokenkit",
        "tokenkit.cli",
        "tokenkit.cli.app",
        "tokenkit.cli.commands",
        "tokenkit.cli.errors",
        "tokenkit.cli.fast_path",
        "tokenkit.cli.group",
        "tokenkit.cli.options",
        "tokenkit.cli.output",
        "tokenkit.cli.session",
        "tokenkit.cli.unsaved",
        "tokenkit.cli.without_typer",
        "tokenkit.consent",
        "tokenkit.consent.terminal",
        "tokenkit.core_dumps",
        "tokenkit.errors",
        "tokenkit.os_errors",
        "tokenkit.shell",
    ]


@pytest.mark.parametrize("command", ["list", "audit"])
def test_what_is_printed_for_a_pipe_loads_nothing_that_draws_or_sends(command: str, machine: Machine, run: Run) -> None:
    run(["login", "google"], "")
    done = program(command)
    assert "google/me@example.com" in done.stdout or "1 account, " in done.stdout
    heavy = {"httpx", "rich.console", "tokenkit.audit.online", "tokenkit.audit.table", "tokenkit.net.http"}
    assert set(done.stderr.split()) & heavy == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_fits_the_terminal_and_names_every_option(name: str, run: Run) -> None:
    done = run([name, "--help"], "")
    assert done.code == 0
    assert done.stderr == ""
    assert all(len(line) <= 100 for line in done.stdout.splitlines())
    assert "[default: ]" not in done.stdout


@pytest.mark.parametrize("name", ["client", "key"])
def test_the_line_of_a_commands_own_command_is_whole_at_80_columns(
    name: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = run([name, "--help"], "").stdout.partition("Commands:\n")[2].splitlines()
    assert len(lines) > 3
    assert [line for line in lines if not line.endswith(".") or line.endswith("...")] == []


def hints() -> Iterator[tuple[str, str]]:
    """Every piece of text that our code gives as a hint, and where it stands."""
    for folder in (Path(tokenkit.__path__[0]), Path(tokenkit_providers.__path__[0])):
        for path in folder.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.keyword) and node.arg in ("hint", "otherwise"):
                    for part in ast.walk(node.value):
                        if isinstance(part, ast.Constant) and isinstance(part.value, str):
                            yield f"{path.name}:{part.lineno}", part.value


def test_every_command_that_a_hint_names_is_there() -> None:
    """An error's hint is the exact command that mends it: one that does not exist would mend nothing."""
    group = get_command(app.app)
    named = [(where, *found) for where, text in hints() for found in HINTED.findall(text)]
    assert len(named) > 30
    for where, name, member in named:
        assert name in COMMANDS or name in PLANNED, f"{where} names tokenkit {name}"
        command = group.commands[name] if name in COMMANDS else None
        if member and hasattr(command, "commands"):
            assert member in command.commands, f"{where} names tokenkit {name} {member}"


# What is wrong with tokenkit itself


def test_a_fault_of_ours_says_where_and_never_what_it_holds(
    machine: Machine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R35: the words of an exception that nobody foresaw may quote anything."""

    def broken(*args: object) -> None:
        raise KeyError("the-secret")

    monkeypatch.setattr("tokenkit.grants.status.statuses_of", broken)
    done = run(["list"], "")
    assert done.code == 70
    assert done.stdout == ""
    assert done.stderr.startswith("tokenkit: error: a fault of tokenkit itself, KeyError, at\n")
    assert "in broken\n" in done.stderr
    assert "the-secret" not in done.stderr


def test_a_plugin_that_breaks_is_named(machine: Machine, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> None:
        raise ValueError("the-secret")

    monkeypatch.setattr("tokenkit.oauth2.OAuth2.begin", broken)
    done = run(["login", "google"], "")
    assert done.code == 70
    assert "google" in done.stderr
    assert "the-secret" not in done.stderr


def test_an_interruption_ends_with_130_and_without_a_traceback(
    machine: Machine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tokenkit.grants.status.statuses_of", interrupted)
    done = run(["list"], "")
    assert done.code == 130
    assert "Traceback" not in done.stderr


def test_what_a_provider_or_a_name_says_does_not_steer_the_terminal(machine: Machine, run: Run) -> None:
    """Descriptions of errors come from the provider, names from anybody: control characters are shown as such."""
    steering = "a\x1b]0;owned\x07b"
    done = [run([*line, *options], "") for line, options in (
        (["login", "google"], ["--as", steering]), (["list"], []), (["status"], []), (["logout", "google"], []),
        (["login", steering], []), (["token", f"google/{steering}"], []),
    )]  # fmt: skip
    spoken = "".join(each.stdout + each.stderr for each in done)
    assert spoken.count("owned") > 5
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", spoken)


def test_no_secret_shows_but_where_it_was_asked_for(
    machine: Machine, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """R35, over a life with its failures: not on either stream, not in a log at DEBUG."""
    caplog.set_level(logging.DEBUG)
    spoken = ""
    for line in (
        "providers", "login google --scopes gmail.readonly", "login spotify", "login pocket", "list", "status",
        "status --check", "refresh google", "token google --scopes drive", "client list", "login google --complete",
        "request google GET https://example.com/", "logout google --yes", "logout spotify", "token google", "audit",
        "log",
    ):  # fmt: skip
        done = run(line.split(), "http://127.0.0.1:1/callback/google?state=x&code=y\n")
        spoken += done.stdout + done.stderr
    assert not [secret for secret in machine.authority.issued if secret in spoken + caplog.text]


# JSON


@pytest.mark.parametrize(
    ("line", "shape"),
    {
        "login google": json_output.Accounts,
        "login google --print-url": json_output.Begun,
        "list": json_output.Accounts,
        "status": json_output.Accounts,
        "refresh google": json_output.Accounts,
        "token google": json_output.Token,
        "providers": json_output.Providers,
        "providers google": json_output.Providers,
        "client list": json_output.Clients,
        "key list": json_output.Keys,
        "logout google": json_output.SignedOut,
    }.items(),
)
def test_json_is_of_the_documented_shape(line: str, shape: type, machine: Machine, run: Run) -> None:
    run(["login", "google"], "")
    done = run([*line.split(), "--json"], "")
    assert done.code == 0
    assert json.loads(done.stdout) == shape.model_validate_json(done.stdout).model_dump(mode="json")
    assert shape.model_validate_json(done.stdout).version == 1


# Processes


def test_a_reader_that_goes_away_is_no_fault(machine: Machine) -> None:
    """``tokenkit providers google | head -1``."""
    command = f"{sys.executable} -c 'from tokenkit.cli.fast_path import main; main()' providers google | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout == "Google\n"
    assert done.stderr == ""


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "command",
    ["list", "list --json", "token google", "token google --header", "request google GET {base}/google/drive/v3/files"],
)
def test_an_output_that_cannot_be_written_is_no_fault(
    command: str, unbuffered: str, machine: Machine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk behind ``> file``: it is said plainly, and nothing is lost but the output."""
    run(["login", "google", "--scopes", "drive"], "")
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    for _ in range(2):  # the first time, that the account was used is written down, and the fast path is not taken
        done = shell(f"{command.format(base=machine.base_url)} > /dev/full")
        assert done.returncode == 1
        assert done.stderr == (
            "tokenkit: error: stdout cannot be written: No space left on device\ntokenkit: hint: send it elsewhere\n"
        )


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_words_that_cannot_be_written_hold_nothing_up(
    unbuffered: str, machine: Machine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    assert shell("token google 2> /dev/full").returncode == 4
    assert shell("key add 2> /dev/full").returncode == 0
    assert shell("nonsense 2> /dev/full").returncode in (1, 2)  # typer, which says what is wrong, may say no more
    assert shell("list --json > /dev/full 2>&1").returncode == 1


@pytest.mark.parametrize(
    "command", ["list", "list --json", "providers", "token google --header", "request google GET http://x"]
)
def test_where_stdout_is_closed_that_is_said(command: str, machine: Machine, run: Run) -> None:
    run(["login", "google"], "")
    done = shell(f"{command} >&-")
    assert done.returncode == 1
    assert done.stderr.startswith("tokenkit: error: stdout is closed, so nothing can be printed\n")


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("login google --paste", 1, "the input ended before an answer was pasted"),
        ("login --complete", 2, "stdin ended before the answer"),
        ("client set google", 2, "stdin ended before the answer"),
        ("key import -", 6, ""),
    ],
)
def test_where_stdin_is_closed_there_is_no_answer(command: str, code: int, said: str, machine: Machine) -> None:
    """As it is in many a service."""
    done = shell(f"{command} <&-")
    assert done.returncode == code
    assert said in done.stderr


def shell(line: str) -> subprocess.CompletedProcess[str]:
    """Run a command line of ours in a shell."""
    ours = f"{sys.executable} -c 'from tokenkit.cli.fast_path import main; main()'"
    return subprocess.run(["bash", "-c", f"{ours} {line}"], capture_output=True, text=True, check=False)


def test_a_shell_completes_commands_accounts_and_providers(
    machine: Machine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(["login", "google"], "")
    monkeypatch.setenv("_TOKENKIT_COMPLETE", "complete_bash")
    for words, expected in {
        "tokenkit lo": ["login", "logout", "log"],
        "tokenkit token g": ["google/me@example.com"],
        "tokenkit login spo": ["spotify"],
        "tokenkit client set poc": ["pocket"],
        "tokenkit login google --scopes gmail.re": ["gmail.readonly"],
        "tokenkit login google/me --scopes email,gmail.re": ["email,gmail.readonly"],
        "tokenkit token spotify --scopes user-read-em": ["user-read-email"],
        "tokenkit login gogle --scopes g": [],
    }.items():
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))
        assert sorted(run([], "").stdout.split()) == sorted(expected)


def test_the_sandbox_says_what_points_tokenkit_at_it_and_ends_on_ctrl_c(machine: Machine) -> None:
    """Its lines are for a shell, and they work."""
    address, said = what_the_sandbox_says()
    lines = said.partition("\n\n")[2].partition("\n\n")[0]
    done = subprocess.run(
        ["bash", "-ec", f"{lines}\n{sys.executable} -c 'from tokenkit.cli.fast_path import main; main()' providers"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    clients = {line.split()[0]: line.split()[-1] for line in done.stdout.splitlines()[1:]}
    assert [clients[name] for name in ("google", "pocket", "spotify")] == ["yes"] * 3, (
        "each is one of the sandbox's own"
    )
    assert f"SANDBOX_BASE_URL={address}" in lines


@pytest.mark.parametrize("command", ["--help", "help", "token --help", "client", "client -h", "--version"])
def test_help_that_cannot_be_printed_is_told(command: str, machine: Machine) -> None:
    """The library that prints it knows nothing of our errors."""
    done = shell(f"{command} > /dev/full")
    assert done.returncode in (1, 2), done.stderr
    assert "fault of tokenkit" not in done.stderr


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["import", "-"], "tokenkit: error: stdin is empty"),
        (["providers", "check"], "tokenkit: hint: tokenkit providers check FILE"),
        (["providers", "add"], "tokenkit: hint: tokenkit providers add https://..."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_was_left_out_is_named(command: list[str], said: str, machine: Machine, run: Run) -> None:
    done = run(command, "")
    assert done.code == 2
    assert said in done.stderr


@pytest.mark.parametrize("group", ["client", "key", "owner", "store"])
def test_the_help_of_a_group_has_nothing_but_the_group(group: str, machine: Machine, run: Run) -> None:
    assert "completion" not in run([group, "--help"], "").stdout


@pytest.mark.parametrize("module", ["typer", "tokenkit.cli.app", "tokenkit.cli.without_typer", "tokenkit.seal", "json"])
@pytest.mark.parametrize("command", [["list"], ["token", "google"], ["providers"]], ids=" ".join)
def test_ctrl_c_while_a_command_loads_ends_it_without_a_word(command: list[str], module: str, home: Path) -> None:
    """Loading takes the most of a short command, so that is where Ctrl-C mostly comes."""
    code = f"""
import sys
class Pressed:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            raise KeyboardInterrupt
from tokenkit.cli.fast_path import main
sys.modules.pop({module!r}, None)
sys.meta_path.insert(0, Pressed())
sys.argv = ["tokenkit", *{command!r}]
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert done.returncode in (130, 0, 4), done.stderr
