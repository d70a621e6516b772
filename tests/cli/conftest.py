"""The fixtures of the command line."""

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from machine import Machine
from tokenkit.cli import fast_path
from tokenkit.sandbox import Authority, serve
from transcript import Done, Run

from held_answers import HeldAnswers


@pytest.fixture
def machine(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """A machine with clients registered and nobody signed in."""
    answers = HeldAnswers()
    with serve(Authority(sleep=answers.sleep)) as served:
        machine = Machine(home, served.authority, served.base_url, answers)
        machine.configure()
        machine.register()
        monkeypatch.setattr("tokenkit.signing_in.sign_in.way_to_ask", lambda environ: "browser")
        monkeypatch.setattr("tokenkit.signing_in.sign_in.open_in_browser", machine.person.open)
        for module in ("tokenkit.grants.refresh", "tokenkit.signing_in.linking"):
            monkeypatch.setattr(f"{module}.RETRY_AFTER", 0.0)
        yield machine
        answers.let_go()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command line in this process, as the installed program does."""

    monkeypatch.setattr(os, "_exit", sys.exit)  # how the fast path ends

    def run(arguments: list[str], stdin: str = "") -> Done:
        stdout, stderr = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
        monkeypatch.setattr(sys, "argv", ["tokenkit", *arguments])
        monkeypatch.setattr(os, "_exit", sys.exit)  # as the fast path ends
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()), "utf-8"))
        code: object = 0
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
            try:
                fast_path.main()
            except SystemExit as end:
                code = end.code or 0
        written = [stream.buffer.getvalue().decode() for stream in (stdout, stderr)]
        return Done(written[0], written[1], int(str(code)))

    return run
