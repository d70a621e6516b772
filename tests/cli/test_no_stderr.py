"""A sign-in where stderr is closed or cannot be written: no fault of ours, and nobody is waited for in vain."""

import contextlib
import io
import subprocess
import sys

import pytest
import tokenkit
from machine import Machine


@pytest.mark.parametrize("way", ["--paste", "--no-browser", "--device"])
def test_where_stderr_is_closed_nobody_is_sent_anywhere(way: str, machine: Machine) -> None:
    """The address could be seen by nobody, and would be waited for in vain; it is no fault of ours either."""
    ours = f"{sys.executable} -c 'from tokenkit.cli.fast_path import main; main()' login google {way} 2>&-"
    done = subprocess.run(["bash", "-c", ours], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")


def test_in_a_program_without_stderr_the_browser_serves(machine: Machine) -> None:
    """As where ``pythonw`` runs it; and what cannot be written to stops nothing."""
    full = io.TextIOWrapper(open("/dev/full", "wb", buffering=0), write_through=True)  # noqa: SIM115
    for stderr in (None, full):
        with contextlib.redirect_stderr(stderr):
            assert tokenkit.TokenKit().login("google").name == "me@example.com"
    full.close()
