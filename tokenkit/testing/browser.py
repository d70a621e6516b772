"""A browser without a window, and the person in front of it: an opener for sign-ins that nobody watches."""

import http.client
import threading
from collections.abc import Collection
from urllib.parse import urlsplit

from tokenkit.consent.redirect_file import address_behind
from tokenkit.sandbox.authority import Authority


class Browser:
    """An opener (`tokenkit.consent.opener.Opener`) that follows a sign-in to its last page, in a thread.

    It fetches pages on loopback only. At the consent screen of `authority` it signs in as `as_user`, and allows all
    scopes, `only` these, or none (`deny`). After `join`, `last_page` is what the person reads in the end.
    """

    def __init__(
        self,
        authority: Authority,
        *,
        as_user: str = "me@example.com",
        only: Collection[str] | None = None,
        deny: bool = False,
    ) -> None:
        self._authority = authority
        self._as_user = as_user
        self._only = only
        self._deny = deny
        self._thread: threading.Thread | None = None
        self.opened: list[str] = []
        self.last_page = ""

    def __call__(self, url: str) -> None:
        """Open a URL, or the file that leads to it, as `webbrowser.open` would."""
        self.opened.append(url)
        self._thread = threading.Thread(target=self._follow, args=(url,), name="browser", daemon=True)
        self._thread.start()

    def join(self, timeout: float = 60.0) -> None:
        """Wait until the last page is there, for `timeout` seconds at most."""
        if self._thread is not None:
            self._thread.join(timeout)

    def _follow(self, url: str) -> None:
        consent_screen, _ = _get(address_behind(url))
        callback = self._authority.approve(consent_screen, as_user=self._as_user, only=self._only, deny=self._deny)
        done, _ = _get(callback)
        parts = urlsplit(callback)
        _, self.last_page = _get(f"{parts.scheme}://{parts.netloc}{done}")


def _get(url: str) -> tuple[str, str]:
    """Return the address that a page on loopback redirects to, and its text."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request("GET", parts._replace(scheme="", netloc="", fragment="").geturl())
        answer = connection.getresponse()
        return answer.getheader("Location") or "", answer.read().decode()
    finally:
        connection.close()
