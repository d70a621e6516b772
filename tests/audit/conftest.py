"""The fixtures of the audit."""

import os
from pathlib import Path

import pytest
from house import House


@pytest.fixture
def house(home: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """A home in which nothing is wrong. No power will be cut here."""
    monkeypatch.setattr(os, "fsync", lambda fd: None)
    return House(home)
