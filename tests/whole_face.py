"""Every public name of the kits, used as a program with strict types would: a test runs it and has it checked."""

import asyncio
from collections.abc import Callable
from typing import assert_type

import httpx
from tokenkit import (
    AccessToken,
    Account,
    AsyncTokenKit,
    AsyncTokenSource,
    ClientRegistration,
    Event,
    Grant,
    OAuth2,
    PendingAuthorization,
    Provider,
    Request,
    Secret,
    SignOut,
    Status,
    TokenKit,
    TokenSource,
    check_resource,
)

REDIRECT = "http://127.0.0.1:9/callback/google"

Person = Callable[[str], str]
"""Says yes at an address, and returns the one that the browser is sent back to."""


def sync_face(kit: TokenKit, google: Provider, person: Person, api: str) -> None:
    """Use what a program without an event loop uses."""
    events: list[Event] = []
    assert assert_type(kit.for_owner("alice"), TokenKit).accounts() == []
    off = kit.on("refreshed", events.append)
    pending = assert_type(
        kit.begin("google", redirect_uri=REDIRECT, binding="b", scopes=["gmail.readonly"]), PendingAuthorization
    )
    account = assert_type(kit.complete(person(pending.url), binding="b"), Account)
    token = assert_type(kit.token("google", scopes=["gmail.readonly"], min_ttl=60, interactive=False), AccessToken)
    assert kit.token(str(account), rejected=token).value != token.value
    source: TokenSource = kit.source("google")
    check_resource(api, source.provider, account=source.account)
    signed = source.authenticate(Request("GET", api), source.token(min_ttl=60, rejected=None))
    assert signed.header("Authorization") is not None
    with kit.http("google", timeout=10, base_url=api, headers={"X-A": "1"}, follow_redirects=True) as http:
        assert assert_type(http, httpx.Client).get(api).status_code == 200
    with kit.http("google", transport=httpx.HTTPTransport()) as http:
        assert http.get(api).is_success
    with httpx.Client(auth=kit.auth("google")) as own:
        assert own.get(api).is_success
    assert_type(kit.refresh("google", force=False), AccessToken)
    assert assert_type(kit.status("google"), Status).expires_at is not None
    assert assert_type(kit.accounts(), list[Account]) == [account]
    assert assert_type(kit.statuses(), list[Status])[0].account == account
    kit.providers.add(google)
    assert "google" in kit.providers()
    assert assert_type(kit.providers["google"], Provider) is kit.provider("google")
    assert assert_type(kit.client(google), ClientRegistration).client_id
    assert kit.known_client("google") is not None
    assert kit.sharing_fate("google") == []
    assert assert_type(kit.end_superseded(str(account)), str) == ""
    off()
    assert [event.account for event in events] == [account, account]
    assert assert_type(kit.logout("google", local=False), SignOut).revoked
    with kit as same:
        assert assert_type(same, TokenKit) is kit
    kit.close()


def adopted(kit: TokenKit, google: OAuth2) -> None:
    """Store a grant that was obtained elsewhere."""
    grant = Grant(
        provider="google",
        access_tokens={"": AccessToken("access", expires_at=None, scopes={"email"})},
        refresh_token=Secret("refresh"),
        scopes=frozenset({"email"}),
        client_id=kit.client(google).client_id,
        token_endpoint=google.token_endpoint,
    )
    account = assert_type(kit.adopt(grant, name="elsewhere"), Account)
    assert kit.logout(str(account), local=True).removed


async def async_face(kit: AsyncTokenKit, person: Person, api: str) -> None:
    """Use what a program with an event loop uses."""
    events: asyncio.Queue[Event] = asyncio.Queue()
    assert await assert_type(kit.for_owner("alice"), AsyncTokenKit).accounts() == []
    off = kit.on("refreshed", events.put_nowait)
    pending = assert_type(
        await kit.begin("google", redirect_uri=REDIRECT, binding="b", scopes=["gmail.readonly"]), PendingAuthorization
    )
    account = assert_type(await kit.complete(person(pending.url), binding="b"), Account)
    token = assert_type(await kit.token("google", scopes=["gmail.readonly"], min_ttl=60), AccessToken)
    source: AsyncTokenSource = await kit.source("google")
    assert (await source.token(rejected=token, min_ttl=60)).value != token.value
    assert (await events.get()).account == account
    async with kit.http("google", timeout=10, base_url=api) as http:
        assert (await assert_type(http, httpx.AsyncClient).get(api)).status_code == 200
    http = await kit.http("google", transport=httpx.AsyncHTTPTransport())
    await http.aclose()
    async with httpx.AsyncClient(auth=await kit.auth("google")) as own:
        assert (await own.get(api)).is_success
    assert_type(await kit.refresh("google"), AccessToken)
    assert assert_type(await kit.status("google"), Status).account == account
    assert assert_type(await kit.accounts(), list[Account]) == [account]
    assert assert_type(await kit.statuses(), list[Status])[0].account == account
    off()
    assert assert_type(await kit.logout("google"), SignOut).removed
    async with kit as same:
        assert assert_type(same, AsyncTokenKit) is kit
    await kit.close()
