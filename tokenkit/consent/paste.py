"""Asking without a browser here: the URL is printed, and the whole answer URL pasted back on stdin (R25)."""

import secrets
import time
from collections.abc import Callable, Iterator
from itertools import chain

from tokenkit.consent.advice import ADVICE_TIME
from tokenkit.consent.opener import require_web_url
from tokenkit.consent.pasted import answer_in, tidied
from tokenkit.consent.terminal import Say, require_reader, say
from tokenkit.errors import AuthorizationError, CallbackRefused
from tokenkit.pending import PendingAuthorization

ATTEMPTS = 20
"""Lines that may be pasted which are not the answer: an address may come broken over several."""

_FIRST_PORT, _LAST_PORT = 49152, 65535

Read = Callable[[float | None], str | None]
"""Waits so many seconds at most for a line, and returns it with its line break: empty at the end of the input, None
when the time is over or the answer came another way (`Keyboard.read`)."""


def redirect_uri(name: str, redirect_host: str = "127.0.0.1", port: int = 0) -> str:
    """Return a loopback redirect URI at which nobody listens: the browser stops there with the answer in its bar.

    Without a fixed `port` a dynamic one (RFC 6335 section 6) is drawn, so that no program can wait at a known one.
    """
    host = f"[{redirect_host}]" if ":" in redirect_host else redirect_host
    drawn = port or _FIRST_PORT + secrets.randbelow(_LAST_PORT - _FIRST_PORT + 1)
    return f"http://{host}:{drawn}/callback/{name}"


def invite(pending: PendingAuthorization, *, listening: bool, say: Say = say) -> None:
    """Say where to go, and what to paste. Raises `UsageError` for what is not an http(s) URL."""
    require_reader(say)
    say("Open this address in a browser, on any machine, and sign in there:\n")
    say(f"    {require_web_url(pending.url)}\n")
    if listening:
        say("In a browser on this machine, or with the port forwarded to it, that is all. Any other then stops at an")
        say(f"address that begins with {_place(pending.redirect_uri)}\nand says that it cannot be reached.")
    else:
        say(f"The browser then stops at an address that begins with {_place(pending.redirect_uri)}")
        say("and says that it cannot be reached.")
    say("That is as it should be. Copy the whole address from the address bar, and paste it here. Ctrl-C gives up.")


def read_answer(
    pending: PendingAuthorization,
    read: Read,
    *,
    came: Callable[[], str] = str,
    lasts: float,
    advice: str = "",
    say: Say = say,
) -> str:
    """Return the whole URL that the person came back on: pasted, or `came` by itself; the first one counts.

    What is pasted may be broken over several lines. `advice` is for a person who has not come back after `ADVICE_TIME`.
    Raises `AuthorizationError` when the input ends or after `lasts` seconds, `CallbackRefused` when what is pasted is
    never that URL.
    """
    began, lines = time.monotonic(), list[str]()
    while len(lines) < ATTEMPTS:
        passed = time.monotonic() - began
        if passed >= lasts:
            raise AuthorizationError(f"nobody answered within {lasts:.0f} seconds", hint=_again(pending))
        if advice and passed >= ADVICE_TIME:
            say(advice)
            advice = ""
        line = read(max(0.0, (ADVICE_TIME if advice else lasts) - passed))
        if came():
            return came()
        if line == "":
            raise AuthorizationError("the input ended before an answer was pasted", hint=_again(pending))
        if not (line or "").strip():
            continue
        lines.append(line or "")
        answer = first_of(lines, lambda text: answer_in(text, pending))
        if answer:
            return answer
        say(refusal(lines[-1], _place(pending.redirect_uri)))
    raise CallbackRefused("what was pasted is not the address at which the sign-in ended", hint=_again(pending))


def first_of(lines: list[str], answer_of: Callable[[str], str | None]) -> str | None:
    """Return the answer in the last line, or in the last lines together: copying may have broken an address.

    Each may be several lines that were pasted at once. All of them count before one alone, which might end too early.
    """
    texts = ("".join(lines[start:]) for start in reversed(range(len(lines))))
    return next(filter(None, map(answer_of, chain(texts, _parts(lines[-1])))), None)


def _parts(text: str) -> Iterator[str]:
    """Yield the lines that were pasted at once, and those that stand together: the more of them, the earlier."""
    lines = text.splitlines(keepends=True)[:ATTEMPTS]
    for size in range(len(lines) - 1, 0, -1):
        yield from ("".join(lines[start : start + size]) for start in range(len(lines) - size + 1))


def refusal(line: str, awaited: str = "") -> str:
    """Say what is wrong with what was pasted, and what to paste instead."""
    text = tidied(line)
    begins = f" It begins with {awaited}." if awaited else ""
    if "://" not in text and "=" not in text:
        return (
            "This is not the whole address. A code alone is not enough: the rest proves that it belongs to this\n"
            f"sign-in. Paste everything from the address bar.{begins}"
        )
    if awaited and (_place(text) == awaited or "://" not in text):
        return "Something of this address is missing, or it is of another sign-in. Paste the rest, or the whole again:"
    return f"This is another address than the one that is awaited.{begins} Paste that:"


def _place(url: str) -> str:
    return url.partition("#")[0].partition("?")[0]


def _again(pending: PendingAuthorization) -> str:
    return f"tokenkit login {pending.provider}"
