"""The secret that only this browser holds: it ties a sign-in and a form to the browser that began it.

R22: otherwise an attacker could begin a sign-in, and let the victim finish it.
"""

import hashlib
import hmac
from dataclasses import dataclass, field

from starlette.requests import HTTPConnection

from tokenkit.confidential import Confidential


@dataclass(frozen=True, slots=True)
class Browser(Confidential):
    """A browser, known by the `secret` in its cookie. `new_cookie` is the header that gives it a first one."""

    secret: str = field(repr=False)
    new_cookie: str = field(default="", repr=False)

    def csrf_token(self, owner: str) -> str:
        """Return the token that every form of this browser and owner carries. No other site can read or guess it."""
        return hmac.new(self.secret.encode(), f"form:{owner}".encode(), hashlib.sha256).hexdigest()

    def sent(self, csrf_token: str, owner: str) -> bool:
        """Tell whether a form with that token came from this browser, and from a page of this owner."""
        return not self.new_cookie and hmac.compare_digest(csrf_token.encode(), self.csrf_token(owner).encode())


def cookie_values(connection: HTTPConnection, name: str) -> list[str]:
    """Return every value that was sent under that name. Two mean that somebody else set one (RFC 6265 section 8.6)."""
    pairs = (pair.partition("=") for line in connection.headers.getlist("cookie") for pair in line.split(";"))
    return [value.strip() for key, _, value in pairs if key.strip() == name]


def set_cookie(name: str, value: str, *, path: str, secure: bool) -> str:
    """Make a ``Set-Cookie`` header for as long as the browser runs.

    It is Lax and not Strict: the way back from the provider is a navigation that another site began.
    """
    return f"{name}={value}; Path={path}; HttpOnly; SameSite=Lax{'; Secure' if secure else ''}"
