"""A process that is killed while it saves loses nothing, at whatever moment (R26)."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_random_kills_while_saving_leave_a_whole_record_and_no_stray(tmp_path, rounds):
    """10,000 of them under `make torture`."""
    script = Path(__file__).with_name("kill_loop.py")
    command = [sys.executable, str(script), str(tmp_path / "tokens"), str(tmp_path / "state"), str(rounds(300, 10_000))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    print(done.stdout)
