"""Fixtures for tests against the sandbox. Ask for them: ``pytest_plugins = ["tokenkit.testing.pytest_plugin"]``."""

from collections.abc import Iterator

import pytest

from tokenkit.sandbox import Authority, Served, serve
from tokenkit.testing.browser import Browser
from tokenkit.testing.clock import Clock


@pytest.fixture
def tokenkit_clock() -> Clock:
    """Return the clock of the sandbox; it stands still until it is moved."""
    return Clock()


@pytest.fixture
def tokenkit_authority(tokenkit_clock: Clock) -> Authority:
    """Return an authority at which nobody has signed in, for use without a socket."""
    return Authority(clock=tokenkit_clock.now, sleep=tokenkit_clock.sleep)


@pytest.fixture
def tokenkit_sandbox(tokenkit_authority: Authority) -> Iterator[Served]:
    """Serve that authority on loopback, at `base_url`."""
    with serve(tokenkit_authority) as served:
        yield served


@pytest.fixture
def tokenkit_browser(tokenkit_authority: Authority) -> Browser:
    """Return an opener that allows everything at that authority, as ``me@example.com``."""
    return Browser(tokenkit_authority)
