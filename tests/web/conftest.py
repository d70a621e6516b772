"""A sandbox to connect accounts at, a kit aimed at it, and a browser."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from live import allow_redirects, sandbox_kit
from tokenkit import TokenKit
from tokenkit.sandbox import Authority, Served, serve
from world_of_web import World

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


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The distribution's Chromium, or Playwright's own; its pop-up blocker is on, as people have it."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    with api.sync_playwright() as playwright:
        if found is None and not Path(playwright.chromium.executable_path).exists():
            pytest.skip("chromium is not installed: apt-get install chromium, or playwright install chromium")
        browser = playwright.chromium.launch(
            executable_path=found,
            args=["--no-sandbox"],
            ignore_default_args=["--disable-popup-blocking"],
        )
        yield browser
        browser.close()


@pytest.fixture
def world(tmp_path: Path) -> World:
    """One person, their kit, and the sandbox, in this process and on a clock that stands still."""
    return World(tmp_path)
