"""The fast path: it says what the program says, asks the provider as often, and loads next to nothing."""

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest
from machine import Machine
from tokenkit.cli import app, fast_path
from transcript import Done, Run

from held_answers import HELD
from patience import PATIENCE, wait_until
from test_light import HEAVY

ACCOUNT = "google/me@example.com"

DPOP = {"access_token": "bound", "token_type": "DPoP", "expires_in": 3600}


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


def expires(machine: Machine) -> None:
    machine.expire(ACCOUNT)


def answers(**fault: object) -> Callable[[Machine], None]:
    """The token has ended, and this is what its provider says."""

    def before(machine: Machine) -> None:
        machine.expire(ACCOUNT)
        machine.authority.next("token", times=2, **fault)

    return before


def moves_the_provider(machine: Machine) -> None:
    """To a port where nobody listens."""
    machine.expire(ACCOUNT)
    nowhere = "http://127.0.0.1:9"
    endpoints = {"issuer": "", "token_endpoint": "/token", "revocation_endpoint": "/revoke"}
    machine.change(ACCOUNT, **{name: f"{nowhere}/google{path}" for name, path in endpoints.items()})
    machine.base_url = nowhere
    machine.configure()


def changes_the_provider(machine: Machine) -> None:
    machine.expire(ACCOUNT)
    machine.change(ACCOUNT, token_endpoint="https://elsewhere.example/token")


def loses_the_client(machine: Machine) -> None:
    machine.expire(ACCOUNT)
    (machine.config / "clients" / "google.toml").unlink()


def misspells_the_config(machine: Machine) -> None:
    machine.expire(ACCOUNT)
    machine.configure("[defautls]")


def gives_a_default(machine: Machine) -> None:
    adds_another(machine)
    machine.configure('[defaults]\ngoogle = "me@example.com"')


def misspells_an_option(machine: Machine) -> None:
    machine.expire(ACCOUNT)
    (machine.config / "config.toml").write_text('[providers.google]\nbase = "x"\n')


def latches(machine: Machine) -> None:
    machine.expire(ACCOUNT)
    machine.change(ACCOUNT, state="needs_consent", reason="you removed the app")


def never_refreshes(machine: Machine) -> None:
    machine.expire(ACCOUNT)
    machine.change(ACCOUNT, refresh_token=None)


def describes_a_provider_wrongly(machine: Machine) -> None:
    (machine.config / "providers").mkdir()
    (machine.config / "providers" / "acme.toml").write_text('[provider]\nname = "acme"\n')


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
    "a latched grant whose token lives": Case(
        ["token", "google"], lambda machine: machine.change(ACCOUNT, state="needs_consent")
    ),
    "a broken record": Case(["token", "google"], breaks),
    "a symlink": Case(["token", "google"], symlinks),
    "no key": Case(["token", "google"], loses_the_key),
    "no account": Case(["token", "google"], lambda machine: machine.remove(ACCOUNT)),
    "an expired token": Case(["token", ACCOUNT], expires),
    "an expired token of a bare provider": Case(["token", "google"], expires),
    "several accounts, one the default": Case(["token", "google"], gives_a_default),
    "an expired token and no refresh token": Case(["token", ACCOUNT], never_refreshes),
    "a latched grant": Case(["token", ACCOUNT], latches),
    "a refused grant": Case(["token", ACCOUNT], answers(error="invalid_grant")),
    "a refused client": Case(["token", ACCOUNT], answers(error="invalid_client")),
    "a provider in trouble": Case(["token", ACCOUNT], answers(status=503)),
    "a provider that says when": Case(["token", ACCOUNT], answers(status=503, headers={"Retry-After": "60"})),
    "an answer that is lost": Case(["token", ACCOUNT], answers(drop=True)),
    "an answer that is none": Case(["token", ACCOUNT], answers(body="<html>")),
    "an answer of a token that is not Bearer": Case(["token", ACCOUNT], answers(body=DPOP)),
    "a provider that cannot be reached": Case(["token", ACCOUNT], moves_the_provider),
    "another provider than that of the grant": Case(["token", ACCOUNT], changes_the_provider),
    "no client": Case(["token", ACCOUNT], loses_the_client),
    "a config that is wrong": Case(["token", ACCOUNT], misspells_the_config),
    "the list of providers": Case(["providers"]),
    "the list, with a file that is wrong": Case(["providers"], describes_a_provider_wrongly),
    "the list, with a config that is wrong": Case(["providers"], misspells_the_config),
    "the list, with an option of the plugin that is wrong": Case(["providers"], misspells_an_option),
    "the list, as JSON": Case(["providers", "--json"]),
    "an option of the plugin that is wrong": Case(["token", ACCOUNT], misspells_an_option),
    "the accounts": Case(["list"]),
    "the accounts, one broken": Case(["list"], breaks),
    "the accounts, one latched": Case(["list"], latches),
    "the accounts, with several": Case(["list"], adds_another),
    "the accounts without the key": Case(["list"], loses_the_key),
    "the accounts, with a config that is wrong": Case(["list"], misspells_the_config),
    "no accounts": Case(["list"], lambda machine: machine.remove(ACCOUNT)),
    "the accounts, as JSON": Case(["list", "--json"]),
    "the accounts, with a word too many": Case(["list", "google"]),
    "an audit": Case(["audit"]),
    "an audit that finds an error": Case(["audit"], breaks),
    "an audit without the key": Case(["audit"], loses_the_key),
    "an audit, with a config that is wrong": Case(["audit"], misspells_the_config),
    "an audit, with an option": Case(["audit", "--fail-on", "note"]),
}


@pytest.fixture
def signed_in(machine: Machine, run: Run) -> Machine:
    """A machine with an account whose use is in the log already."""
    run(["login", "google"], "")
    run(["token", ACCOUNT], "")
    return machine


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_both_ways_print_the_same(
    case: Case, signed_in: Machine, run: Run, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both begin with the same home, and each with the same fault; no failure makes the fast path ask a second time."""
    copy = tmp_path_factory.mktemp("copy") / "home"
    shutil.copytree(signed_in.home, copy, symlinks=True)
    base_url = signed_in.base_url

    def outcome() -> tuple[Done, int]:
        case.before(signed_in)
        before = requests(signed_in)
        done = run(case.arguments, "")
        return done._replace(stdout=re.sub(r"^ya29\..+", "a new token", done.stdout)), requests(signed_in) - before

    through_the_lane = outcome()
    shutil.rmtree(signed_in.home)
    shutil.copytree(copy, signed_in.home, symlinks=True)
    signed_in.base_url = base_url
    monkeypatch.setattr(fast_path, "main", app.main)
    assert outcome() == through_the_lane


def requests(machine: Machine) -> int:
    """How many refreshes were asked for."""
    return machine.authority.counters["google token refresh_token"]


@pytest.mark.parametrize("asked", ["google", ACCOUNT])
def test_a_good_token_does_not_load_the_program(
    asked: str, signed_in: Machine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "main", lambda: pytest.fail("the program was loaded"))
    signed_in.give(ACCOUNT, "token-1")
    assert run(["token", asked], "") == Done("token-1\n", "", 0)


@pytest.mark.parametrize("command", ["audit", "list", "providers"])
def test_a_plain_list_and_a_plain_audit_load_no_typer(command: str, signed_in: Machine) -> None:
    loads = f"import sys; sys.argv[1:] = [{command!r}]; from tokenkit.cli import fast_path; fast_path.main()"
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", loads], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    assert done.stdout
    assert not re.search(rb"\| +(typer|rich)\b", done.stderr)


@pytest.mark.parametrize("variable", fast_path.FOREIGN)
def test_what_the_environment_says_is_left_to_the_program(
    variable: str, signed_in: Machine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another app or owner, keys from elsewhere, a shell that completes."""
    monkeypatch.setattr(app, "main", lambda: sys.exit(99))
    monkeypatch.setenv(variable, "x")
    assert run(["token", ACCOUNT], "").code == 99


def test_the_first_use_in_an_hour_is_logged(machine: Machine, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run(["login", "google"], "")
    monkeypatch.setattr(app, "main", lambda: pytest.fail("the program was loaded"))
    log = machine.home / ".local/state/tokenkit/activity"
    uses = []
    for _ in range(2):
        assert run(["token", "google"], "").code == 0
        uses.append(sum(path.read_text().count('"event":"used"') for path in log.glob("*.jsonl")))
    assert uses == [1, 1]


@pytest.mark.slow
def test_ctrl_c_in_the_middle_of_a_refresh_waits_for_it(signed_in: Machine, run: Run) -> None:
    """R7: the process ends with 130, and what it was given lies in the store."""
    signed_in.expire(ACCOUNT)
    signed_in.authority.next("token", delay=HELD)
    command = [sys.executable, "-c", "from tokenkit.cli.fast_path import main; main()", "token", ACCOUNT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as asking:
        wait_until(lambda: requests(signed_in))
        asking.send_signal(signal.SIGINT)
        signed_in.answers.let_go()
        assert asking.communicate(timeout=PATIENCE) == ("", "")
    assert asking.returncode == 130
    assert run(["token", ACCOUNT], "").stdout.startswith("ya29.")
    assert requests(signed_in) == 1


@pytest.mark.slow
def test_a_reader_that_goes_away_during_a_refresh_is_no_fault(signed_in: Machine) -> None:
    signed_in.expire(ACCOUNT)
    command = (
        f"{sys.executable} -c 'from tokenkit.cli.fast_path import main; main()' token google | true; echo $PIPESTATUS"
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("1\n", "")


PROCESS = """
import os
import sys
before = set(sys.modules)
sys.argv = ["tokenkit", "token", "google"]
os._exit = sys.exit
from tokenkit.cli.fast_path import main
try:
    main()
finally:
    print(*sorted(set(sys.modules) - before), file=sys.stderr)
"""


def test_the_modules_that_a_token_costs(signed_in: Machine) -> None:
    """The whole list of ours, and what of others is too dear: what joins it costs every tool that asks from a shell."""
    command = [sys.executable, "-c", PROCESS]
    subprocess.run(command, capture_output=True, check=True)  # its first use in the hour, which the program logs
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = done.stderr.split()
    assert HEAVY & set(loaded) == set()
    assert [name for name in loaded if name.startswith("tokenkit")] == [
        "tokenkit",
        "tokenkit.account",
        "tokenkit.cli",
        "tokenkit.cli.fast_path",
        "tokenkit.errors",
        "tokenkit.keys",
        "tokenkit.keys.file",
        "tokenkit.keys.jwks",
        "tokenkit.os_errors",
        "tokenkit.paths",
        "tokenkit.private_file",
        "tokenkit.seal",
        "tokenkit.shell",
        "tokenkit.token",
        "tokenkit.use_markers",
    ]
