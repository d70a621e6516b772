"""The pieces of the interop suite: the server as tests see it, and the person's browser."""

import os
import re
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx
from tokenkit.consent.redirect_file import address_behind
from tokenkit.net.http import Transport
from tokenkit.provider import Context

from patience import PATIENCE

SECRET = "p%ss:w/rd+with space&=?#~"
"""Every character that RFC 6749 section 2.3.1 wants encoded, and that a careless client sends raw."""

ACCESS_TTL, REFRESH_TTL = 600, 86400


@dataclass
class Server:
    """The running server: its issuer, what it counted, and its clock, which tests move instead of waiting."""

    issuer: str
    ahead: float = 0.0
    http: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=PATIENCE))

    def now(self) -> float:
        return time.time() + self.ahead

    def advance(self, seconds: float) -> None:
        self.http.post(f"{self.issuer}/_advance", params={"seconds": seconds}).raise_for_status()
        self.ahead += seconds

    def count(self, event: str) -> int:
        counters: dict[str, int] = self.http.get(f"{self.issuer}/_counters").json()
        return counters.get(event, 0)

    def post(self, path: str, **fields: str) -> httpx.Response:
        return self.http.post(self.issuer + path, data=fields)

    def userinfo(self, token: str) -> httpx.Response:
        return self.http.get(f"{self.issuer}/me", headers={"Authorization": f"Bearer {token}"})

    def context(self) -> Context:
        transport = Transport(now=self.now)
        return Context(send=transport.send, now=self.now, random=os.urandom, sleep=self.advance)


class Browser:
    """A person's browser with a jar of its own: goes where it is sent, in a thread, and stops where nobody listens."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1)
        self.page: Future[str]

    def open(self, url: str) -> None:
        self.page = self._thread.submit(self.follow, url)

    def follow(self, url: str, until: str = "\0") -> str:
        """The text of the page at the end of all redirects, or the first URL that begins with `until`."""
        with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
            response = client.get(address_behind(url))
            while response.has_redirect_location:
                assert response.next_request is not None
                if str(response.next_request.url).startswith(until):
                    return str(response.next_request.url)
                response = client.send(response.next_request)
            return response.text

    def enter_code(self, verification_uri: str, user_code: str) -> None:
        """Agree on another device (RFC 8628 section 3.3)."""
        with httpx.Client(trust_env=False, timeout=PATIENCE, follow_redirects=True) as client:
            form = client.get(verification_uri).text
            token = re.search(r'name="xsrf" value="(\w+)"', form)
            assert token is not None
            fields = {"xsrf": token[1], "user_code": user_code, "confirm": "yes"}
            client.post(verification_uri, data=fields).raise_for_status()
