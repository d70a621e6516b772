"""No test fails because the machine is slow: none measures time, and what is awaited is awaited with patience."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
FILES = [path for path in TESTS.rglob("*.py") if {"bench", "soak", "node_modules"}.isdisjoint(path.parts)]

CLOCKS = {"monotonic", "perf_counter", "monotonic_ns", "perf_counter_ns", "process_time"}
MEASURE = {
    "patience.py": "it tells a hang from a slow machine",
    "lock_times.py": "it puts a clock of the test in the place of this one",
    "never_lost/kill_loop.py": "it puts a clock that nobody may sleep by in the place of this one",
    "never_lost/test_seen_within_a_second.py": "only what is asked a second later is judged, however late that is",
    "peers.py": "a minute on top of a deadline of 0.3 seconds, where the peer would take two",
    "test_store_postgres_due.py": "the longer it takes, the more is allowed",
    "test_worker_postgres.py": "it takes that long at least",
}
"""The files that look at the machine's clock, and why no slow machine makes them fail."""

WAITS = {"communicate", "run", "wait", "join", "get", "acquire", "result", "create_connection", "urlopen", "Barrier"}


def tree(path: Path, *words: str) -> ast.Module:
    """The code of a file; of one that has none of the words, nothing, since to take all apart takes seconds."""
    text = path.read_text(encoding="utf-8")
    return ast.parse(text if any(word in text for word in words) else "")


def calls(path: Path, word: str) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree(path, word)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield node.func.id if isinstance(node.func, ast.Name) else node.func.attr, node


def clocks(path: Path) -> set[str]:
    names = (node.attr for node in ast.walk(tree(path, *CLOCKS)) if isinstance(node, ast.Attribute))
    return CLOCKS.intersection(names)


def test_no_test_measures_how_fast_the_machine_is() -> None:
    """A rule's bound is shown with the clock of the test, and what may take no time is counted."""
    assert {str(path.relative_to(TESTS)) for path in FILES if clocks(path)} == set(MEASURE)


def test_what_must_come_is_awaited_with_patience() -> None:
    """A second is long for what must not come, and seconds are short for what must: write `PATIENCE`."""
    short = [
        f"{path.relative_to(TESTS)}:{call.lineno}: {name}(timeout={given.value})"
        for path in FILES
        for name, call in calls(path, "timeout")
        if name in WAITS
        for given in (word.value for word in call.keywords if word.arg == "timeout")
        if isinstance(given, ast.Constant) and isinstance(given.value, int | float) and 1 < given.value < 120
    ]
    alarms = [
        f"{path.relative_to(TESTS)}:{call.lineno}: alarm({call.args[0].value})"
        for path in FILES
        for name, call in calls(path, "alarm(")
        if name == "alarm" and isinstance(call.args[0], ast.Constant) and call.args[0].value
    ]
    assert short + alarms == []


OWN_CLOCK = {"test_sandbox_control.py", "test_sandbox_oauth2.py"}
"""Where the authority sleeps by a clock of the test."""


def test_no_answer_comes_after_some_seconds_while_something_else_is_to_happen() -> None:
    """Whoever stalls for as long as the answer takes meets it too early: write `HELD`, and let it go."""
    timed = [
        f"{path.relative_to(TESTS)}:{call.lineno}"
        for path in FILES
        if path.name not in OWN_CLOCK
        for name, call in calls(path, "delay=")
        if name == "next"
        for word in call.keywords
        if word.arg == "delay" and isinstance(word.value, ast.Constant)
    ]
    transcripts = [path.name for path in TESTS.rglob("*.txt") if re.search(r"delay=[\d.]", path.read_text("utf-8"))]
    assert timed + transcripts == []
