"""A browser without a screen: it keeps cookies, says what browsers say of themselves, and follows nothing by itself."""

import asyncio
import re
from html import unescape
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from starlette.types import ASGIApp

HERE = "http://127.0.0.1:8000"

NAVIGATION = {"sec-fetch-site": "none", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
RETURN = NAVIGATION | {"sec-fetch-site": "cross-site"}
SCRIPT = {
    "sec-fetch-site": "same-origin",
    "sec-fetch-mode": "cors",
    "sec-fetch-dest": "empty",
    "accept": "application/json",
}
FORM = {"sec-fetch-site": "same-origin", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "origin": "null"}
"""What a form of ours says of itself: a page without a referrer has the origin ``null`` (Fetch standard)."""


class Visitor:
    """Someone with a browser of their own, at an app whose pages are under `base`."""

    def __init__(self, app: ASGIApp, base: str = HERE) -> None:
        self.app = app
        self.base = base
        self.cookies: dict[str, str] = {}
        self.seen: list[httpx.Response] = []

    def send(self, method: str, path: str, *, content: bytes = b"", **headers: str) -> httpx.Response:
        """One request, exactly so; in header names ``_`` stands for ``-``. An absolute URL is taken as it is."""
        url = path if path.startswith("http") else self.base + path
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies and "cookie" not in named:
            named["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        response = asyncio.run(self._send(method, url, content, named))
        for line in response.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        self.seen.append(response)
        return response

    async def _send(self, method: str, url: str, content: bytes, headers: dict[str, str]) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.request(method, url, content=content, headers=headers)

    def go(self, path: str) -> httpx.Response:
        """Open a page, as by its link or by an address typed in."""
        return self.send("GET", path, **NAVIGATION)

    def come_back(self, url: str) -> httpx.Response:
        """Follow a provider's redirect."""
        return self.send("GET", url, **RETURN)

    def ask(self, path: str) -> dict[str, Any]:
        """Ask as the button's script does."""
        response = self.send("GET", path, **SCRIPT)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def post(self, path: str, fields: dict[str, str], **headers: str) -> httpx.Response:
        """Send a form, by default as a form of ours is sent."""
        sent = {"content-type": "application/x-www-form-urlencoded"} | (headers or FORM)
        return self.send("POST", path, content=urlencode(fields).encode(), **sent)

    def csrf(self) -> str:
        """The token that this browser's forms carry."""
        return str(self.ask("/status?provider=google")["csrf"])

    def start(self, provider: str = "google", **fields: str) -> str:
        """Begin a sign-in as the script does: the URL of the consent screen."""
        response = self.post(f"/start/{provider}", {"csrf": self.csrf(), **fields}, **SCRIPT)
        assert response.status_code == 200, response.text
        return str(response.json()["url"])


def links(html: str) -> list[str]:
    """Everything that a page loads or leads to."""
    return [unescape(found) for found in re.findall(r'(?:href|src|action)="([^"]*)"', html)]


def origin(url: str) -> str:
    """Scheme, host and port of a URL, empty for a relative one."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
