"""The browser without a window, and the fixtures: a whole sign-in as an application's test would do it."""

import os

import pytest
from tokenkit.consent.loopback import LoopbackConsent
from tokenkit.errors import ConsentDenied
from tokenkit.grant import Grant
from tokenkit.net.loopback import LoopbackServer
from tokenkit.provider import AuthorizationRequest, Context
from tokenkit.sandbox import CLIENTS, Authority, Served, providers
from tokenkit.testing import Browser, Clock
from tokenkit.testing.provider_harness import answer_of

from patience import PATIENCE


def sign_in(sandbox: Served, browser: Browser, clock: Clock, name: str = "google") -> Grant:
    """What the kit does, over the sockets of the consent."""
    provider, client = providers(sandbox.base_url)[name], CLIENTS[name]
    ctx = Context(sandbox.authority.handle, clock.now, os.urandom, clock.sleep)
    with LoopbackConsent(name) as consent:
        pending = provider.begin(ctx, client, AuthorizationRequest(consent.redirect_uri))
        consent.present(pending, opener=browser, say=lambda _: None)
        grant = provider.complete(ctx, client, pending, answer_of(consent.wait(PATIENCE)))
        consent.finish("Signed in", f"{name}/me@example.com is connected.")
    browser.join()
    return grant


@pytest.mark.parametrize("name", sorted(CLIENTS))
def test_a_person_signs_in_through_the_browser(
    tokenkit_sandbox: Served, tokenkit_browser: Browser, tokenkit_clock: Clock, name: str
) -> None:
    """R24, from the opener to the last page."""
    grant = sign_in(tokenkit_sandbox, tokenkit_browser, tokenkit_clock, name)
    assert grant.access_token is not None
    assert f"{name}/me@example.com is connected." in tokenkit_browser.last_page
    for secret in tokenkit_sandbox.authority.issued:
        assert secret not in tokenkit_browser.last_page
        assert secret not in tokenkit_browser.opened[0]


def test_a_person_who_declines_reads_that_nothing_came_of_it(tokenkit_sandbox: Served, tokenkit_clock: Clock) -> None:
    browser = Browser(tokenkit_sandbox.authority, deny=True)
    with pytest.raises(ConsentDenied):
        sign_in(tokenkit_sandbox, browser, tokenkit_clock)
    browser.join()
    assert "did not succeed" in browser.last_page


def test_a_person_may_untick_scopes(tokenkit_sandbox: Served, tokenkit_clock: Clock) -> None:
    browser = Browser(tokenkit_sandbox.authority, only=["openid"])
    grant = sign_in(tokenkit_sandbox, browser, tokenkit_clock)
    assert grant.scopes == {"openid"}
    assert grant.missing == {"https://www.googleapis.com/auth/userinfo.email"}


def test_the_fixtures_share_one_authority_on_one_clock(
    tokenkit_sandbox: Served, tokenkit_authority: Authority, tokenkit_clock: Clock
) -> None:
    assert tokenkit_sandbox.authority is tokenkit_authority
    tokenkit_clock.advance(5)
    assert tokenkit_authority.lifetimes.access == 3600
    with LoopbackServer(tokenkit_authority.handle) as server:
        assert server.url != tokenkit_sandbox.base_url
