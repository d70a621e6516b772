"""What is held for long, a source, a client or an auth, stays with one account (R4, R37)."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from tokenkit import AsyncTokenKit, ConsentRequired, UnknownAccount

from scripted import ScriptedKit, ScriptedProvider

API = "https://api.scripted.example/v1"


class Open(ScriptedProvider):
    resource_hosts = (API,)


@pytest.fixture
def kit(tmp_path):
    kit = ScriptedKit(tmp_path, provider=Open())
    kit.me = kit.sign_in()
    return kit


def another_signs_in(kit):
    kit.scripted.subject, kit.scripted.account_name = "subject-2", "other@example.com"
    other = kit.sign_in()
    assert other != kit.me
    kit.clock.advance(2)
    return other


def of_a_source(kit: Any) -> Callable[[], str]:
    source = kit.source("scripted")
    assert source.account == kit.me
    return lambda: source.token().value


def of_an_async_source(kit: Any) -> Callable[[], str]:
    async def ask(source: Any) -> str:
        return (await source.token()).value

    source = asyncio.run(AsyncTokenKit(kit=kit).source("scripted"))
    return lambda: asyncio.run(ask(source))


def of_a_client(kit: Any) -> Callable[[], str]:
    http = kit.http("scripted", transport=httpx.MockTransport(_echo))
    return lambda: http.get(API).text


def of_an_auth(kit: Any) -> Callable[[], str]:
    http = httpx.Client(auth=kit.auth("scripted"), transport=httpx.MockTransport(_echo))
    return lambda: http.get(API).text


def _echo(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, text=request.headers["Authorization"].removeprefix("Bearer "))


@pytest.mark.parametrize("hold", [of_a_source, of_an_async_source, of_a_client, of_an_auth])
def test_it_neither_stops_nor_turns_to_another_account_where_one_comes(kit, hold):
    """A bare provider name means the account that it meant: no client changes whose it is from call to call."""
    ask = hold(kit)
    mine = kit.token(str(kit.me)).value
    assert ask() == mine
    other = another_signs_in(kit)
    assert ask() == mine
    kit.logout(str(kit.me))
    kit.clock.advance(2)
    assert kit.token("scripted").value == kit.token(str(other)).value
    with pytest.raises(UnknownAccount, match=str(kit.me)):
        ask()


def test_it_may_be_made_before_anybody_has_signed_in(tmp_path):
    kit = ScriptedKit(tmp_path, provider=Open())
    source = kit.source("scripted")
    with pytest.raises(ConsentRequired, match="no account is signed in"):
        source.token()
    kit.sign_in()
    assert source.token().value == kit.token("scripted").value


def test_a_token_that_one_name_had_replaced_is_served_under_the_other_no_more(kit):
    """R15: a bare name and the whole name are remembered each by itself."""
    whole = str(kit.me)
    for asked, other in ((whole, "scripted"), ("scripted", whole)):
        rejected = kit.token(other)
        assert kit.token(asked).value == rejected.value
        fresh = kit.token(asked, rejected=rejected)
        assert kit.token(other).value == fresh.value != rejected.value
