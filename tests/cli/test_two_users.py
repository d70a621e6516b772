"""The installed program, started by two users of one machine: each has accounts of their own, and no other's (R26)."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from machine import Machine
from tokenkit.config import save_client
from tokenkit.sandbox import CLIENTS
from transcript import Run

from another_user import NOBODY, give
from installed_copy import ROOT, Installed, interpreter_for_all

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can start what another user runs"),
]

ME, YOU = "google/me@example.com", "google/you@example.com"


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that everybody may pass through: those of pytest are closed to others by each run that begins."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def of(*homes: Path) -> dict[str, str]:
    """What lies in some homes, to compare."""
    files = (file for home in homes for file in home.rglob("*") if file.is_file())
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_two_users_sign_in_and_neither_reads_or_changes_what_is_the_others(
    machine: Machine, run: Run, shared: Path
) -> None:
    """R26: not by HOME either, as ``sudo`` may keep it: nobody cannot, and root, who could, refuses."""
    installed, mine, yours = Installed(shared, interpreter_for_all()), shared / "mine", shared / "yours"
    assert run(["login", "google"]).code == 0
    shutil.copytree(machine.home, mine)
    (yours / ".config/tokenkit").mkdir(parents=True)
    (yours / ".config/tokenkit/config.toml").write_text((machine.config / "config.toml").read_text())
    save_client(str(yours / ".config/tokenkit"), "google", CLIENTS["google"])
    give(yours)
    begun = installed.run(NOBODY, yours, "login", "google", "--print-url")
    assert begun.returncode == 0, begun.stderr
    machine.person.user = "you@example.com"
    back = machine.person.decide(begun.stdout.strip())
    done = installed.run(NOBODY, yours, "login", "--complete", stdin=f"{back}\n")
    assert done.stdout == f"{YOU}\n", done.stderr
    tokens = [installed.run(uid, home, "token", "google") for uid, home in ((ROOT, mine), (NOBODY, yours))]
    assert [token.returncode for token in tokens] == [0, 0]
    assert tokens[0].stdout != tokens[1].stdout
    before = of(mine, yours)
    for uid, home in ((NOBODY, mine), (ROOT, yours)):
        for command, codes in (("token", (3, 4, 6)), ("list", (0, 6))):
            done = installed.run(uid, home, command, *(["google"] if command == "token" else []))
            assert done.returncode in codes, (uid, command, done.stderr)
            assert ("tokenkit: hint: " in done.stderr) == (done.returncode != 0), (uid, command, done.stderr)
            assert not {token.stdout.strip() for token in tokens} & set(f"{done.stdout}{done.stderr}".split())
    assert of(mine, yours) == before
