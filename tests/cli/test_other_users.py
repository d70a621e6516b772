"""Two users of one machine, for real: what one has is not the other's, and every command says so (R26)."""

import os
from pathlib import Path

import pytest
from machine import Machine
from transcript import Run

from another_user import as_another_user

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can become another user"),
]

COMMANDS = {
    "token": ["token", "google"],
    "refresh": ["refresh", "google"],
    "list": ["list"],
    "status": ["status", "--check"],
    "scopes": ["scopes", "google"],
    "login": ["login", "google", "--print-url"],
    "logout": ["logout", "google", "--yes"],
    "log": ["log"],
    "audit": ["audit"],
    "key list": ["key", "list"],
    "key export": ["key", "export"],
    "key rotate": ["key", "rotate"],
    "client list": ["client", "list"],
    "client set": ["client", "set", "google", "--client-id", "mine", "--public"],
    "providers": ["providers", "google"],
}


@pytest.fixture
def theirs(machine: Machine, run: Run) -> Machine:
    """A home of root's in which an account is signed in; others may pass through the folders above ours."""
    assert run(["login", "google"]).code == 0
    for arguments in COMMANDS.values():  # so that all is loaded: the interpreter may lie where others cannot read it
        run(arguments, "")
    machine.register()
    assert run(["login", "google"]).code == 0
    for folder in (machine.home, machine.home / ".local", machine.home / ".local/state", machine.home / ".local/share"):
        folder.chmod(0o755)
    return machine


def test_no_command_of_another_user_reads_or_changes_anything_of_a_home_that_is_not_theirs(
    theirs: Machine, run: Run, tmp_path: Path
) -> None:
    """HOME is kept, as by ``sudo -E -u``: each command ends as documented, with a hint, and shows no account."""
    kept = {path: path.read_bytes() for path in theirs.home.rglob("*") if path.is_file()}
    tmp_path.joinpath("theirs").mkdir()

    def work() -> None:
        for arguments in COMMANDS.values():
            done = run(arguments, "")
            assert done.code in {0, 1, 2, 3, 4, 5, 6, 7}, (arguments, done.stderr)
            assert "ya29." not in done.stdout, arguments
            assert "TK001" not in done.stdout, (arguments, done.stdout)
            assert "tokenkit: error:" not in done.stderr or "tokenkit: hint:" in done.stderr, (arguments, done.stderr)

    as_another_user(tmp_path / "theirs", work)
    assert {path: path.read_bytes() for path in theirs.home.rglob("*") if path.is_file()} == kept
