"""Which program was handed which account's token: once an hour, over all processes, and never in a caller's way."""

import asyncio
import json
import os
import stat
import sys
import types
from concurrent.futures import ThreadPoolExecutor

import pytest
from tokenkit import chained_log, use_markers
from tokenkit.account import Account
from tokenkit.activity import RETRY, Activity
from tokenkit.async_kit import AsyncTokenKit
from tokenkit.errors import ProviderUnavailable
from tokenkit.grants.refresh_job import RefreshJob
from tokenkit.paths import activity_folder, folders
from tokenkit.testing.clock import Clock

from scripted import ScriptedKit

ME = Account("google", "me@example.com")
HOUR = use_markers.INTERVAL


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(autouse=True)
def _called_agenda(monkeypatch):
    monkeypatch.setattr(use_markers, "program", lambda: "agenda")


def open_log(clock, **options):
    return Activity(folders(), now=clock.now, **options)


def entries():
    return [line.entry for line in chained_log.lines(activity_folder(folders()))]


def events():
    return [entry["event"] for entry in entries()]


def configured(text):
    path = os.path.join(folders().config, "config.toml")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    return path


def test_a_line_says_when_who_and_what(clock):
    open_log(clock, tool="calendar").used(Account("google", "me@example.com", "alice"), ["b", "a"])
    (entry,) = entries()
    assert entry == {
        "v": 1,
        "at": clock.now(),
        "event": "used",
        "account": "google/me@example.com",
        "owner": "alice",
        "program": "agenda",
        "tool": "calendar",
        "scopes": ["a", "b"],
        "prev": "",
    }


def test_a_use_is_written_once_an_hour_however_many_processes_ask(clock):
    for _ in range(3):
        log = open_log(clock)  # as a new process has it
        for _ in range(3):
            log.used(ME)
    assert len(entries()) == 1
    clock.advance(HOUR)
    log.used(ME)
    assert len(entries()) == 2


def test_within_the_hour_a_use_is_a_look_at_memory(clock, monkeypatch):
    log = open_log(clock)
    log.used(ME)
    monkeypatch.setattr(os, "stat", lambda *_: pytest.fail("the disk was looked at"))
    log.used(ME)


def test_each_program_tool_account_owner_and_set_of_scopes_is_written(clock, monkeypatch):
    log = open_log(clock)
    log.used(ME)
    log.used(ME._replace(name="other"))
    log.used(ME._replace(owner="alice"))
    log.used(ME, ["read"])
    open_log(clock, tool="calendar").used(ME)
    monkeypatch.setattr(use_markers, "program", lambda: "mailer")
    open_log(clock).used(ME)
    assert len(entries()) == 6


def test_scopes_that_were_written_within_the_hour_are_not_written_again(clock):
    open_log(clock).used(ME, ["read", "write"])
    open_log(clock).used(ME, ["read"])
    open_log(clock).used(ME)
    assert len(entries()) == 1


def test_many_threads_that_ask_at_once_write_one_line(clock):
    logs = [open_log(clock) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda log: log.used(ME), logs))
    assert len(entries()) == 1


def test_a_clock_that_was_stepped_back_does_not_silence_the_log(clock):
    log = open_log(clock)
    log.used(ME)
    clock.advance(-10 * HOUR)
    log.used(ME)
    assert len(entries()) == 2


def test_the_environment_switches_it_off(clock):
    log = open_log(clock, environ={"TOKENKIT_ACTIVITY": "off"})
    log.used(ME)
    log.record("signed_in", ME)
    assert not os.path.exists(folders().state)


def test_an_app_has_a_switch_of_its_own(clock):
    open_log(clock, app="pocketpaw", environ={"TOKENKIT_ACTIVITY": "off"}).record("signed_in", ME)
    assert events() == ["signed_in"]


def test_the_configuration_switches_it_off(clock):
    configured("activity = false")
    log = open_log(clock, allowed=lambda: False)
    log.used(ME)
    log.record("signed_in", ME)
    assert entries() == []


def test_the_configuration_is_not_read_where_there_is_none_or_nothing_is_due(clock):
    open_log(clock, allowed=lambda: pytest.fail("was asked")).used(ME)
    configured("")
    open_log(clock, allowed=lambda: pytest.fail("was asked")).used(ME)


def test_a_log_that_cannot_be_written_fails_nobody_and_is_tried_again(clock):
    os.makedirs(folders().state)
    path = activity_folder(folders())
    with open(path, "w"):
        pass  # a file where the folder should be
    log = open_log(clock)
    log.used(ME)
    log.record("signed_in", ME)
    os.unlink(path)
    log.used(ME)
    assert entries() == []
    clock.advance(RETRY)
    log.used(ME)
    assert events() == ["used"]


def test_nothing_is_due_after_a_use_for_an_hour(clock):
    def due():
        return use_markers.due(folders(), ME, now=clock.now(), app="tokenkit", environ=os.environ)

    assert due()
    open_log(clock).used(ME)
    assert not due()
    clock.advance(HOUR)
    assert due()


def test_nothing_is_due_where_the_environment_says_off(clock):
    environ = {"TOKENKIT_ACTIVITY": "off"}
    assert not use_markers.due(folders(), ME, now=clock.now(), app="tokenkit", environ=environ)


def test_nothing_is_due_where_the_configuration_says_off_until_it_is_edited(clock):
    def due():
        return use_markers.due(folders(), ME, now=clock.now(), app="tokenkit", environ=os.environ)

    path = configured("activity = false")
    open_log(clock, allowed=lambda: False).used(ME)
    assert not due()
    clock.advance(5 * HOUR)
    assert not due()
    os.utime(path, (1, 1))
    assert due()


def test_the_marker_of_a_log_that_is_off_says_nothing_about_the_use(clock):
    path = configured("activity = false")
    open_log(clock, allowed=lambda: False).used(ME, ["read"])
    (marker,) = (os.path.join(base, name) for base, _, names in os.walk(folders().state) for name in names)
    assert os.stat(marker).st_mtime_ns == os.stat(path).st_mtime_ns
    assert os.path.getsize(marker) == 0


def test_events_carry_their_details_and_long_ones_are_cut(clock):
    open_log(clock).record("refresh_failed", ME, error="ProviderUnavailable", note="x" * 1000, again=True)
    (entry,) = entries()
    assert (entry["error"], len(entry["note"]), entry["again"]) == ("ProviderUnavailable", 200, True)


def test_an_event_may_be_about_no_account(clock):
    open_log(clock, owner="alice").record("key_changed", generation=2)
    (entry,) = entries()
    assert "account" not in entry
    assert (entry["owner"], entry["generation"]) == ("alice", 2)


def test_the_program_is_a_name_and_never_its_arguments(monkeypatch):
    """R35: a command line may hold a secret."""
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "__main__", types.SimpleNamespace(__spec__=None))
    monkeypatch.setattr(sys, "argv", ["/opt/tools/my agenda.py", "--secret=s3cret"])
    assert use_markers.program() == "my_agenda.py"
    monkeypatch.setattr(sys, "argv", ["-c", "s3cret"])
    assert use_markers.program() == "python"
    monkeypatch.setitem(
        sys.modules, "__main__", types.SimpleNamespace(__spec__=types.SimpleNamespace(name="a.__main__"))
    )
    assert use_markers.program() == "a"


def test_everything_below_the_folder_is_private_under_any_umask(clock):
    before = os.umask(0)
    try:
        open_log(clock).used(ME, ["read"])
    finally:
        os.umask(before)
    walked = list(os.walk(activity_folder(folders())))
    assert any(names for _, _, names in walked)
    for base, inner, names in walked:
        assert all(stat.S_IMODE(os.stat(os.path.join(base, name)).st_mode) == 0o700 for name in inner)
        assert all(stat.S_IMODE(os.stat(os.path.join(base, name)).st_mode) == 0o600 for name in names)


def test_a_line_is_bounded_whatever_is_asked(clock):
    open_log(clock, tool="t" * 500).used(ME, [f"{number:0500}" for number in range(500)])
    (entry,) = entries()
    assert len(json.dumps(entry)) < 16_000


def test_names_that_no_file_could_have_fail_nobody(clock):
    open_log(clock).used(Account("google", "x" * 500))
    assert entries() == []


@pytest.fixture
def kit(home):
    return ScriptedKit(home, tool="calendar")


def logged(kit):
    return [line.entry for line in chained_log.lines(kit.activity.folder)]


def test_a_sign_in_a_use_a_refresh_and_a_sign_out_are_written(kit):
    kit.sign_in()
    kit.token("scripted", scopes=["read"])
    kit.clock.advance(7200)
    kit.token("scripted")
    kit.logout("scripted")
    told = [(entry["event"], entry.get("scopes")) for entry in logged(kit)]
    assert told == [
        ("signed_in", None),
        ("used", ["read"]),
        ("refreshed", None),
        ("used", None),
        ("signed_out", None),
    ]
    assert {entry["account"] for entry in logged(kit)} == {"scripted/me@example.com"}
    assert {entry["tool"] for entry in logged(kit)} == {"calendar"}
    assert logged(kit)[-1]["revoked"] is True


def test_many_calls_are_one_line(kit):
    kit.sign_in()
    for _ in range(50):
        kit.token("scripted")
        kit.clock.advance(2)
    assert [entry["event"] for entry in logged(kit)] == ["signed_in", "used"]


def test_a_failed_refresh_is_written_once_however_many_callers_share_the_failure(kit):
    kit.sign_in()
    kit.clock.advance(7200)
    kit.scripted.will(*[ProviderUnavailable("down", sent=False)])
    for _ in range(5):
        with pytest.raises(ProviderUnavailable):
            kit.token("scripted")
    assert [(entry["event"], entry.get("error")) for entry in logged(kit)] == [
        ("signed_in", None),
        ("refresh_failed", "ProviderUnavailable"),
    ]


def test_a_refresh_that_nobody_waits_for_is_no_use(home):
    kit = ScriptedKit(home, background=True)
    kit.sign_in()
    kit.clock.advance(3400)
    kit.token("scripted")
    kit.refresher.renew(Account("scripted", "me@example.com"), RefreshJob(early=True)).result()
    kit.activity.flush()
    assert sorted(entry["event"] for entry in logged(kit)) == ["refreshed", "signed_in", "used"]


def test_no_line_holds_a_secret(kit):
    """R35: the log holds names and numbers only."""
    kit.sign_in()
    kit.token("scripted")
    kit.clock.advance(7200)
    kit.token("scripted")
    (path,) = chained_log.segments(kit.activity.folder)
    with open(path) as file:
        text = file.read()
    assert '"event":"refreshed"' in text
    assert not any(secret in text for secret in ("access-", "refresh-", "state", "https://", os.getcwd()))


def test_the_configuration_of_the_kit_switches_it_off(home):
    kit = ScriptedKit(home)
    os.makedirs(kit.folders.config)
    with open(os.path.join(kit.folders.config, "config.toml"), "w") as file:
        file.write("activity = false\n")
    kit.sign_in()
    kit.token("scripted")
    assert logged(kit) == []


def test_an_async_kit_writes_the_same(home):
    async def life():
        kit = AsyncTokenKit(kit=ScriptedKit(home))
        await asyncio.to_thread(kit.sync.sign_in)
        await kit.token("scripted")
        return kit.sync

    assert [entry["event"] for entry in logged(asyncio.run(life()))] == ["signed_in", "used"]
