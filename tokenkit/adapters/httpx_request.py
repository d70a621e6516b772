"""What both httpx adapters do with a request, httpx's or httpx2's: check where it goes, and have a token put on."""

from collections.abc import Collection

import httpx

from tokenkit.grants.token_source import AsyncTokenSource, TokenSource
from tokenkit.net.hosts import check_resource
from tokenkit.provider import Request
from tokenkit.token import AccessToken


class Signer:
    """The part of a token source that needs no waiting."""

    def __init__(self, source: TokenSource | AsyncTokenSource, insecure_hosts: Collection[str]) -> None:
        self._source = source
        self._insecure_hosts = insecure_hosts

    @property
    def needs_body(self) -> bool:
        """Whether the provider must see the body: its token does not travel in a header."""
        return not self._source.provider.header_token

    def check(self, url: str) -> None:
        """Raise `TokenRefused` if the token may not go there (R32)."""
        source = self._source
        check_resource(url, source.provider.resource_hosts, account=source.account, insecure=self._insecure_hosts)

    def signed(self, request: httpx.Request, token: AccessToken) -> Request:
        """The request with the token on, as one of ours; without a body where the provider need not see it."""
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw)
        body = request.content if self.needs_body else b""
        return self._source.authenticate(Request(request.method, str(request.url), headers, body), token)


def in_memory(request: httpx.Request) -> bool:
    """Whether the body can be sent again. What is streamed, from a file or a generator, is sent once."""
    try:
        request.content  # noqa: B018 - that is how httpx is asked
    except RuntimeError:  # httpx.RequestNotRead, or httpx2's
        return False
    return True
