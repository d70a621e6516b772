"""The page by itself, on 127.0.0.1, for the one person whose accounts it shows.

A cookie for 127.0.0.1 goes to every port there, other people's servers included. So the page lies under a path that
nobody can guess, and its cookie is for that path alone: another port cannot make a browser send it. The path and the
cookie are given out once, to the browser that opens the one-time link first. But providers need a redirect URI that is
known before: what comes back there is sent on to the page only if a sign-in of the page waits for it.
"""

import hashlib
import hmac
import secrets
from collections import deque
from collections.abc import Collection, Mapping
from types import MappingProxyType

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tokenkit.consent.redirect import fixed_redirect_uri
from tokenkit.errors import ConfigurationError
from tokenkit.kit import TokenKit
from tokenkit.pending import PendingAuthorization
from tokenkit.provider import Provider
from tokenkit.web.answers import see_other
from tokenkit.web.app import pages_at
from tokenkit.web.browser import Browser, cookie_values, set_cookie
from tokenkit.web.guard import Guard
from tokenkit.web.mount_point import route_and_query
from tokenkit.web.refusal import refusal

COOKIE = "tokenkit"
LINK_LASTS = 600.0
"""Seconds for which the one-time link may be opened."""

AWAITED = 100
USED = "This link was used already, or is too old. Run tokenkit dashboard again, also if it was not you who used it."
HOSTS = ("127.0.0.1", "localhost")


class Alone:
    """The place of the page on one port: the page is at ``/<secret>``, answers of providers come to ``/callback``."""

    may_register = True

    def __init__(self, port: int, asks: Mapping[str, Collection[str]]) -> None:
        self.asks = asks
        self.origins = {f"{host}:{port}": f"http://{host}:{port}" for host in HOSTS}
        self.path = f"/{secrets.token_urlsafe(32)}"
        self._port = port
        self._cookie = secrets.token_urlsafe(32)
        self._awaited: deque[bytes] = deque(maxlen=AWAITED)

    def origin(self, host: str) -> str | None:
        """Return the origin on this port; ``localhost`` is for the answers of providers that insist on it."""
        return self.origins.get(host.lower())

    def base(self, connection: HTTPConnection) -> str:
        """Return the address that nobody can guess."""
        return f"http://127.0.0.1:{self._port}{self.path}"

    def redirect_uri(self, connection: HTTPConnection, provider: Provider, name: str) -> str:
        """Return a fixed path on the host that the provider demands.

        Raises `ConfigurationError` where the provider demands another port.
        """
        fixed = fixed_redirect_uri(provider)
        if fixed:
            raise ConfigurationError(
                f"{provider.title} sends people back to {fixed} alone", hint=f"tokenkit login {provider.name}"
            )
        if provider.redirect_host not in HOSTS:
            raise ConfigurationError(
                f"{provider.title} sends people back to {provider.redirect_host}, and this page is at {HOSTS[0]}",
                hint=f"tokenkit login {provider.name}",
            )
        if provider.redirect_port not in (0, self._port):
            raise ConfigurationError(
                f"{provider.title} sends people back to {provider.redirect_host}:{provider.redirect_port} alone",
                hint=f"tokenkit dashboard --port {provider.redirect_port}, or tokenkit login {provider.name}",
            )
        return f"http://{provider.redirect_host}:{self._port}/callback/{name}"

    def callback_url(self, connection: HTTPConnection) -> str:
        """Return the answer, under the address that the provider was given."""
        return f"http://127.0.0.1:{self._port}{route_and_query(connection)}"

    def browser(self, connection: HTTPConnection) -> Browser | None:
        """Return the one browser that opened the link."""
        given = cookie_values(connection, COOKIE)
        known = any(hmac.compare_digest(value.encode(), self._cookie.encode()) for value in given)
        return Browser(self._cookie) if known else None

    def began(self, pending: PendingAuthorization) -> None:
        """Await the answer to this sign-in."""
        self._awaited.append(_digest(pending.state.reveal()))

    def awaits(self, state: str) -> bool:
        """Tell whether that is the state of a sign-in that was begun here."""
        return _digest(state) in self._awaited

    def let_in(self) -> Response:
        """Lead a browser to the page, and give it the cookie."""
        response = see_other(f"{self.path}/")
        response.headers["Set-Cookie"] = set_cookie(COOKIE, self._cookie, path=self.path, secure=False)
        return response


class StandAlone:
    """The ASGI app of the stand-alone page: the one-time link, the way back from providers, and the page.

    `asks` are the scopes, by provider, that are chosen beforehand; these providers come first, in that order.
    """

    def __init__(self, kit: TokenKit, port: int, *, asks: Mapping[str, Collection[str]] = MappingProxyType({})) -> None:
        self._place = Alone(port, asks)
        self._page = pages_at(self._place, lambda request: kit)
        self._guarded = Guard(self._choose, self._place)
        self._now = kit.context.now
        self._once = secrets.token_urlsafe(32)
        self._until = self._now() + LINK_LASTS
        self.link = f"http://127.0.0.1:{port}/open/{self._once}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer an ASGI connection."""
        await self._guarded(scope, receive, send)

    async def _choose(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path.startswith(f"{self._place.path}/"):
            await self._page({**scope, "root_path": self._place.path}, receive, send)
        else:
            await self._outside(Request(scope), path)(scope, receive, send)

    def _outside(self, request: Request, path: str) -> Response:
        """Answer what anybody on this machine may ask for."""
        if request.method == "GET" and path.startswith("/open/"):
            return self._open(request, path.removeprefix("/open/"))
        if request.method == "GET" and path.startswith("/callback/"):
            return self._send_on(request)
        return refusal(request, 404, "There is nothing here. tokenkit dashboard prints the link to the page.")

    def _open(self, request: Request, once: str) -> Response:
        if not hmac.compare_digest(once.encode(errors="replace"), self._once.encode()) or self._now() >= self._until:
            return refusal(request, 403, USED)
        self._until = 0.0
        return self._place.let_in()

    def _send_on(self, request: Request) -> Response:
        states = [*request.query_params.getlist("state"), request.scope["path"].rpartition("/")[2]]
        if not any(map(self._place.awaits, states)):
            return refusal(request, 403, "No sign-in of this page is waiting for this answer.")
        return see_other(f"{self._place.base(request)}{route_and_query(request)}")


def _digest(state: str) -> bytes:
    return hashlib.sha256(state.encode(errors="replace")).digest()
