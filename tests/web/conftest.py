"""A sandbox to connect accounts at, a kit aimed at it, and a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from live import allow_redirects, sandbox_kit
from tokenkit import TokenKit
from tokenkit.sandbox import Authority, Served, serve
from world_of_web import World

from browsing import browse, chromium

__all__ = ["browse", "chromium"]

PREFIX = "/connect"


@pytest.fixture
def authority() -> Authority:
    made = Authority()
    allow_redirects(made, PREFIX)
    return made


@pytest.fixture
def sandbox(authority: Authority) -> Iterator[Served]:
    with serve(authority) as running:
        yield running


@pytest.fixture
def kit(sandbox: Served, tmp_path: Path) -> TokenKit:
    return sandbox_kit(sandbox.base_url, tmp_path)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """One person, their kit, and the sandbox, in this process and on a clock that stands still."""
    return World(tmp_path)
