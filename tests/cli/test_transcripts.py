"""Every transcript beside this file happens as it is written."""

import socket
import time
from pathlib import Path

import pytest
from machine import Machine
from transcript import Run, play

from held_answers import HELD
from patience import wait_until

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent


@pytest.mark.parametrize("path", sorted(HERE.glob("*.txt")), ids=lambda path: path.stem)
def test_it_happens_as_it_is_written(path: Path, machine: Machine, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    play(path, run, names(machine, monkeypatch))


def names(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """What the steps of a transcript may use."""
    return {
        "machine": machine,
        "authority": machine.authority,
        "person": machine.person,
        "home": machine.home,
        "base": machine.base_url,
        "patch": monkeypatch.setattr,
        "setenv": monkeypatch.setenv,
        "listen": socket.create_server,
        "time": time,
        "wait_until": wait_until,
        "HELD": HELD,
    }
