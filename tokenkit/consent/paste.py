"""Asking without a browser here: the URL is printed, and the whole answer URL pasted back on stdin (R25)."""

import secrets
import sys
from collections.abc import Callable
from urllib.parse import urlsplit

from tokenkit.consent.opener import require_web_url
from tokenkit.consent.terminal import Say, say
from tokenkit.errors import AuthorizationError, CallbackRefused
from tokenkit.grant import PendingAuthorization

LINE_LIMIT = 16 * 1024
ATTEMPTS = 3

_FIRST_PORT, _LAST_PORT = 49152, 65535

Read = Callable[[], str]
"""Reads a line, with its line break; empty at the end of the input."""


def redirect_uri(provider_name: str, redirect_host: str = "127.0.0.1", port: int = 0) -> str:
    """A loopback redirect URI at which nobody listens: the browser stops there with the answer in its address bar.

    Without a fixed `port` a dynamic one (RFC 6335 section 6) is drawn, so that no program can wait at a known one.
    """
    host = f"[{redirect_host}]" if ":" in redirect_host else redirect_host
    drawn = port or _FIRST_PORT + secrets.randbelow(_LAST_PORT - _FIRST_PORT + 1)
    return f"http://{host}:{drawn}/callback/{provider_name}"


def read_line() -> str:
    """A line from stdin. In a service that may be closed, which is an end, too; what is not text is no address."""
    try:
        return sys.stdin.readline(LINE_LIMIT) if sys.stdin else ""
    except UnicodeDecodeError:
        return "\N{REPLACEMENT CHARACTER}\n"


def ask(pending: PendingAuthorization, *, read: Read = read_line, say: Say = say) -> str:
    """Print where to go, and return the whole URL that the person came back on.

    Raises `AuthorizationError` when the input ends, `CallbackRefused` when what is pasted is never that URL.
    """
    say("Open this address in a browser, on any machine, and sign in there:\n")
    say(f"    {require_web_url(pending.url)}\n")
    say(
        f"The browser then stops at an address that begins with {_place(pending.redirect_uri)}\n"
        "and says that it cannot be reached. That is as it should be. Copy the whole address from the address bar,\n"
        "and paste it here:"
    )
    for _ in range(ATTEMPTS):
        line = read()
        if not line:
            raise AuthorizationError("the input ended before an answer was pasted", hint=_again(pending))
        answer = _tidy(line, pending.redirect_uri)
        if _place(answer) == _place(pending.redirect_uri):
            return answer
        say(_refusal(answer, pending.redirect_uri))
    raise CallbackRefused("what was pasted is not the address at which the sign-in ended", hint=_again(pending))


def _tidy(line: str, awaited: str) -> str:
    """The line without what copying adds to an address or takes from it."""
    text = line.strip().strip("<>\"'")
    return f"http://{text}" if text.startswith(urlsplit(awaited).netloc) else text


def _place(url: str) -> str:
    return url.partition("#")[0].partition("?")[0]


def _refusal(answer: str, awaited: str) -> str:
    if "://" not in answer:
        return (
            "This is not the whole address. A code alone is not enough: the rest proves that it belongs to this\n"
            f"sign-in. Paste everything, from {_place(awaited)} to the end:"
        )
    return f"This is another address. The one that is awaited begins with {_place(awaited)}; paste that:"


def _again(pending: PendingAuthorization) -> str:
    return f"tokenkit login {pending.provider}"
