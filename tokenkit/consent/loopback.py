"""Asking in a browser on this machine: the answer comes back to a loopback port (RFC 8252 section 7.3, R24)."""

import hmac
import secrets
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tokenkit.consent.advice import ADVICE_TIME
from tokenkit.consent.opener import Opener, in_wsl, open_in_browser, open_nothing, require_web_url
from tokenkit.consent.pages import CLEAN, page
from tokenkit.consent.pasted import answers
from tokenkit.consent.redirect_file import redirect_file
from tokenkit.consent.terminal import Say, require_reader, say
from tokenkit.errors import AuthorizationError, CallbackRefused, StoreError, TokenKitError, UsageError
from tokenkit.net.loopback import LoopbackServer
from tokenkit.pending import PendingAuthorization
from tokenkit.provider import Request, Response
from tokenkit.signals import wait_for

OPEN_TIME = 5.0
"""Seconds after which the address is printed, where no browser has come: some cannot read our file (snap, flatpak)."""

SHOW_TIME = 3.0
"""Seconds for which `LoopbackConsent.finish` waits for the browser to fetch the last page."""

HOLD_TIME = 60.0
"""Seconds for which the browser waits for the outcome before it is shown a page that says to look at the terminal."""

_COOKIE = "tokenkit-sign-in"
_PAGES = "tokenkit.consent.pages"
_NOT_FOUND = Response(404, (("Content-Type", "text/plain; charset=utf-8"), *CLEAN), b"Nothing is here.\n")


class LoopbackConsent:
    """One sign-in in a browser: bound when constructed, answering inside ``with``.

    Begin the authorization with `redirect_uri`, then `present` it, `wait` for the answer, complete that, and `finish`
    with what the person shall read. Leaving ``with`` on an error shows that error. Only a GET with the bound Host, at
    the pending redirect URI's exact path, with its state (or with the path that stands in for a state) is an answer;
    everything else is a 404 that changes nothing.

    One browser begins: it gets a cookie, and may come again with it. Another browser at the same address ends the
    sign-in, because one of the two does not belong to this person.
    """

    def __init__(self, provider_name: str, redirect_host: str = "127.0.0.1", port: int = 0, *, path: str = "") -> None:
        """Bind the port. `path` is that of the redirect URI, where it is registered exactly; else it is our own."""
        self._path = path or f"/callback/{provider_name}"
        self._server = LoopbackServer(self._respond, host=redirect_host, port=port)
        self._host = self._server.url.removeprefix("http://")
        self._provider_name = provider_name
        self._start_path = f"/start/{secrets.token_hex(16)}"
        self._cookie = secrets.token_hex(16)
        self._closing = ExitStack()
        self._say: Say = say
        self._done_path = f"/done/{secrets.token_hex(16)}"
        self._lock = threading.Lock()
        self._pending: PendingAuthorization | None = None
        self._remarks: list[tuple[float, Callable[[], None]]] = []
        self._started = threading.Event()
        self._contested = False
        self._beckons = False
        self._callback_url = ""
        self._answered = threading.Event()
        self.bell, self._rope = socket.socketpair()
        self._rope.setblocking(False)
        self._last_page: Response | None = None
        self._finished = threading.Event()
        self._shown = threading.Event()

    @property
    def redirect_uri(self) -> str:
        """Where the answer is awaited; a provider whose answers carry no state adds a segment to it (`state_in`)."""
        return f"{self._server.url}{self._path}"

    def present(
        self,
        pending: PendingAuthorization,
        *,
        opener: Opener = open_in_browser,
        say: Say = say,
        show: Callable[[str, str], object] | None = None,
        advice: str = "",
    ) -> None:
        """Send the person to the provider, through an address of ours that only their browser is told (R24).

        `opener` gets a file that leads there; with `open_nothing`, or where that file cannot be made or read, the
        address is printed. `show` gets the address in place of both. `advice` is for a person who has not come back
        after `ADVICE_TIME`. Raises `UsageError` for an authorization that was begun with another redirect URI or goes
        to no http(s) URL.
        """
        self.listen_for(pending)
        self._say = say
        if advice:
            self._remarks.append((ADVICE_TIME, lambda: say(advice)))
        name = self._provider_name
        if show is not None:
            show(self._start, "")
        elif opener is open_nothing:
            require_reader(say)
            self._say_address(f"Sign in to {name}.")
        elif in_wsl():
            self._say_address(f"Sign in to {name}.")
            self._beckons = True
            opener(f"{self._server.url}/")
        else:
            say(f"Sign in to {name} in your browser; it opens now.")
            self._open(opener)

    def listen_for(self, pending: PendingAuthorization) -> None:
        """Take the answer to that authorization from now on; another shows its URL. Raises what `present` raises."""
        require_web_url(pending.url)
        if pending.redirect_uri != self.redirect_uri and not pending.redirect_uri.startswith(f"{self.redirect_uri}/"):
            raise UsageError("this authorization was begun with another redirect URI than the one that is listened on")
        self._pending = pending

    def _open(self, opener: Opener) -> None:
        try:
            url = self._closing.enter_context(redirect_file(self._start))
        except (OSError, StoreError):
            self._say_address("No file can be written that leads your browser there.")
            return
        opener(url)
        self._remarks.append((OPEN_TIME, self._say_unopened))

    def _say_unopened(self) -> None:
        if not self._started.is_set():
            self._say_address("No browser has come yet.")

    def _say_address(self, why: str) -> None:
        self._say(f"{why} Open this address in a browser on this machine:\n\n    {self._start}\n")

    @property
    def _start(self) -> str:
        return self._server.url + self._start_path

    def wait(self, timeout: float) -> str:
        """Return the whole URL that the person came back on.

        Raises `AuthorizationError` after `timeout` seconds, `CallbackRefused` when two browsers came to begin.
        """
        began = time.monotonic()
        for after, remark in sorted(self._remarks, key=lambda pair: pair[0]):
            if after < timeout and not wait_for(self._answered, began + after - time.monotonic()):
                remark()
        if not wait_for(self._answered, began + timeout - time.monotonic()):
            raise AuthorizationError(
                f"nobody answered {self._provider_name}'s consent screen within {timeout:.0f} seconds",
                hint=f"tokenkit login {self._provider_name}",
            )
        if self._contested:
            raise CallbackRefused(
                "the address of this sign-in was opened in two browsers, so it was stopped and nothing was stored. "
                "If it was not you who opened it twice, another user of this machine did",
                hint=f"tokenkit login {self._provider_name}",
            )
        return self._callback_url

    def finish(self, title: str, message: str, *, good: bool = True) -> None:
        """Show the last page, in place of the answer's URL; returns when the browser has it, or after `SHOW_TIME`."""
        self._last_page = _page(title, message, "good" if good else "bad")
        self._finished.set()
        if self._answered.is_set():
            self._shown.wait(SHOW_TIME)

    @property
    def callback_url(self) -> str:
        """The whole URL that the person came back on, empty until then; `bell` has something to read from then on."""
        return self._callback_url

    @property
    def contested(self) -> bool:
        """Whether two browsers came to begin: one of them may be another person's."""
        return self._contested

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and not self._finished.is_set():
            why = str(error) if isinstance(error, TokenKitError) else "The terminal says more."
            self.finish("The sign-in did not succeed", why, good=False)
        self._closing.close()
        self._server.close()
        with self._lock:  # who answers may not have pulled the rope yet
            self._rope.close()
        self.bell.close()

    def _respond(self, request: Request) -> Response:
        pending = self._pending
        if pending is None or request.method != "GET" or request.header("Host") != self._host:
            return _NOT_FOUND
        path = urlsplit(request.url).path
        if hmac.compare_digest(path, self._start_path):
            return self._send_away(request, pending)
        if hmac.compare_digest(path, self._done_path):
            return self._show_outcome()
        if path == "/" and self._beckons:
            return _page("Look at the terminal", "It shows an address: open that here.", "waiting", close="")
        return self._accept(request.url) if answers(request.url, pending) else _NOT_FOUND

    def _send_away(self, request: Request, pending: PendingAuthorization) -> Response:
        """Redirect the first browser that comes, and that one again; another ends the sign-in."""
        with self._lock:
            known = self._knows(request)
            if self._started.is_set() and not known:
                self._contested = True
            self._started.set()
            contested = self._contested
        if contested:
            self._answered.set()
            title, message = "The sign-in was stopped", "It was opened in two browsers. The terminal says more."
            return _page(title, message, "bad", status=403)
        cookie = f"{_COOKIE}={self._cookie}; Path={self._start_path}; HttpOnly; SameSite=Lax"  # sent to no other port
        return Response(302, (("Location", pending.url), ("Set-Cookie", cookie), *CLEAN))

    def _knows(self, request: Request) -> bool:
        """Return whether our cookie is there; those of other ports, which come along, may be of any form."""
        ours = f"{_COOKIE}={self._cookie}".encode()
        given = (request.header("Cookie") or "").split(";")
        return any(hmac.compare_digest(pair.strip().encode(), ours) for pair in given)

    def _accept(self, callback_url: str) -> Response:
        """Take the first answer; a browser that repeats it is sent on like the first time."""
        with self._lock:
            if not self._callback_url:
                self._callback_url = callback_url
                self._answered.set()  # before anybody hears of it, so that `finish` waits for this browser
                self._rope.send(b"!")
        return Response(303, (("Location", self._done_path), *CLEAN))

    def _show_outcome(self) -> Response:
        if not self._answered.is_set():
            return _NOT_FOUND
        self._finished.wait(HOLD_TIME)
        if self._last_page is None:
            return _page("Almost done", "Look at the terminal or the program where you began.", "waiting")
        self._shown.set()
        return self._last_page


def _page(
    title: str, message: str, kind: str, *, status: int = 200, close: str = "You can close this window."
) -> Response:
    texts = {"title": title, "message": message, "kind": kind, "close": close}
    return page(_PAGES, "finished.html", texts, status=status)
