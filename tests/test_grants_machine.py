"""The state of a lease names the machines that refreshed, and tells when two take turns (R8)."""

import pytest
from tokenkit.grants import refresh
from tokenkit.grants.machine import TURNS_COUNT_FOR, Machine, Turns, this_machine
from tokenkit.grants.refresh_state import RefreshState

from scripted import ScriptedKit, expire

HERE, THERE, NEW = Machine("1", "desk"), Machine("2", "laptop"), Machine("3", "desk")
ME = "scripted/me@example.com"


def after(*machines, now=1e9):
    turns = Turns()
    for machine in machines:
        turns = turns.then(machine, now)
    return turns


@pytest.mark.parametrize(
    ("machines", "names"),
    [
        ((HERE,), ()),
        ((HERE, HERE), ()),
        ((HERE, THERE), ()),
        ((HERE, THERE, HERE), ("desk", "laptop")),
        ((HERE, THERE, HERE, HERE), ("desk", "laptop")),
        ((HERE, NEW, THERE), ()),
        ((HERE, THERE, NEW, HERE), ("desk", "desk")),
    ],
)
def test_two_take_turns_once_one_that_was_there_before_comes_back(machines, names):
    """R8: a new machine, or a container that is new at each start, takes no turn."""
    assert after(*machines).taking(1e9 + 1) == names


def test_turns_are_forgotten_after_a_week_in_which_none_was_taken():
    turns = after(HERE, THERE, HERE)
    assert turns.taking(1e9 + TURNS_COUNT_FOR - 1)
    assert turns.taking(1e9 + TURNS_COUNT_FOR) == ()


def test_they_are_kept_with_the_note_and_a_few_machines_at_most():
    note = RefreshState()
    for number in range(20):
        note = note.begun(float(number), Machine(str(number), "m")).ended(number)
    assert len(note.turns.machines) == 4
    assert RefreshState.from_bytes(note.to_bytes()) == note


@pytest.mark.parametrize("record", [b"1", b"[]", b"[1,2]", b'["x",["1","2"]]', b'[null,["1"]]', b'{"a":1}'])
def test_a_note_with_turns_that_cannot_be_read_is_as_good_as_none(record):
    assert RefreshState.from_bytes(b'{"turns":' + record + b"}").turns == Turns()


def test_this_machine_is_the_same_each_time_and_has_its_name():
    assert this_machine() == this_machine()
    assert this_machine().name


def test_the_status_names_two_machines_that_refresh_in_turns(tmp_path, monkeypatch):
    """R8: and nothing is refused."""
    kit = ScriptedKit(tmp_path)
    kit.sign_in()
    for machine in (HERE, THERE, HERE):
        assert kit.status(ME).taking_turns == ()
        monkeypatch.setattr(refresh, "this_machine", lambda machine=machine: machine)
        expire(kit)
        kit.token(ME)
    assert kit.status(ME).taking_turns == ("desk", "laptop")
    assert kit.scripted.refreshes == 3
