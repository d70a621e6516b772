"""What both httpx adapters do with a request, httpx's or httpx2's: check where it goes, and have a token put on."""

from collections.abc import Collection, Container, Iterable

import httpx

from tokenkit.errors import TokenRefused
from tokenkit.grants.token_source import AsyncTokenSource, TokenSource
from tokenkit.net.hosts import check_resource
from tokenkit.net.target_headers import check_headers, refuse_other_target
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

    def may_go(self, url: str) -> bool:
        """Return whether the token may go there (R32)."""
        try:
            self.check_url(url)
        except TokenRefused:
            return False
        return True

    def check_url(self, url: str) -> None:
        """Raise `TokenRefused` if the token may not go there (R32)."""
        source = self._source
        check_resource(url, source.provider, account=source.account, insecure=self._insecure_hosts)

    def check(self, request: httpx.Request) -> None:
        """Raise `TokenRefused` if the token may not go where the request goes, or says that it goes (R32, R33).

        What is checked is what is sent: neither a ``Host`` header nor an extension of httpx may name another place
        (``target``), or another server in TLS (``sni_hostname``).
        """
        self.check_leaving(str(request.url), request.headers.multi_items(), request.extensions)
        if "target" in request.extensions:
            refuse_other_target("the extension target", self._source.account)

    def check_leaving(self, url: str, headers: Iterable[tuple[str, str]], extensions: Container[str]) -> None:
        """Raise `TokenRefused` for a URL, headers and extensions as `check` does; `url` has the target that is sent."""
        account = self._source.account
        self.check_url(url)
        check_headers(url, headers, account)
        if "sni_hostname" in extensions:
            refuse_other_target("the extension sni_hostname", account)

    def signed(self, request: httpx.Request, token: AccessToken) -> Request:
        """Return the request with the token on, as one of ours; without a body where the provider need not see it."""
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw)
        body = request.content if self.needs_body else b""
        return self._source.authenticate(Request(request.method, str(request.url), headers, body), token)


def in_memory(request: httpx.Request) -> bool:
    """Return whether the body can be sent again. What is streamed, from a file or a generator, is sent once."""
    try:
        request.content  # noqa: B018 - that is how httpx is asked
    except RuntimeError:  # httpx.RequestNotRead, or httpx2's
        return False
    return True
