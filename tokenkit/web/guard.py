"""Who is let through to the page: the right host, our own origin, a bounded size; and the headers of every answer.

DNS rebinding is refused by ``Host``, requests of other sites by ``Sec-Fetch-*`` (W3C Fetch Metadata) and ``Origin``,
all before anything of a request is looked at.
"""

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tokenkit.web.mount_point import MountPoint
from tokenkit.web.refusal import refusal

URL_LIMIT = 8 * 1024
BODY_LIMIT = 16 * 1024
BODY_TIME = 10.0
"""Seconds for the body of a form."""

OTHER_HOST = "This page has another address. Behind a proxy, authorize_app(public_url=..., hosts=...) says which."
TOO_LARGE = f"The form is larger than {BODY_LIMIT // 1024} KiB."

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
        refused = self._refusal(scope)
        body = b""
        if refused is None and scope["method"] not in READING:
            try:
                body = await _read_body(receive)
            except _Refused as error:
                refused = error.status, error.words
        if refused is not None:
            await _refuse(refused, scope, receive, send)
            return
        await self._app(scope, _replaying(body, receive), send)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = HTTPConnection(scope).headers
        hosts = headers.getlist("host")
        origin = self._place.origin(hosts[0]) if len(hosts) == 1 else None
        if origin is None:
            return 421, OTHER_HOST
        if len(scope["path"]) + len(scope["query_string"]) > URL_LIMIT:
            return 414, "The address is too long."
        if not _from_us(scope["method"], headers, origin):
            return 403, "Another site asked for this."
        length = headers.get("content-length", "0" if scope["method"] in READING else "")
        if not length.isdecimal() or "transfer-encoding" in headers:  # beside that a length says nothing
            return 411, "How long the form is must be said."
        if len(length) > 9 or int(length) > BODY_LIMIT:
            return 413, TOO_LARGE
        return None


class _Refused(Exception):
    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status, self.words = status, words


async def _read_body(receive: Receive) -> bytes:
    """Return the whole body, within limits of size (whatever length was announced) and of time."""
    body = bytearray()
    with anyio.move_on_after(BODY_TIME):
        while True:
            message = await receive()
            body += message.get("body", b"")
            if len(body) > BODY_LIMIT:
                raise _Refused(413, TOO_LARGE)
            if not message.get("more_body", False):  # also when the peer has gone
                return bytes(body)
    raise _Refused(408, "The form took too long to come.")


def _replaying(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` for the app behind, which gives the body that was read and then what else comes."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay


async def _refuse(refused: tuple[int, str], scope: Scope, receive: Receive, send: Send) -> None:
    """Answer, and end the connection: what is still coming on it is not waited for."""
    status, words = refused
    ends = {"Connection": "close"} if scope.get("http_version", "1.1").startswith("1") else {}
    response = refusal(HTTPConnection(scope), status, words)
    response.headers.update(ends)
    await response(scope, receive, send)


def _from_us(method: str, headers: Headers, origin: str) -> bool:
    """Tell whether our own pages sent the request, or the person themselves; others may only lead them here.

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
    """Tell whether the request shows a whole page of ours in a tab: not an image, a frame, a script's own request."""
    return headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"


def _hardened(send: Send) -> Send:
    async def send_hardened(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            own = headers.get("Content-Security-Policy", "")
            headers.update(HEADERS | ({"Content-Security-Policy": own} if own else {}))
            headers.setdefault("Cache-Control", "no-store")
            headers.setdefault("Cross-Origin-Opener-Policy", "same-origin-allow-popups")
        await send(message)

    return send_hardened
