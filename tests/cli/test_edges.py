"""Machines that are not as expected: each command ends with a documented exit code, a hint, and soon; never with 70.

Those that only a program of its own can meet are in test_real_edges.py: full disks, refused locks, strange files.
"""

import os
from collections.abc import Callable

import pytest
from machine import Machine
from tokenkit import TokenKit, UsageError
from tokenkit.signing_in.pendings import PENDINGS_PER_OWNER
from transcript import Done, Run

DOCUMENTED = {0, 1, 2, 3, 4, 5, 6, 7}
COMMANDS = {
    "token": ["token", "google"],
    "request": ["request", "google", "GET", "/gmail/v1/users/me/messages"],
    "refresh": ["refresh", "google"],
    "list": ["list"],
    "status": ["status", "--check"],
    "login": ["login", "google", "--print-url"],
    "client list": ["client", "list"],
    "client set": ["client", "set", "google", "--client-id", "another", "--public"],
    "providers": ["providers", "google"],
    "logout": ["logout", "google/me@example.com", "--yes"],
    "audit": ["audit"],
    "key list": ["key", "list"],
}


@pytest.fixture
def signed_in(machine: Machine, run: Run) -> Machine:
    """A machine with an account whose token has ended."""
    assert run(["login", "google"], "").code == 0
    machine.expire("google/me@example.com")
    return machine


def ends_well(run: Run, arguments: list[str]) -> Done:
    done = run(arguments, "")
    assert done.code in DOCUMENTED, done.stderr
    assert "Traceback" not in done.stderr
    if "tokenkit: error:" in done.stderr:
        assert "tokenkit: hint: " in done.stderr
    return done


def _foreign_clients(machine: Machine) -> None:
    """Another user's, as `sudo tokenkit client set` leaves them in a home."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    os.chown(machine.config / "clients", 65534, 65534)


def _hostile_state(machine: Machine) -> None:
    files = [path for path in machine.home.rglob("*.refresh") if path.is_file()]
    assert files
    for path in files:
        path.write_bytes(b'{"v":1,"newest":1e999,"failure":{"retry_at":[[[[1]]]],"message":{}}}' * 5)


def _sign_ins_abandoned(machine: Machine) -> None:
    kit = TokenKit(background=False)
    for number in range(PENDINGS_PER_OWNER):
        kit.begin("google", redirect_uri="http://127.0.0.1:9/callback/google", binding=str(number))


FAULTS = {
    "clients of another user": _foreign_clients,
    "hostile state of a lease": _hostile_state,
    "200 abandoned sign-ins": _sign_ins_abandoned,
}


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_each_command_ends_as_documented(
    fault: Callable[[Machine], None],
    command: list[str],
    signed_in: Machine,
    run: Run,
) -> None:
    fault(signed_in)
    ends_well(run, command)


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ["token", "google", "--min-ttl", "nan"],
        ["token", "google", "--min-ttl", "inf"],
        ["token", "google", "--min-ttl", "1e308"],
        ["token", "google", "--min-ttl=-1"],
        ["status", "--check", "--within", "999999w"],
        ["status", "--check", "--within", "9999999s"],
        ["dashboard", "--port", "99999"],
        ["dashboard", "--port=-1"],
        ["sandbox", "--port", "99999"],
        ["request", "google", "GET", "https://gmail.googleapis.com:99999/gmail"],
        ["log", "--since", "999999w"],
        ["log", "--lines", "99999999999999999999"],
    ],
    ids=" ".join,
)
def test_a_number_out_of_range_is_told(arguments: list[str], signed_in: Machine, run: Run) -> None:
    ends_well(run, arguments)


@pytest.mark.parametrize("port", ["99999", "-1", "1e9", '"x"', "true"])
def test_a_port_out_of_range_in_the_configuration_is_told(port: str, machine: Machine, run: Run) -> None:
    (machine.config / "config.toml").write_text(f"[providers.google]\nredirect_port = {port}\n")
    assert ends_well(run, ["login", "google"]).code == 3


@pytest.mark.parametrize("binding", ["\udcff", "x" * 1_000_000, "\0"], ids=["no text", "long", "null"])
def test_a_binding_of_any_form_begins_a_sign_in(binding: str, machine: Machine) -> None:
    """R22: it is hashed, and names no file."""
    kit = TokenKit(background=False)
    pending = kit.begin("google", redirect_uri="http://127.0.0.1:9/callback/google", binding=binding)
    account = kit.complete(machine.person.decide(pending.url), binding=binding)
    assert kit.accounts() == [account]


def test_without_a_binding_the_error_says_where_to_get_one(machine: Machine) -> None:
    with pytest.raises(UsageError) as caught:
        TokenKit().begin("google", redirect_uri="http://127.0.0.1:9/callback/google", binding="")
    assert "secrets.token_urlsafe()" in caught.value.hint


def test_another_folder_than_that_of_the_tokens_is_not_taken_for_an_empty_store(
    signed_in: Machine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script that copies and then deletes would delete all accounts."""
    tokens = signed_in.tokens
    monkeypatch.setenv("TOKENKIT_HOME", f"{tokens.parent}-new")
    above = run(["store", "copy", str(tokens.parent)])
    assert (above.code, f"hint: tokenkit store copy {tokens}\n" in above.stderr) == (2, True)
    for other in (tokens / "google", signed_in.config):
        done = run(["store", "copy", str(other)])
        assert (done.code, f"no account lies in {other}\n" in done.stderr) == (2, True)
    assert run(["store", "copy", str(tokens)]).stdout == "1 moved\n"
    assert run(["store", "copy", str(tokens)]).stdout == "1 moved before\n"


@pytest.mark.parametrize("address", ["mysql://me:hunter2@db/x", "http://me:hunter2@db/x"])
def test_an_address_of_another_kind_is_no_folder_and_is_not_repeated(
    address: str, signed_in: Machine, run: Run
) -> None:
    """R35: it may hold a password."""
    done = run(["store", "copy", address])
    assert (done.code, "hunter2" in done.stderr) == (2, False)
