"""A refresh outlives whoever asked for it: Ctrl-C, the end of the program, a fork in the middle (R7)."""

import signal

import pytest

from held_answers import HELD
from patience import PATIENCE, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def slow_refresh(assistant):
    """The provider takes its time to answer."""
    assistant.expire()
    assistant.authority.next("token", delay=HELD)
    return assistant


def assert_session_lives(assistant, refreshes):
    assert assistant.refreshes() == refreshes
    assert assistant.kit().token("google")
    assert assistant.refreshes() == refreshes
    assistant.kit().refresh("google")


def test_ctrl_c_in_the_middle_of_a_refresh_loses_nothing(slow_refresh):
    process = slow_refresh.start("interrupted.py", "wait")
    assert process.stdout.readline() == "asking\n"
    wait_until(slow_refresh.refreshes)
    process.send_signal(signal.SIGINT)
    slow_refresh.answers.let_go()
    _, err = process.communicate(timeout=PATIENCE)
    assert "KeyboardInterrupt" in err
    assert_session_lives(slow_refresh, 1)


def test_a_program_that_ends_in_the_middle_of_a_refresh_waits_for_it(slow_refresh):
    process = slow_refresh.start("interrupted.py", "exit")
    assert process.stdout.readline() == "leaving\n"
    wait_until(slow_refresh.refreshes)
    slow_refresh.answers.let_go()
    out, err = process.communicate(timeout=PATIENCE)
    assert (out, err, process.returncode) == ("", "", 0)
    assert_session_lives(slow_refresh, 1)


def test_a_fork_in_the_middle_of_a_refresh_gives_parent_and_child_the_same_token(slow_refresh):
    process = slow_refresh.start("interrupted.py", "fork")
    wait_until(slow_refresh.refreshes)
    process.stdin.write("fork\n")
    process.stdin.flush()
    assert process.stdout.readline() == "forked in-the-middle\n"
    slow_refresh.answers.let_go()
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    said = dict(line.split() for line in out.splitlines())
    assert set(said) == {"parent", "child"}
    assert said["parent"] == said["child"]
    assert_session_lives(slow_refresh, 1)
