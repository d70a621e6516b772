"""``tokenkit log``: who was handed what, for people and programs, and whether it is whole."""

import json
import os
import time

import pytest
from tokenkit import chained_log, use_markers
from tokenkit.account import Account
from tokenkit.activity import Activity
from tokenkit.cli import log as command
from tokenkit.cli.app import main
from tokenkit.paths import activity_folder, folders

GOOGLE = Account("google", "me@example.com")
SPOTIFY = Account("spotify", "me")
ALICE = Account("google", "alice@example.com", "alice")


@pytest.fixture
def log(capsys, monkeypatch):
    """Run the command in this process; returns exit code, stdout and stderr."""
    monkeypatch.setattr(use_markers, "program", lambda: "agenda")

    def run(*arguments, before=()):
        code = 0
        try:
            main([*before, "log", *arguments])
        except SystemExit as end:
            code = end.code or 0
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def written(log):
    """Four events, the first of them two days ago."""
    now = time.time()
    Activity(folders(), now=lambda: now - 2 * 86400).record("signed_in", GOOGLE)
    Activity(folders(), now=lambda: now - 60, tool="calendar").used(GOOGLE, ["read", "write"])
    Activity(folders(), now=lambda: now - 50).record("refresh_failed", SPOTIFY, error="ProviderUnavailable")
    Activity(folders(), now=lambda: now - 40).record("signed_in", ALICE)
    return now


def events(out):
    return [json.loads(line)["event"] for line in out.splitlines()]


def test_an_empty_log_prints_nothing_and_says_what_comes_next(log):
    assert log()[:2] == (0, "")
    assert "tokenkit login" in log()[2]


def test_a_line_for_people_says_when_what_whose_and_by_whom(written, log):
    lines = log()[1].splitlines()
    at = time.strftime("%Y-%m-%d %H:%M", time.localtime(written - 60))
    assert lines[1].startswith(at)
    assert lines[1].split()[2:] == ["used", "google/me@example.com", "agenda/calendar", "scopes=read,write"]
    assert lines[2].split()[2:] == ["refresh_failed", "spotify/me", "agenda", "error=ProviderUnavailable"]
    assert lines[3].split()[3:5] == ["google/alice@example.com", "(alice)"]


def test_json_is_one_object_a_line(written, log):
    first, *_ = map(json.loads, log("--json")[1].splitlines())
    assert first["v"] == 1
    assert first["account"] == "google/me@example.com"
    assert "chain" not in first


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--account", "google/me@example.com"], ["signed_in", "used"]),
        (["--account", "google"], ["signed_in", "used", "signed_in"]),
        (["--account", "goo"], []),
        (["--since", "1d"], ["used", "refresh_failed", "signed_in"]),
        (["--since", "1d", "--account", "spotify"], ["refresh_failed"]),
    ],
)
def test_the_log_is_narrowed_by_account_and_time(written, log, arguments, expected):
    assert events(log("--json", *arguments)[1]) == expected


def test_one_owner_sees_only_their_own(written, log):
    assert events(log("--json", before=["--owner", "alice"])[1]) == ["signed_in"]


def test_a_log_that_is_whole_is_verified(written, log):
    assert log("--verify") == (0, "", "4 lines, all sound.\n")
    assert json.loads(log("--verify", "--json")[1]) == {"version": 1, "lines": 4, "broken": []}


def test_an_edited_log_ends_with_1_and_the_place(written, log):
    path = chained_log.segments(activity_folder(folders()))[-1]
    with open(path) as file:
        text = file.read()
    with open(path, "w") as file:
        file.write(text.replace("refresh_failed", "refreshed"))
    segment = os.path.basename(path)
    code, out, err = log("--verify", "--json")
    assert (code, err) == (1, "")
    assert json.loads(out)["broken"] == [{"segment": segment, "line": 3}]
    assert log("--verify")[2].startswith(f"{segment}:3: ")


def test_verify_takes_no_other_option(log):
    assert log("--verify", "--since", "1d")[0] == 2


def test_a_span_that_makes_no_sense_is_refused(log):
    assert log("--since", "yesterday")[0] == 2


def test_following_prints_what_is_added_and_nothing_twice(written, log, monkeypatch):
    rounds = iter(("more", "nothing new", "stop"))

    def sleep(seconds):
        step = next(rounds)
        if step == "more":
            Activity(folders()).record("signed_out", GOOGLE, revoked=True)
        if step == "stop":
            raise KeyboardInterrupt

    monkeypatch.setattr(command.time, "sleep", sleep)
    code, out, _ = log("--follow", "--json")
    assert code == 130
    assert events(out) == ["signed_in", "used", "refresh_failed", "signed_in", "signed_out"]


def test_what_is_printed_cannot_steer_the_terminal(log):
    Activity(folders()).record("signed_in", Account("google", "x\x1b[2J"))
    assert "\x1b" not in log()[1]
