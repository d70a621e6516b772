"""Who is let through to the page: the right host, our own origin, a bounded size; and the headers of every answer.

DNS rebinding is refused by ``Host``, requests of other sites by ``Sec-Fetch-*`` (W3C Fetch Metadata) and ``Origin``,
all before anything of a request is looked at.
"""

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tokenkit.web.mount_point import MountPoint

URL_LIMIT = 8 * 1024
BODY_LIMIT = 16 * 1024

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
READING = ("GET", "HEAD")


class Guard:
    """Stands before an ASGI app. A request that is refused never reaches it."""

    def __init__(self, app: ASGIApp, place: MountPoint) -> None:
        self._app = app
        self._place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer an ASGI connection."""
        if scope["type"] != "http":
            return  # no web sockets here, and nothing to start or to stop
        send = _hardened(send)
        refusal = self._refusal(scope)
        if refusal is not None:
            await PlainTextResponse(refusal[1] + "\n", refusal[0])(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = HTTPConnection(scope).headers
        hosts = headers.getlist("host")
        origin = self._place.origin(hosts[0]) if len(hosts) == 1 else None
        if origin is None:
            return 421, "This page has another address. Behind a proxy, authorize_app(public_url=...) says which."
        if len(scope["path"]) + len(scope["query_string"]) > URL_LIMIT:
            return 414, "The address is too long."
        if not _from_us(scope["method"], headers, origin):
            return 403, "Another site asked for this."
        length = headers.get("content-length", "0" if scope["method"] in READING else "")
        if not length.isdecimal():
            return 411, "How long the form is must be said."
        if len(length) > 9 or int(length) > BODY_LIMIT:
            return 413, f"The form is larger than {BODY_LIMIT // 1024} KiB."
        return None


def _from_us(method: str, headers: Headers, origin: str) -> bool:
    """Whether our own pages sent the request, or the person themselves; others may only lead them here.

    A browser tells in ``Sec-Fetch-Site`` or in ``Origin``. The latter is ``null`` on a form of ours, for our pages have
    no referrer (Fetch standard, "append a request Origin header").
    """
    site, given = headers.get("sec-fetch-site"), headers.get("origin")
    if site in ("same-origin", "none") and given in (None, "null", origin):
        return method in READING or site == "same-origin"
    if site is None and given in (None, origin):
        return method in READING or given == origin
    return method == "GET" and _leads_here(headers)


def _leads_here(headers: Headers) -> bool:
    """Whether the request shows a whole page of ours in a tab: not an image, a frame, a script's own request."""
    return headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"


def _hardened(send: Send) -> Send:
    async def send_hardened(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(HEADERS)
            headers.setdefault("Cache-Control", "no-store")
            headers.setdefault("Cross-Origin-Opener-Policy", "same-origin-allow-popups")
        await send(message)

    return send_hardened
