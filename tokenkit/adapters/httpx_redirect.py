"""Where `kit.http()` follows a redirect beyond the resource hosts: without the token, and without the caller's own.

APIs redirect downloads to storage elsewhere, at addresses that carry their own permission. httpx builds the next
request from the last one and passes its extensions on: a mark among them tells a redirect from a request of the caller.
"""

import httpx

from tokenkit.errors import TokenRefused
from tokenkit.net.hosts import check_tls, is_loopback, parse_url

_MARK = "tokenkit.redirect"

_KEPT = frozenset(
    {"accept", "accept-encoding", "accept-language", "if-match", "if-modified-since", "if-none-match", "if-range",
     "if-unmodified-since", "range", "user-agent"}
)  # fmt: skip
"""Headers that a foreign server may see: any other can be a secret between the caller and the API."""


def mark(request: httpx.Request, response: httpx.Response, *, left: bool = False) -> httpx.Response:
    """Note on the request that its answer redirects, and whether it had left the resource hosts; return the answer."""
    if response.has_redirect_location:
        request.extensions[_MARK] = ("left" if left else "redirected", request.url.host)
    return response


def is_redirected(request: httpx.Request) -> bool:
    """Return whether the request follows a redirect."""
    return _MARK in request.extensions


def has_left(request: httpx.Request) -> bool:
    """Return whether an earlier redirect led beyond the resource hosts: from there on no token is put on any more."""
    return is_redirected(request) and request.extensions[_MARK][0] == "left"


def without_token(request: httpx.Request) -> httpx.Request:
    """Return the request that a server beyond the resource hosts gets.

    Raises `TokenRefused` for one that is more than a download, is not encrypted, or leads from outside to this machine.
    """
    try:
        place = parse_url(str(request.url))
    except ValueError as error:
        raise TokenRefused(f"the API redirects to an address that is not followed: {error}") from None
    if request.method not in ("GET", "HEAD"):
        raise TokenRefused(
            f"the API redirects this {request.method} to {place.origin}, which is not one of its resource servers",
            hint="send it to that address yourself, if you trust it; nothing was sent there",
        )
    check_tls(place)
    if is_loopback(place.host) and not is_loopback(request.extensions[_MARK][1]):
        raise TokenRefused(f"the API redirects to {place.origin}, which is this machine", hint="nothing was sent there")
    headers = [pair for pair in request.headers.multi_items() if pair[0].lower() in _KEPT]
    return httpx.Request(request.method, request.url, headers=headers, extensions=passing(request))


def passing(request: httpx.Request) -> dict[str, object]:
    """Return the extensions that pass: the time-out. Others lead elsewhere, or show the token to a trace (R33)."""
    return {name: value for name, value in request.extensions.items() if name == "timeout"}
