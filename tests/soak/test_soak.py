"""Ten minutes of tokens that live two seconds, under the real clock: `make soak`, and nothing else, runs this."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from tokenkit import TokenKit
from tokenkit.sandbox import CLIENTS, Authority, serve

HERE = Path(__file__).parent
SECONDS = float(os.environ.get("SOAK_SECONDS", "600"))
ACCOUNTS = 200
PROCESSES = 8
COROUTINES = 50

WARM_UP = 1 / 5
"""The part of the time that is not looked at: imports, pools and tables are filled in it."""

GROWTH = {"memory": (1.05, 2048), "descriptors": (1, 4), "threads": (1, 4)}
"""By how much the second half of the rest may exceed the first, each by its median: a factor, and so much more."""

Found = dict[str, Any]


@pytest.fixture
def authority(home: Path, monkeypatch: pytest.MonkeyPatch):
    client = CLIENTS["google"]
    assert client.client_secret is not None
    monkeypatch.setenv("TOKENKIT_GOOGLE_CLIENT_ID", client.client_id)
    monkeypatch.setenv("TOKENKIT_GOOGLE_CLIENT_SECRET", client.client_secret.reveal())
    authority = Authority(access_lifetime=2.0, rotating=("google",))
    with serve(authority) as sandbox:
        config = home / ".config" / "tokenkit"
        config.mkdir(parents=True)
        (config / "config.toml").write_text(f'[providers.google]\nbase_url = "{sandbox.base_url}/google"\n')
        kit = TokenKit(background=False)
        for number in range(ACCOUNTS):
            pending = kit.begin("google", redirect_uri="http://127.0.0.1:9/callback/google", binding="b")
            kit.complete(authority.approve(pending.url, as_user=f"me{number}@example.com"), binding="b")
        yield authority


@pytest.mark.soak
def test_two_hundred_accounts_lose_nothing_and_leak_nothing(authority, home: Path, capsys) -> None:
    """Seven processes of threads and one of fifty coroutines: no error, no token past its end, nothing that grows."""
    found = ask_in_processes(time.time() + SECONDS)
    refreshes = authority.counters["google token refresh_token"]
    locks = lock_files(home)
    print(json.dumps(found), dict(authority.counters))
    with capsys.disabled():
        print(f"\n{summary(found, refreshes, locks)}")
    for process in found:
        assert process["errors"] == {}
        assert process["ended"] == {}
        assert process["calls"] > SECONDS
        assert sum(process["ended on the way"].values()) <= process["calls"] / 100
    assert [grown(process["samples"]) for process in found] == [{}] * PROCESSES
    assert refreshes > ACCOUNTS * SECONDS / 20
    kit = TokenKit(background=False)
    authority.lifetimes.change(access=3600.0)
    for account in kit.accounts():
        assert kit.refresh(str(account)), f"the session of {account} is lost"
    assert lock_files(home) <= ACCOUNTS * 2 + 10
    assert not list((home / ".tokenkit" / "tokens").rglob("*.new"))


@pytest.mark.parametrize(
    ("what", "each", "leaks"),
    [("descriptors", 0.5, True), ("threads", 0.5, True), ("memory", 250, True), ("memory", 50, False)],
)
def test_what_grows_step_by_step_is_told_from_what_comes_and_goes(what: str, each: float, leaks: bool) -> None:
    """Not timed: the judgement of the soak, on figures that are made up."""
    steady = [{"memory": 60_000 + 900 * (n % 5), "descriptors": 12 + n % 7, "threads": 40 - n % 3} for n in range(59)]
    assert grown(steady) == {}
    leaking = [{**sample, what: sample[what] + int(each * n)} for n, sample in enumerate(steady)]
    assert set(grown(leaking)) == ({what} if leaks else set())


def ask_in_processes(until: float) -> list[Found]:
    """What each of them saw, the first with coroutines and the others with threads."""
    started = [
        subprocess.Popen(
            [sys.executable, str(HERE / "asking.py"), str(until), str(ACCOUNTS), str(COROUTINES if first else 0)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for first in (True, *[False] * (PROCESSES - 1))
    ]
    said = [process.communicate(timeout=SECONDS + 120)[0] for process in started]
    assert [process.returncode for process in started] == [0] * PROCESSES
    return [json.loads(out) for out in said]


def lock_files(home: Path) -> int:
    return sum(path.is_file() for path in (home / ".tokenkit" / "tokens" / ".locks").rglob("*"))


def halves(samples: list[dict[str, int]], what: str) -> tuple[float, float]:
    """The medians of the first and the second half, once the warm-up is over."""
    settled = [sample[what] for sample in samples[round(len(samples) * WARM_UP) :]]
    middle = len(settled) // 2
    return median(settled[:middle]), median(settled[middle:])


def grown(samples: list[dict[str, int]]) -> dict[str, tuple[float, float]]:
    """What leaks, with both medians."""
    found = {what: halves(samples, what) for what in GROWTH}
    return {what: (a, b) for what, (a, b) in found.items() if b > a * GROWTH[what][0] + GROWTH[what][1]}


def summary(found: list[Found], refreshes: int, locks: int) -> str:
    """One line: everything that happened, and each resource in the process where it grew most."""

    def total(what: str) -> int:
        return sum(sum(process[what].values()) for process in found)

    def most(what: str, unit: float = 1) -> str:
        first, second = max((halves(process["samples"], what) for process in found), key=lambda pair: pair[1] - pair[0])
        return f"{what} {first / unit:.4g} -> {second / unit:.4g}"

    return (
        f"soak of {SECONDS:g} s: {sum(process['calls'] for process in found)} calls, {refreshes} refreshes, "
        f"{total('errors')} errors, {total('ended')} ended, {total('ended on the way')} ended on the way "
        f"(the slowest call {max(process['slowest'] for process in found):.2f} s), {locks} lock files; first half -> "
        f"second half, where it grew most: {most('memory', 1024)} MB, {most('descriptors')}, {most('threads')}"
    )
