"""What the tests that click need: an app that is served, and the distribution's Chromium, by Playwright.

Playwright keeps an event loop running in its thread, in which no other test could run one of its own. So the browser
lives for one module, and no longer.
"""

import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.types import ASGIApp

from patience import PATIENCE


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Chromium, from the distribution or Playwright's own; as people have it, with pop-up blocker and page cache."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    with api.sync_playwright() as playwright:
        if found is None and not Path(playwright.chromium.executable_path).exists():
            pytest.skip("chromium is not installed: apt-get install chromium, or playwright install chromium")
        browser = playwright.chromium.launch(
            executable_path=found,
            args=["--no-sandbox"],
            ignore_default_args=["--disable-popup-blocking", "--disable-back-forward-cache"],
        )
        yield browser
        browser.close()


@pytest.fixture
def browse(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Open a tab in a fresh browser profile; whatever our pages log, or a policy blocks, fails the test."""
    contexts: list[Any] = []
    said: list[str] = []
    expected: list[str] = []

    def heard(line: Any) -> None:
        if any(words in line.text for words in expected):
            return
        foreign = line.location["url"].endswith("/favicon.ico")  # our pages name their icon
        ended = "ERR_CONNECTION_REFUSED" in line.text  # a test's server ends before its tabs are closed
        if line.type in ("error", "warning") and not foreign and not ended:
            said.append(line.text)

    def browse(*, refused: int = 0, **options: Any) -> Any:
        """`refused` is the status of an answer that is meant to be one, of which the browser itself logs a line."""
        expected.extend([f"status of {refused} "] if refused else [])
        context = chromium.new_context(viewport={"width": 1000, "height": 900}, **options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE * 1000)
        context.on("console", heard)
        context.on("weberror", lambda error: said.append(str(error.error)))
        return context.new_page()

    yield browse
    for context in contexts:
        context.close()
    assert said == [], said


@contextmanager
def served(make: Callable[[int], ASGIApp]) -> Iterator[str]:
    """Serve the app that `make` makes for a port, on 127.0.0.1; yields its base URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    quiet = {"log_level": "critical", "access_log": False, "lifespan": "off", "timeout_graceful_shutdown": 1}
    server = uvicorn.Server(uvicorn.Config(make(port), **quiet))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
