"""The fixtures of the audit."""

import os
from functools import cache
from importlib.metadata import EntryPoints, entry_points
from pathlib import Path

import pytest
from house import House


@cache
def installed(**which: str) -> EntryPoints:
    """What is installed: it takes a tenth of a second to find out, and stays as it is."""
    return entry_points(**which)


@pytest.fixture
def house(home: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """A home in which nothing is wrong. No power will be cut here, and nothing be installed."""
    monkeypatch.setattr(os, "fsync", lambda fd: None)
    monkeypatch.setattr("tokenkit.audit.inventory.entry_points", installed)
    monkeypatch.setattr("importlib.metadata.entry_points", installed)
    return House(home)
