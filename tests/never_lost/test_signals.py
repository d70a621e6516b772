"""A command, or a host that asked for it, is ended while the answer of a refresh is on its way: nothing is lost (R7).

The provider has rotated when the signal is sent, and answers a moment later. It is strict: it ends the session when the
spent refresh token comes again. So the session lives if and only if the answer was awaited and saved.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tokenkit import Account

from held_answers import HELD
from patience import PATIENCE, wait_until

HERE = Path(__file__).parent
TOKENKIT = str(Path(sys.executable).with_name("tokenkit"))

COMMANDS = {
    "token": ("token", "google"),
    "token --json": ("token", "google", "--json"),
    "refresh": ("refresh", "google"),
    "request": ("request", "google", "GET", "API"),
    "audit": ("audit", "--online", "--refresh"),
}
ENDS = {"TERM": -signal.SIGTERM, "HUP": -signal.SIGHUP, "INT": 130, "QUIT": -signal.SIGQUIT, "KILL": -signal.SIGKILL}
"""What the command ends with: what it would have ended with at once, without what waits for the answer."""

FEW = [*(("token", name) for name in ENDS), ("request", "KILL"), ("audit", "KILL"), ("refresh", "TERM")]
ALL = [(command, name) for command in COMMANDS for name in ENDS]

ME = Account("google", "me@example.com")

pytestmark = pytest.mark.slow


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A few of the table; all of it under `make torture`."""
    if "command" in metafunc.fixturenames:
        metafunc.parametrize(("command", "name"), ALL if metafunc.config.getoption("--torture") else FEW)


@pytest.fixture
def slow(assistant):
    """The token has ended, and the next answer comes when it is let go."""
    assistant.expire()
    assistant.authority.next("token", delay=HELD)
    return assistant


def start(*command, **more):
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def wait_for(holds, process):
    def still_runs():
        assert process.poll() is None, process.communicate()
        return holds()

    wait_until(still_runs)


def wait_for_the_rotation(assistant, process):
    wait_for(lambda: assistant.refreshes() > 0, process)


def assert_session_lives(assistant):
    """The next caller waits for the lease and finds the new token; the refresh token that came with it serves."""
    assert assistant.kit().token("google")
    assert assistant.refreshes() == 1
    assistant.kit().refresh("google")


def test_a_signal_to_a_command_in_mid_refresh_loses_nothing(slow, command, name):
    """R7: `kill -9` neither; the exit code is that of the signal."""
    api = slow.kit().provider("google").token_endpoint.removesuffix("/token") + "/gmail/v1/users/me/messages"
    process = start(TOKENKIT, *(api if word == "API" else word for word in COMMANDS[command]))
    wait_for_the_rotation(slow, process)
    process.send_signal(getattr(signal, f"SIG{name}"))
    slow.answers.let_go()
    _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (ENDS[name], "")
    assert_session_lives(slow)


@pytest.mark.parametrize("name", ["TERM", "KILL"])
def test_a_signal_to_the_whole_process_group_loses_nothing(slow, name):
    """R7: as a shell's job control and many supervisors send it; the child is of another group."""
    process = start("sh", "-c", f'token=$({TOKENKIT} token google); echo "$token"', start_new_session=True)
    wait_for_the_rotation(slow, process)
    os.killpg(process.pid, getattr(signal, f"SIG{name}"))
    slow.answers.let_go()
    process.communicate(timeout=PATIENCE)
    assert_session_lives(slow)


def test_a_time_out_in_mid_refresh_loses_nothing(assistant):
    """R7: ``timeout 5 tokenkit token google`` in a script. With KILL nobody waits for the answer."""
    you = Account("google", "you@example.com")
    assistant.sign_in(you.name)
    for account in (ME, you):
        assistant.expire(account)
        assistant.authority.next("token", delay=HELD)
    told = start("timeout", "3", TOKENKIT, "token", str(ME))
    wait_until(lambda: assistant.refreshes() or told.poll() is not None)
    killed = start("timeout", "-s", "KILL", "3", TOKENKIT, "token", str(you))
    assert killed.communicate(timeout=PATIENCE)[0] == ""
    assistant.answers.let_go()  # the other was told to end before: its time began first
    assert told.communicate(timeout=PATIENCE)[0] == ""
    assert (told.returncode, killed.returncode) == (124, -signal.SIGKILL)
    for account in (ME, you):
        assert assistant.kit().token(str(account))
    assert assistant.refreshes() == 2
    for account in (ME, you):
        assistant.kit().refresh(str(account))


def test_a_terminal_that_is_closed_in_mid_refresh_loses_nothing(slow):
    """R7: the command leads its session there, and gets the hang-up."""
    process = start(sys.executable, str(HERE / "on_terminal.py"), TOKENKIT, "token", "google", stdin=subprocess.PIPE)
    wait_for_the_rotation(slow, process)
    process.stdin.close()
    process.stdin = None  # for `communicate`
    assert process.stdout.readline() == "closed\n"
    slow.answers.let_go()
    out, err = process.communicate(timeout=PATIENCE)
    assert (out.strip(), err) == (str(-signal.SIGHUP), "")
    assert_session_lives(slow)


def test_a_command_that_waits_for_the_lease_ends_at_once(assistant):
    """R7: nothing was sent, so nothing is awaited, and nothing is sent afterwards."""
    assistant.expire()
    assistant.authority.next("token", delay=HELD)
    holder = start(TOKENKIT, "token", "google")
    wait_for_the_rotation(assistant, holder)
    waiter = start("timeout", "1", TOKENKIT, "refresh", "google")
    waiter.communicate(timeout=PATIENCE)
    assert waiter.returncode == 124
    assistant.answers.let_go()
    assert holder.communicate(timeout=PATIENCE)[0]
    assert_session_lives(assistant)


@pytest.mark.parametrize("name", ["TERM", "HUP", "INT"])
def test_a_signal_in_mid_sign_in_loses_neither_the_code_nor_the_account(assistant, name):
    """R18: the code is exchanged once; what it brings is saved (R7)."""
    before = assistant.kit().records.get(ME).grant.refresh_token
    begun, _ = start(TOKENKIT, "login", "google", "--print-url").communicate(timeout=PATIENCE)
    answer = assistant.authority.approve(begun.strip(), as_user="me@example.com")
    assistant.authority.next("token", delay=HELD)
    asked = assistant.authority.counters["google token authorization_code"]
    process = start(TOKENKIT, "login", "--complete", stdin=subprocess.PIPE)
    process.stdin.write(answer + "\n")
    process.stdin.flush()
    wait_for(lambda: assistant.authority.counters["google token authorization_code"] > asked, process)
    process.send_signal(getattr(signal, f"SIG{name}"))
    assistant.answers.let_go()
    process.communicate(timeout=PATIENCE)
    assert process.returncode == ENDS[name]
    assert assistant.kit().records.get(ME).grant.refresh_token != before
    assistant.kit().refresh("google")


@pytest.mark.parametrize("name", ["TERM", "HUP", "INT"])
def test_a_signal_in_mid_sign_out_leaves_no_account_that_was_revoked(assistant, name):
    """R19: revoked, then removed, and not the one without the other."""
    assistant.authority.next("revoke", delay=HELD)
    process = start(TOKENKIT, "logout", "google", "--yes")
    wait_for(lambda: assistant.authority.counters["google revoke"] > 0, process)
    process.send_signal(getattr(signal, f"SIG{name}"))
    assistant.answers.let_go()
    process.communicate(timeout=PATIENCE)
    assert process.returncode == ENDS[name]
    assert assistant.kit().accounts() == []


@pytest.mark.parametrize("name", ["TERM", "HUP"])
@pytest.mark.parametrize("host", ["main", "thread", "background", "asyncio"])
def test_a_host_of_the_library_that_asks_for_it_finishes_before_it_dies_of_a_signal(slow, host, name):
    """R7: `finish_on_signals`; without it these signals are the host's own."""
    process = slow.start("finishing.py", host)
    wait_for_the_rotation(slow, process)
    process.send_signal(getattr(signal, f"SIG{name}"))
    slow.answers.let_go()
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out, err) == (ENDS[name], "", "")
    assert_session_lives(slow)


@pytest.mark.parametrize("name", ["TERM", "HUP"])
def test_a_dashboard_that_is_ended_while_a_thread_of_its_server_asks_loses_nothing(slow, name):
    """R7: it waits for what is under way, and dies of the signal then, without a word."""
    process = slow.start("finishing.py", "dashboard")
    wait_for_the_rotation(slow, process)
    process.send_signal(getattr(signal, f"SIG{name}"))
    slow.answers.let_go()
    _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err.count("\n")) == (ENDS[name], 1), err
    assert_session_lives(slow)


def test_a_pool_whose_processes_ask_for_it_loses_nothing_where_it_ends_them(slow):
    """R7: `multiprocessing.Pool` sends them SIGTERM at the end of its ``with``, whatever they still do."""
    process = slow.start("finishing.py", "pool")
    wait_for_the_rotation(slow, process)
    process.stdin.write("\n")
    process.stdin.flush()
    slow.answers.let_go()
    assert process.communicate(timeout=PATIENCE) == ("", "")
    assert_session_lives(slow)


def test_a_server_that_closes_its_kit_when_it_shuts_down_loses_nothing(slow):
    """R7: uvicorn dies of SIGTERM by its default action once the application has shut down."""
    process = slow.start("finishing.py", "lifespan")
    wait_for_the_rotation(slow, process)
    process.send_signal(signal.SIGTERM)
    slow.answers.let_go()
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out, err) == (ENDS["TERM"], "", "")
    assert_session_lives(slow)


STORM = (None, None, "KILL", "TERM", "HUP", "KILL")
"""What the commands of a round get: two of them are left alone."""


def test_a_storm_of_commands_that_are_ended_at_random_moments_loses_nothing(assistant, rounds):
    """R7: one request a round, and the session lives after each."""
    moments = random.Random(7)
    for number in range(1, rounds(2, 40) + 1):
        assistant.expire()
        assistant.authority.next("token", delay=moments.uniform(0, 0.3))
        processes = [start(TOKENKIT, "token", "google") for _ in STORM]
        for process, name in zip(processes, STORM, strict=True):
            if name is not None:
                time.sleep(moments.uniform(0, 0.3))
                process.send_signal(getattr(signal, f"SIG{name}"))
        ended = [process.communicate(timeout=PATIENCE)[0] for process in processes]
        outputs = {out for out, name in zip(ended, STORM, strict=True) if name is None}
        assert len(outputs) == 1
        assert outputs != {""}
        assert assistant.refreshes() == number


def test_a_command_killed_at_each_of_its_system_calls_loses_nothing(assistant, rounds, tmp_path):
    """R7: from the fork on, the command itself is not needed. A few calls here, each under `make torture`."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: apt-get install strace")
    log = tmp_path / "calls"
    assistant.expire()
    start("strace", "-qq", "-o", str(log), TOKENKIT, "token", "google").communicate(timeout=PATIENCE)
    calls = [line.partition("(")[0] for line in log.read_text().splitlines() if "(" in line and line[0].isalpha()]
    forked = max(number for number, call in enumerate(calls) if call in ("clone", "clone3", "fork", "vfork"))
    points = [(call, calls[: number + 1].count(call)) for number, call in enumerate(calls) if number > forked]
    points = [point for point in points if point[0] not in ("exit_group", "rt_sigreturn")]
    assert len(points) > 10
    for call, when in points if rounds(0, 1) else points[:: len(points) // 4]:
        assistant.expire()
        before = assistant.refreshes()
        inject = ("-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={when}")
        start("strace", "-qq", "-o", "/dev/null", *inject, TOKENKIT, "token", "google").communicate(timeout=PATIENCE)
        assert assistant.kit().token("google"), (call, when)
        assert assistant.refreshes() == before + 1, (call, when)
