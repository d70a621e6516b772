"""Every transcript beside this file happens as it is written."""

from pathlib import Path

import pytest
from machine import Machine
from transcript import Run, play

HERE = Path(__file__).parent


@pytest.mark.parametrize("path", sorted(HERE.glob("*.txt")), ids=lambda path: path.stem)
def test_it_happens_as_it_is_written(path: Path, machine: Machine, run: Run) -> None:
    names = {"machine": machine, "authority": machine.authority, "person": machine.person, "home": machine.home}
    play(path, run, {**names, "base": machine.base_url, "Path": Path})
