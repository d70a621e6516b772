"""The whole sign-in in a real browser: the consent's server, the sandbox's pages, and their policies."""

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from tokenkit.consent.loopback import LoopbackConsent
from tokenkit.errors import ConsentDenied
from tokenkit.grant import Grant
from tokenkit.provider import AuthorizationRequest, Context
from tokenkit.sandbox import CLIENTS, Authority, Served, providers, serve
from tokenkit.testing import Clock
from tokenkit.testing.provider_harness import answer_of

from browsing import chromium  # noqa: F401 - a fixture
from patience import PATIENCE

pytestmark = pytest.mark.real


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:  # noqa: F811
    """A page that remembers nothing of earlier ones; what the browser complained about is in `page.complaints`."""
    context = chromium.new_context()
    opened = context.new_page()
    opened.complaints = []
    opened.on("console", lambda message: opened.complaints.append(message.text))
    yield opened
    context.close()


@pytest.fixture
def sandbox() -> Iterator[Served]:
    clock = Clock()
    with serve(Authority(clock=clock.now, sleep=clock.sleep)) as served:
        yield served


class SignIn:
    """A sign-in in a thread of its own, as the kit's; the browser is driven from the test's."""

    def __init__(self, sandbox: Served, name: str) -> None:
        self.provider, self.client = providers(sandbox.base_url)[name], CLIENTS[name]
        self.ctx = Context(sandbox.authority.handle, Clock().now, os.urandom, Clock().sleep)
        self.grant: Grant | None = None
        self.start_url = ""
        self._opened = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._opened.wait(PATIENCE)

    def _run(self) -> None:
        with suppress(ConsentDenied), LoopbackConsent(self.provider.name) as consent:
            pending = self.provider.begin(self.ctx, self.client, AuthorizationRequest(consent.redirect_uri))
            consent.present(pending, opener=self._open, say=lambda _: None)
            self.grant = self.provider.complete(self.ctx, self.client, pending, answer_of(consent.wait(PATIENCE)))
            consent.finish("Signed in", f"{self.provider.name}/me@example.com is connected.")

    def _open(self, url: str) -> None:
        self.start_url = url
        self._opened.set()

    def join(self) -> Grant | None:
        self._thread.join(PATIENCE)
        return self.grant


@pytest.mark.parametrize("name", sorted(CLIENTS))
def test_a_person_signs_in_with_the_keyboard_alone_and_no_policy_stands_in_the_way(
    page: Any, sandbox: Served, name: str
) -> None:
    """R24: the last address holds nothing, and what was asked for by the redirect is gone from the history, too."""
    sign_in = SignIn(sandbox, name)
    page.goto(sign_in.start_url)
    assert "This is not" in page.inner_text(".banner")
    page.wait_for_selector("input:focus")
    page.keyboard.press("Enter")
    page.wait_for_url("**/done/*")
    assert "me@example.com is connected." in page.inner_text("main")
    assert page.evaluate("getComputedStyle(document.querySelector('.card')).borderRadius") == "16px"
    grant = sign_in.join()
    assert grant is not None
    assert grant.access_token is not None
    assert not any(secret in page.url for secret in sandbox.authority.issued)
    assert [text for text in page.complaints if "favicon" not in text and "404" not in text] == []


def test_a_person_unticks_a_scope(page: Any, sandbox: Served) -> None:
    sign_in = SignIn(sandbox, "google")
    page.goto(sign_in.start_url)
    page.get_by_label("see your email address").uncheck()
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url("**/done/*")
    grant = sign_in.join()
    assert grant is not None
    assert grant.scopes == {"openid"}


def test_a_person_who_denies_reads_that_nothing_came_of_it(page: Any, sandbox: Served) -> None:
    sign_in = SignIn(sandbox, "spotify")
    page.goto(sign_in.start_url)
    page.get_by_role("button", name="Deny").click()
    page.wait_for_url("**/done/*")
    assert "did not succeed" in page.inner_text("main")
    assert sign_in.join() is None


def test_a_person_enters_the_code_of_a_device(page: Any, sandbox: Served) -> None:
    provider, client = providers(sandbox.base_url)["google"], CLIENTS["google"]
    clock = Clock()
    shown: list[tuple[str, str]] = []

    def sleep(seconds: float) -> None:
        if not page.query_selector("h1:text('Connected')"):
            page.goto(shown[0][0])
            page.wait_for_selector("input:focus")
            page.keyboard.type(shown[0][1])
            page.keyboard.press("Enter")
            page.get_by_role("button", name="Allow").click()
            page.wait_for_selector("h1:text('Connected')")
        clock.sleep(seconds)

    authority = Authority(clock=clock.now, sleep=clock.sleep)
    with serve(authority) as served:
        provider = providers(served.base_url)["google"]
        ctx = Context(authority.handle, clock.now, os.urandom, sleep)
        assert provider.device is not None
        grant = provider.device(ctx, client, AuthorizationRequest(""), lambda uri, code: shown.append((uri, code)))
    assert grant.refresh_token is not None
