"""Asking in a browser on this machine: the answer comes back to a loopback port (RFC 8252 section 7.3, R24)."""

import hmac
import secrets
import threading
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from tokenkit.consent.opener import Opener, open_in_browser, require_web_url
from tokenkit.consent.pages import CLEAN, page
from tokenkit.consent.terminal import Say, say
from tokenkit.errors import AuthorizationError, TokenKitError, UsageError
from tokenkit.grant import PendingAuthorization
from tokenkit.net.loopback import LoopbackServer
from tokenkit.provider import Request, Response

SHOW_TIME = 3.0
"""Seconds for which `LoopbackConsent.finish` waits for the browser to fetch the last page."""

HOLD_TIME = 60.0
"""Seconds for which the browser waits for the outcome before it is shown a page that says to look at the terminal."""

_PAGES = "tokenkit.consent.pages"
_NOT_FOUND = Response(404, (("Content-Type", "text/plain; charset=utf-8"), *CLEAN), b"Nothing is here.\n")


class LoopbackConsent:
    """One sign-in in a browser: bound when constructed, answering inside ``with``.

    Begin the authorization with `redirect_uri`, then `present` it, `wait` for the answer, complete that, and `finish`
    with what the person shall read. Leaving ``with`` on an error shows that error. Only a GET with the bound Host, at
    the pending redirect URI's exact path, with its state (or with the path that stands in for a state) is an answer;
    everything else is a 404 that changes nothing.
    """

    def __init__(self, provider_name: str, redirect_host: str = "127.0.0.1", port: int = 0) -> None:
        self._server = LoopbackServer(self._respond, host=redirect_host, port=port)
        self._host = self._server.url.removeprefix("http://")
        self._provider_name = provider_name
        self._start_path = f"/start/{secrets.token_hex(16)}"
        self._done_path = f"/done/{secrets.token_hex(16)}"
        self._lock = threading.Lock()
        self._pending: PendingAuthorization | None = None
        self._started = False
        self._callback_url = ""
        self._answered = threading.Event()
        self._last_page: Response | None = None
        self._finished = threading.Event()
        self._shown = threading.Event()

    @property
    def redirect_uri(self) -> str:
        """Where the answer is awaited; a provider whose answers carry no state adds a segment to it (`state_in`)."""
        return f"{self._server.url}/callback/{self._provider_name}"

    def present(self, pending: PendingAuthorization, *, opener: Opener = open_in_browser, say: Say = say) -> None:
        """Send the person to the provider: the browser gets a local one-time address that redirects (R24).

        Raises `UsageError` for an authorization that was begun with another redirect URI or goes to no http(s) URL.
        """
        require_web_url(pending.url)
        if pending.redirect_uri != self.redirect_uri and not pending.redirect_uri.startswith(f"{self.redirect_uri}/"):
            raise UsageError("this authorization was begun with another redirect URI than the one that is listened on")
        self._pending = pending
        start = self._server.url + self._start_path
        say(f"Sign in to {self._provider_name} in your browser. If it does not open, open this address there:\n")
        say(f"    {start}\n")
        opener(start)

    def wait(self, timeout: float) -> str:
        """The whole URL that the person came back on; raises `AuthorizationError` after `timeout` seconds."""
        if not self._answered.wait(timeout):
            raise AuthorizationError(
                f"nobody answered {self._provider_name}'s consent screen within {timeout:.0f} seconds",
                hint=f"tokenkit login {self._provider_name}",
            )
        return self._callback_url

    def finish(self, title: str, message: str, *, good: bool = True) -> None:
        """Show the last page, in place of the answer's URL; returns when the browser has it, or after `SHOW_TIME`."""
        self._last_page = _page(title, message, "good" if good else "bad")
        self._finished.set()
        if self._answered.is_set():
            self._shown.wait(SHOW_TIME)

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and not self._finished.is_set():
            why = str(error) if isinstance(error, TokenKitError) else "The terminal says more."
            self.finish("The sign-in did not succeed", why, good=False)
        self._server.close()

    def _respond(self, request: Request) -> Response:
        pending = self._pending
        if pending is None or request.method != "GET" or request.header("Host") != self._host:
            return _NOT_FOUND
        path = urlsplit(request.url).path
        if hmac.compare_digest(path, self._start_path):
            return self._send_away(pending)
        if hmac.compare_digest(path, self._done_path):
            return self._show_outcome()
        return self._accept(request.url) if _answers(request.url, pending) else _NOT_FOUND

    def _send_away(self, pending: PendingAuthorization) -> Response:
        with self._lock:
            if self._started:
                return _NOT_FOUND
            self._started = True
        return Response(302, (("Location", pending.url), *CLEAN))

    def _accept(self, callback_url: str) -> Response:
        """Take the first answer; a browser that repeats it is sent on like the first time."""
        with self._lock:
            self._callback_url = self._callback_url or callback_url
        self._answered.set()
        return Response(303, (("Location", self._done_path), *CLEAN))

    def _show_outcome(self) -> Response:
        if not self._answered.is_set():
            return _NOT_FOUND
        self._finished.wait(HOLD_TIME)
        if self._last_page is None:
            return _page("Almost done", "Look at the terminal or the program where you began.", "waiting")
        self._shown.set()
        return self._last_page


def _page(title: str, message: str, kind: str) -> Response:
    return page(_PAGES, "finished.html", {"title": title, "message": message, "kind": kind})


def _answers(url: str, pending: PendingAuthorization) -> bool:
    """Whether this is the answer to `pending`: its exact path, with its state exactly once, in query or path."""
    parts = urlsplit(url)
    path, state = urlsplit(pending.redirect_uri).path, pending.state.reveal()
    if not hmac.compare_digest(parts.path, path):
        return False
    if path.endswith(f"/{state}"):
        return True
    states = [value for name, value in parse_qsl(parts.query, keep_blank_values=True) if name == "state"]
    return len(states) == 1 and hmac.compare_digest(states[0].encode(), state.encode())
