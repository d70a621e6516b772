"""Many processes and one expired token, at a server that rotates refresh tokens and ends the session on reuse."""

import importlib
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from libraries import NAMES, SCOPE, There, environment
from place import CLIENT, Place, place
from tokenkit.provider import Request

HERE = Path(__file__).parent

SETTLED = 2.1
"""Seconds from the last write to the storm: a token that has just ended was written long ago."""


@dataclass
class Outcome:
    """What became of one library over all runs."""

    library: str
    requests: list[int] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)
    survived: int = 0
    runs: int = 0
    milliseconds: list[float] = field(default_factory=list)
    kills: int = 0
    torn: int = 0


def storms(processes: int, callers: int, runs: int) -> list[Outcome]:
    """The same storm for each library, in turn."""
    outcomes = {name: Outcome(name) for name in NAMES}
    for _ in range(runs):
        for name, module in NAMES.items():
            with tempfile.TemporaryDirectory() as home, place(home) as here:
                storm(outcomes[name], module, here, processes, callers)
    return list(outcomes.values())


def storm(outcome: Outcome, module: str, here: Place, processes: int, callers: int) -> None:
    there = seeded(module, here)
    command = [sys.executable, str(HERE / "caller.py"), module, str(callers)]
    env = environment(there) | here.environ
    started = [
        subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", module
    if module == "ours":
        here.expire()  # it has warmed up by a refresh
    before = refreshes(here)
    at = time.time() + SETTLED
    answers = []
    for process in started:
        assert process.stdin is not None
        process.stdin.write(f"{at}\n")
        process.stdin.flush()
    for process in started:
        out, _ = process.communicate(timeout=120)
        answers.append(json.loads(out))
    results = [result for answer in answers for result in answer["results"]]
    outcome.runs += 1
    outcome.requests.append(refreshes(here) - before)
    outcome.failed.append(sum(result.startswith("!") for result in results))
    outcome.milliseconds.append((max(answer["ended"] for answer in answers) - at) * 1e3)
    outcome.survived += lives(module, there, here)


def seeded(module: str, here: Place) -> There:
    """An expired token in the library's own file, with a refresh token that is good."""
    assert CLIENT.client_secret is not None
    home = here.environ["HOME"]
    path = home if module == "ours" else os.path.join(home, "token.json")
    there = There(path, here.token_url, CLIENT.client_id, CLIENT.client_secret.reveal())
    if module != "ours":
        importlib.import_module(f"libraries.{module}").seed(there, here.new_refresh_token())
    return there


def refreshes(here: Place) -> int:
    return here.authority.counters["google token refresh_token"]


def lives(module: str, there: There, here: Place) -> bool:
    """Whether the refresh token that is stored in the end still serves."""
    if module == "ours":
        try:
            here.kit().refresh("google/me@example.com")
        except Exception:  # noqa: BLE001 - whatever it is, the session is gone
            return False
        return True
    try:
        token = importlib.import_module(f"libraries.{module}").refresh_token(there)
    except Exception:  # noqa: BLE001 - a file that cannot be read is a session that is lost
        return False
    fields = {"grant_type": "refresh_token", "refresh_token": token, "scope": SCOPE}
    fields |= {"client_id": there.client_id, "client_secret": there.client_secret}
    return here.authority.handle(Request.form(there.token_url, fields)).status == 200


def kills(outcomes: list[Outcome], number: int) -> None:
    """Kill a process that saves over and over, at random moments, and see whether what it left can be read."""
    for outcome in outcomes:
        module = NAMES[outcome.library]
        with tempfile.TemporaryDirectory() as home, place(home) as here:
            there = seeded(module, here)
            command = [sys.executable, str(HERE / "killed.py"), module, str(number)]
            env = environment(there) | here.environ
            done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=600)
            assert done.returncode == 0, done.stderr
            outcome.kills, outcome.torn = number, int(done.stdout)


def markdown(outcomes: list[Outcome]) -> str:
    head = "| | refresh requests | callers failed | session survives | wall time, ms |\n|---|---|---|---|---|\n"
    return head + "".join(
        f"| {one.library} | {statistics.median(one.requests):g} | {statistics.median(one.failed):g} "
        f"| {one.survived} of {one.runs} | {statistics.median(one.milliseconds):,.0f} |\n"
        for one in outcomes
    )


def kills_markdown(outcomes: list[Outcome]) -> str:
    head = "| | killed while saving | unreadable, or locked until a person helps |\n|---|---|---|\n"
    return head + "".join(f"| {one.library} | {one.kills} | {one.torn} |\n" for one in outcomes)


def kill_once(child: int) -> None:
    time.sleep(random.uniform(0.0005, 0.006))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
