"""Killed at every system call of a refresh and a sign-in that touches the store; the kernel counts, not luck."""

import itertools
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from never_lost_paths import touched
from tokenkit import Account, CallbackRefused, ConsentRequired
from tokenkit.grants.rotate import rotate

from lock_times import lock_waits
from patience import PATIENCE

CALLS = (
    "rename",
    "fsync",
    "openat",
    "flock",
    "fallocate",
    "write",
    "ftruncate",
    "utimensat",
    "unlink",
    "fchmod",
    "mkdir",
)
TOKENKIT = str(Path(sys.executable).with_name("tokenkit"))

ME = Account("google", "me@example.com")

IN_MEMORY = ("flock", "write")
"""At which of them the record may not be written yet. What is written is found by the next caller."""

QUICK = 2
"""How many of them the normal suite takes; `make torture` takes all."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.real,
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed: apt-get install strace"),
]


def killed_at(assistant, call, number, *arguments):
    """Run the script with a kill at the `number`-th `call` on the store's files; whether the run survived."""
    paths = [option for path in touched(assistant.home) for option in ("-P", path)]
    inject = f"inject={call}:signal=KILL:when={number}"
    strace = ("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", *paths, "-e", inject)
    process = assistant.start("ask_once.py", *arguments, before=strace)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode in (0, -9, 137), err
    return process.returncode == 0


def every_point(assistant, before, rounds):
    """Yield after each kill, at every point until a run survives, call by call."""
    for call in CALLS[: rounds(QUICK, len(CALLS))]:
        for number in itertools.count(1):
            if killed_at(assistant, call, number, *before()):
                break
            yield call, number


def test_a_refresh_killed_at_any_point_leaves_the_old_or_the_new_grant_and_delays_nobody(
    assistant, rounds, monkeypatch
):
    """R26, R6, R9; where the answer was in memory alone, it is told in words that it was lost on the way (R8)."""
    ended, waits = Counter(), lock_waits(monkeypatch)

    def before():
        assistant.expire()
        return ()

    for call, number in every_point(assistant, before, rounds):
        waits.clear()
        refreshes = assistant.refreshes()
        reason = why_consent_is_needed(assistant)
        if not reason:
            ended["the session lived"] += 1
        else:
            assert call in IN_MEMORY, (call, number)
            assert "answer to an earlier refresh was lost" in reason, (call, number)
            assert assistant.refreshes() > refreshes
            ended["the answer was lost, and that was told"] += 1
            assistant.sign_in()
        assert sum(waits) < 5, f"{call} {number}: a dead holder delayed the next caller"
        assert_tidy(assistant)
    print(dict(ended))
    assert ended["the session lived"] >= 3


def test_a_sign_in_killed_at_any_point_leaves_the_old_account_or_the_new_one(assistant, rounds):
    """R18: a sign-in replaces the grant as a whole. R21: its answer serves once. R26: a record is renamed into
    place.
    """
    ended = Counter()

    def before():
        kit = assistant.kit()
        pending = kit.begin("google", redirect_uri="http://127.0.0.1:9/callback/google", binding="crash")
        before.url = assistant.authority.approve(pending.url, as_user="me@example.com")
        return (before.url,)

    for _ in every_point(assistant, before, rounds):
        assert assistant.kit().token("google")
        try:
            assistant.kit().complete(before.url, binding="crash")
            ended["completed by the next try"] += 1
        except CallbackRefused:
            ended["claimed already: begun anew"] += 1
        assert_tidy(assistant)
    print(dict(ended))
    assert sum(ended.values()) > 3


def why_consent_is_needed(assistant):
    """Ask as the next caller does; empty when a token came."""
    try:
        assistant.kit().token("google")
    except ConsentRequired as error:
        return error.reason
    return ""


def assert_tidy(assistant):
    """No temporary file outlives the next use."""
    kit = assistant.kit()
    kit.refresh("google")
    folder = os.path.join(kit.folders.tokens, "google")
    assert os.listdir(folder) == ["me@example.com.jwe"]


def test_a_rotation_of_the_key_killed_at_any_point_leaves_records_that_open(assistant, rounds):
    """R29: the old key goes last, and the next rotation finishes what this one began."""
    kills = 0
    for call in CALLS[: rounds(QUICK, len(CALLS))]:
        for number in itertools.count(1):
            if killed_at(assistant, call, number, "rotate"):
                break
            kills += 1
            assert assistant.kit().token("google")
    kit = assistant.kit()
    rotate(kit.records)
    assert len(kit.records.ring.keys().keys) == 1
    assert assistant.kit().token("google")
    assert kills > 3


IMPORTS = {"rename": (3,), "fsync": (6,)}
"""Where the normal suite kills an import: before the account has its name, and after; `make torture` at every point."""


def run_import(file, *before):
    command = (*before, TOKENKIT, "import", str(file), "--provider", "google")
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)


def import_killed_at(assistant, file, call, number):
    """Import a sign-in that nobody has, with a kill of the command, and not of its child; whether that survived."""
    if assistant.kit().accounts():
        assistant.kit().logout(str(ME), local=True)
    assistant.sign_in()
    kit = assistant.kit()
    held = kit.records.get(ME)
    kit.records.remove(ME, replaces=held.version)
    file.write_text(json.dumps({"refresh_token": held.grant.refresh_token.reveal()}))
    paths = [path for name in (ME, Account("google", "importing")) for path in touched(assistant.home, str(name))]
    traced = [option for path in dict.fromkeys(paths) for option in ("-P", path)]
    inject = f"inject={call}:signal=KILL:when={number}"
    done = run_import(file, "strace", "-qq", "-o", "/dev/null", "-e", f"trace={call}", *traced, "-e", inject)
    assert done.returncode in (0, -9, 137), done.stderr
    return done.returncode == 0


def test_an_import_killed_at_any_point_loses_no_session(assistant, tmp_path, rounds):
    """R8, R9: what serves may be refreshed, whoever does it; and to import the file again ends it all."""
    ended = Counter()
    for call, numbers in rounds(IMPORTS, dict.fromkeys(CALLS, itertools.count(1))).items():
        for number in numbers:
            if import_killed_at(assistant, tmp_path / "token.json", call, number):
                break
            kit = assistant.kit()
            serving = [account for account in kit.accounts() if kit.records.get(account).grant.state == "active"]
            ended[tuple(account.name for account in serving)] += 1
            for account in serving:
                assert kit.refresh(str(account)), (call, number)
            done = run_import(tmp_path / "token.json")
            assert done.returncode == 0, (call, number, done.stderr)
            assert [str(account) for account in assistant.kit().accounts()] == [str(ME)], (call, number)
            assert assistant.kit().refresh(str(ME)), (call, number)
    print(dict(ended))
    assert len(ended) == rounds(2, 3)
