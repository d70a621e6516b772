"""A program that runs on writes the uses of its accounts together, and none of its callers waits for that."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from tokenkit import Account, activity, chained_log, uses_later
from tokenkit.activity import Activity
from tokenkit.paths import activity_folder, folders

from patience import PATIENCE
from scripted import ScriptedKit

PEOPLE = [Account("google", f"{number}@example.com") for number in range(30)]


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Activity:
    monkeypatch.setattr(uses_later, "PAUSE", 60.0)  # only a test writes
    return Activity(folders(environ={"HOME": str(tmp_path)}), environ={}, later=True)


def written(log: Activity) -> list[str]:
    found = list(chained_log.lines(log.folder))
    assert all(line.sound for line in found)
    return [f"{line.entry['event']} {line.entry['account']}" for line in found if line.entry]


def test_no_caller_waits_for_the_log(log):
    """Not one file is opened for a use that waits."""
    for account in PEOPLE:
        log.used(account)
    assert not os.path.exists(log.folder)
    log.flush()
    assert written(log) == [f"used {account}" for account in PEOPLE]


def test_a_use_is_waiting_once(log):
    for _ in range(3):
        log.used(PEOPLE[0])
    log.flush()
    log.flush()
    assert written(log) == [f"used {PEOPLE[0]}"]


def test_what_else_happens_is_written_after_the_uses_before_it(log):
    """A sign-out stands after the use that came before it."""
    log.used(PEOPLE[0])
    log.record("signed_out", PEOPLE[0])
    assert written(log) == [f"used {PEOPLE[0]}", f"signed_out {PEOPLE[0]}"]


def test_both_are_written_under_one_lock_of_the_log(log, monkeypatch):
    """R37: a thousand refreshes at once would else take it two thousand times."""
    taken, locked = [], chained_log.locked
    monkeypatch.setattr(chained_log, "locked", lambda path, **how: taken.append(path) or locked(path, **how))
    log.used(PEOPLE[0])
    log.record("refreshed", PEOPLE[0])
    log.record("refresh_failed", PEOPLE[1])
    assert len(taken) == 1
    assert written(log) == [f"used {PEOPLE[0]}", f"refreshed {PEOPLE[0]}", f"refresh_failed {PEOPLE[1]}"]


def test_a_refresh_waits_for_the_log_as_little_as_a_use(log):
    """R37: its line, with a lock and a file of its own, would cost a tenth of the refresh."""
    for account in PEOPLE:
        log.record("refreshed", account)
    assert not os.path.exists(log.folder)
    log.flush()
    assert written(log) == [f"refreshed {account}" for account in PEOPLE]


def test_a_program_that_refreshes_once_has_written_that_when_it_gets_the_token(tmp_path):
    kit = ScriptedKit(tmp_path)
    kit.sign_in()
    kit.refresh("scripted")
    assert "refreshed scripted/me@example.com" in written(kit.activity)


def test_a_use_that_cannot_be_written_hides_no_other_line(log, monkeypatch):
    monkeypatch.setattr(log, "_line", raising)
    log.used(PEOPLE[0])
    log.record("signed_out", PEOPLE[1])
    assert written(log) == [f"signed_out {PEOPLE[1]}"]


def raising(*_):
    raise OSError


def test_a_thread_writes_them_within_a_second_and_ends(log, monkeypatch):
    """R37: what nobody needs keeps no thread."""
    go_on = threading.Event()
    pausing = SimpleNamespace(wait=lambda pause: go_on.wait(PATIENCE), set=lambda: None)
    monkeypatch.setattr(uses_later, "threading", SimpleNamespace(Thread=threading.Thread, Event=lambda: pausing))
    before = threading.enumerate()
    for account in PEOPLE:
        log.used(account)
    (writer,) = (each for each in threading.enumerate() if each not in before and each.name == "tokenkit-activity")
    go_on.set()
    writer.join(PATIENCE)
    assert not writer.is_alive()
    assert len(written(log)) == len(PEOPLE)
    log.used(Account("google", "later@example.com"))
    while len(written(log)) == len(PEOPLE):
        time.sleep(0.01)


def test_too_many_are_written_at_once(log, monkeypatch):
    monkeypatch.setattr(uses_later, "MOST", 10)
    for account in PEOPLE:
        log.used(account)
    assert len(written(log)) == 30


def test_the_end_of_the_program_writes_them(tmp_path):
    program = (
        "from tokenkit import Account; from tokenkit.activity import Activity; from tokenkit.paths import folders\n"
        f"Activity(folders(environ={{'HOME': {str(tmp_path)!r}}}), environ={{}}, later=True).used(Account('a', 'b'))"
    )
    kept = program.replace("Activity(folders(", "log = Activity(folders(").replace(".used(", "; log.used(")
    subprocess.run([sys.executable, "-c", kept], check=True, timeout=PATIENCE)
    folder = activity_folder(folders(environ={"HOME": str(tmp_path)}))
    assert [line.entry["account"] for line in chained_log.lines(folder) if line.entry] == ["a/b"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_leaves_the_parents_uses_to_it(log):
    """R7: nothing is written twice."""
    log.used(PEOPLE[0])
    child = os.fork()
    if child == 0:
        log.used(PEOPLE[1])
        log.flush()
        os._exit(0)
    os.waitpid(child, 0)
    log.flush()
    assert sorted(written(log)) == [f"used {PEOPLE[0]}", f"used {PEOPLE[1]}"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_writes_each_at_once(log):
    """It often ends by `os._exit`, as each job of RQ, and then the log would never tell what it was handed."""
    child = os.fork()
    if child == 0:
        log.used(PEOPLE[0])
        os._exit(0)
    os.waitpid(child, 0)
    assert written(log) == [f"used {PEOPLE[0]}"]


def test_a_log_that_cannot_be_written_fails_nobody(log, tmp_path):
    (tmp_path / ".local" / "state" / "tokenkit").mkdir(parents=True)
    Path(log.folder).write_text("no folder")
    log.used(PEOPLE[0])
    log.flush()
    log.record("signed_out", PEOPLE[0])


def test_the_memory_of_uses_is_bounded(log, monkeypatch):
    """R37: an account that was forgotten is looked up by its marker, and not written again."""
    monkeypatch.setattr(activity, "KNOWN", 10)
    for account in PEOPLE:
        log.used(account)
    log.flush()
    assert len(log._quiet) <= 10
    for account in PEOPLE:
        log.used(account)
    log.flush()
    assert len(written(log)) == len(PEOPLE)


def test_a_kit_that_is_closed_has_written_its_uses(tmp_path, monkeypatch):
    monkeypatch.setattr(uses_later, "PAUSE", 60.0)
    with ScriptedKit(tmp_path, background=True) as kit:
        kit.sign_in()
        kit.token("scripted")
    assert written(kit.activity)[-1] == "used scripted/me@example.com"


def test_a_kit_that_is_closed_keeps_no_thread_for_its_log(tmp_path, monkeypatch):
    """R37: nor one that is closed again and again, and asked in between."""
    monkeypatch.setattr(uses_later, "PAUSE", 60.0)
    monkeypatch.setattr(uses_later, "ENDS_WITHIN", PATIENCE)
    before = threading.enumerate()
    kit = ScriptedKit(tmp_path, background=True)
    kit.sign_in()
    for _ in range(2):
        kit.token("scripted")
        (writer,) = (each for each in threading.enumerate() if each not in before and each.name == "tokenkit-activity")
        kit.close()
        assert not writer.is_alive()
        kit.clock.advance(2 * 3600)


def test_a_program_that_asks_once_has_written_its_use_when_it_gets_the_token(tmp_path):
    kit = ScriptedKit(tmp_path)
    kit.sign_in()
    kit.token("scripted")
    assert written(kit.activity)[-1] == "used scripted/me@example.com"
