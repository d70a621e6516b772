"""What both httpx adapters do with a request, httpx's or httpx2's: check where it goes, and have a token put on."""

from collections.abc import Collection

import httpx

from tokenkit.errors import TokenRefused
from tokenkit.grants.token_source import AsyncTokenSource, TokenSource
from tokenkit.net.hosts import Target, check_resource, own_endpoints, parse_url
from tokenkit.provider import Request
from tokenkit.token import AccessToken

_OTHER_TARGETS = frozenset(
    {"forwarded", "x-forwarded-host", "x-host", "x-http-host-override", "x-original-url", "x-rewrite-url"}
)
"""Headers that some servers take for the host or the path, in place of those that were checked."""

_OTHER_WAYS = ("target", "sni_hostname")
"""Extensions of a request by which httpcore sends another target, or names another server in TLS."""


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
        provider = self._source.provider
        check_resource(
            url,
            provider.resource_hosts,
            account=self._source.account,
            insecure=self._insecure_hosts,
            endpoints=own_endpoints(provider),
        )

    def check(self, request: httpx.Request) -> None:
        """Raise `TokenRefused` if the token may not go where the request goes, or says that it goes (R32, R33).

        What is checked is what is sent: neither a ``Host`` header nor an extension of httpx may name another place.
        """
        url = str(request.url)
        self.check_url(url)
        place = parse_url(url)
        named = [
            f"the header {name.title()}"
            for name, value in request.headers.multi_items()
            if _elsewhere(name, value, place)
        ]
        named += [f"the extension {name}" for name in _OTHER_WAYS if name in request.extensions]
        if named:
            raise TokenRefused(
                f"{named[0]} could send a token of {self._source.account} elsewhere than the URL says",
                hint="leave it out: the host and the path are those of the URL",
                account=str(self._source.account),
            )

    def signed(self, request: httpx.Request, token: AccessToken) -> Request:
        """Return the request with the token on, as one of ours; without a body where the provider need not see it."""
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw)
        body = request.content if self.needs_body else b""
        return self._source.authenticate(Request(request.method, str(request.url), headers, body), token)


def _elsewhere(name: str, value: str, place: Target) -> bool:
    """Tell whether a header may name another host or path than the URL does."""
    if name.lower() != "host":
        return name.startswith(":") or name.lower() in _OTHER_TARGETS
    try:
        return parse_url(f"{place.scheme}://{value}")[:3] != place[:3]
    except ValueError:
        return True


def in_memory(request: httpx.Request) -> bool:
    """Return whether the body can be sent again. What is streamed, from a file or a generator, is sent once."""
    try:
        request.content  # noqa: B018 - that is how httpx is asked
    except RuntimeError:  # httpx.RequestNotRead, or httpx2's
        return False
    return True
