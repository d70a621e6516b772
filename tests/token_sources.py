"""Token sources that do what a test says, and what is sent through them."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace
from typing import cast

from tokenkit.account import Account
from tokenkit.provider import Provider, Request
from tokenkit.token import AccessToken

API = "https://api.acme.example"
HOSTS = (f"{API}/v1", "http://ha.lan:8123", "http://127.0.0.1:1")


class Source:
    """A `TokenSource` whose tokens are ``token-1``, ``token-2``, …: the next one whenever the present is rejected."""

    def __init__(self, *, header_token: bool = True, hosts: tuple[str, ...] = HOSTS) -> None:
        self.account = Account("acme", "me")
        known = {"token_endpoint": "https://accounts.example/token", "revocation_endpoint": ""}
        self.provider = cast(Provider, SimpleNamespace(header_token=header_token, resource_hosts=hosts, **known))
        self.number = 1
        self.asked = 0
        self.rejected: list[str] = []
        self.fault: Exception | None = None
        self.renews = True

    def token(self, *, rejected: AccessToken | None = None, min_ttl: float = 0.0) -> AccessToken:
        self.asked += 1
        if rejected is not None:
            self.rejected.append(rejected.value)
            if self.fault:
                raise self.fault
            self.number += self.renews
        return AccessToken(f"token-{self.number}")

    def authenticate(self, request: Request, token: AccessToken) -> Request:
        if self.provider.header_token:
            return request.with_header("Authorization", f"Bearer {token.value}")
        members = {**json.loads(request.body or b"{}"), "access_token": token.value}
        return Request(request.method, request.url, request.headers, json.dumps(members).encode())


class AsyncSource(Source):
    """The same as an `AsyncTokenSource`."""

    async def token(self, *, rejected: AccessToken | None = None, min_ttl: float = 0.0) -> AccessToken:  # type: ignore[override]
        await asyncio.sleep(0)
        return super().token(rejected=rejected)


def streamed(*parts: bytes, asynchronous: bool) -> Iterator[bytes] | AsyncIterator[bytes]:
    """A body that can be sent once."""

    async def stream() -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    return stream() if asynchronous else iter(parts)
