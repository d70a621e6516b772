"""Fixtures for tests of programs that use tokenkit; pytest finds them by itself where tokenkit is installed.

Each is made when a test asks for it, and nothing is imported before: other people's tests must not become slower.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tokenkit import TokenKit
    from tokenkit.sandbox import Authority, Served
    from tokenkit.testing.browser import Browser
    from tokenkit.testing.clock import Clock


@pytest.fixture
def tokenkit_clock() -> "Clock":
    """Return the clock of the sandbox; it stands still until it is moved."""
    from tokenkit.testing.clock import Clock

    return Clock()


@pytest.fixture
def tokenkit_authority(tokenkit_clock: "Clock") -> "Authority":
    """Return an authority at which nobody has signed in, for use without a socket."""
    from tokenkit.sandbox import Authority

    return Authority(clock=tokenkit_clock.now, sleep=tokenkit_clock.sleep)


@pytest.fixture
def tokenkit_sandbox(tokenkit_authority: "Authority") -> "Iterator[Served]":
    """Serve that authority on loopback, at `base_url`."""
    from tokenkit.sandbox import serve

    with serve(tokenkit_authority) as served:
        yield served


@pytest.fixture
def tokenkit_browser(tokenkit_authority: "Authority") -> "Browser":
    """Return an opener that allows everything at that authority, as ``me@example.com``."""
    from tokenkit.testing.browser import Browser

    return Browser(tokenkit_authority)


@pytest.fixture
def tokenkit_kit(tokenkit_sandbox: "Served", tokenkit_clock: "Clock", tmp_path: Path) -> "TokenKit":
    """Return a kit that is signed in at the sandbox's Google, Spotify and Pocket, each as ``me@example.com``.

    Its home is a folder of the test; nothing of the person who runs the tests is read or written. Move
    `tokenkit_clock` and the tokens end; script `tokenkit_authority` and refreshes fail.
    """
    from tokenkit import Context, TokenKit
    from tokenkit.sandbox import CLIENTS, providers

    authority = tokenkit_sandbox.authority
    kit = TokenKit(
        providers=providers(tokenkit_sandbox.base_url),
        clients=CLIENTS,
        context=Context(authority.handle, tokenkit_clock.now, os.urandom, tokenkit_clock.sleep),
        background=False,
        environ={"HOME": str(tmp_path)},
    )
    for provider in CLIENTS:
        pending = kit.begin(provider, redirect_uri=f"http://127.0.0.1:2/callback/{provider}", binding="a test")
        kit.complete(authority.approve(pending.url), binding="a test")
    return kit
