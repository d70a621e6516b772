"""What a person pastes as the answer of a sign-in: an address, and what copying has added to it or taken from it."""

import hmac
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote, urlsplit

from tokenkit.net.loopback import HOSTS
from tokenkit.pending import PendingAuthorization

_PASTE_MARKS = re.compile(r"\x1b\[20[01]~")
_AMPERSAND = re.compile(r"&(?:(?:amp|#38|#x26);)+", re.IGNORECASE)
_QUOTED_IN_MAIL = re.compile(r"^[ \t]*(?:>[ \t]?)+", re.MULTILINE)
_ENCODED = re.compile(r"https?%(?:25)*3a%(?:25)*2f%(?:25)*2f", re.IGNORECASE)
_NEVER_IN_ADDRESS = re.compile(r"[<>\"']")  # browsers encode them (URL Standard, special-query percent-encode set)
_AROUND_ADDRESS = re.compile(r"[<>\"'`|]")
_MARKDOWN_LINK = re.compile(r"\[[^]]*\]\((.+)\)")
_BEFORE_ADDRESS = re.compile(r"[^?=]*?(?=https?://)", re.IGNORECASE)
_QUOTES = "<>\"'`\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}\N{LEFT SINGLE QUOTATION MARK}" + (
    "\N{RIGHT SINGLE QUOTATION MARK}\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}"
    "\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}"
)
_END_OF_SENTENCE = ".,;:!)"


def answers(url: str, pending: PendingAuthorization) -> bool:
    """Return whether this is the answer to `pending`: its exact path, with its state exactly once, in query or path."""
    parts = urlsplit(url)
    path, state = urlsplit(pending.redirect_uri).path, pending.state.reveal()
    if not hmac.compare_digest(parts.path.encode(), path.encode()):
        return False
    if path.endswith(f"/{state}"):
        return True
    states = [value for name, value in parse_qsl(parts.query, keep_blank_values=True) if name == "state"]
    return len(states) == 1 and hmac.compare_digest(states[0].encode(), state.encode())


def answer_in(text: str, pending: PendingAuthorization) -> str | None:
    """Return the whole answer to `pending` that stands in the text, under its own redirect URI; None without one.

    A browser may have changed ``http`` to ``https``, or a person 127.0.0.1 to localhost, if that is where it is awaited
    and at no host of its own: the port, the path and the
    state are what tells an answer.
    """
    for address in _addresses(tidied(text)):
        try:
            query = _query(address, pending.redirect_uri)
        except ValueError:
            continue
        if query is not None:
            found = f"{pending.redirect_uri}?{query}" if query else pending.redirect_uri
            if answers(found, pending):
                return found
    return None


def tidied(text: str) -> str:
    """Return the address in what was pasted, without what terminals, chats and mails put around and into it."""
    text = _QUOTED_IN_MAIL.sub("", _PASTE_MARKS.sub("", text)).replace("\\", "")
    text = "".join(character for character in text if unicodedata.category(character)[0] not in "CZ")
    link = _MARKDOWN_LINK.search(text)
    text = _AMPERSAND.sub("&", link[1] if link else text).strip(_QUOTES)
    if _ENCODED.match(text):
        text = _decoded(text)
    before = _BEFORE_ADDRESS.match(text)
    if before:
        text = text[before.end() :].removesuffix(")" if before[0].endswith("(") else "")
    if re.match(r"(?:localhost|127\.0\.0\.1|\[::1\])[:/]", text, re.IGNORECASE):
        text = f"http://{text}"
    return text.partition("#")[0].strip(_QUOTES)


def _addresses(whole: str) -> Iterator[str]:
    """Yield what may be the answer: all of it, or the first address in it, up to what no address has as it is.

    An answer that stands within another address is none: that one led elsewhere.
    """
    plain = _NEVER_IN_ADDRESS.split(whole, maxsplit=1)[0]
    yield plain
    yield plain.rstrip(_END_OF_SENTENCE)
    found = re.search("https?://", whole, re.IGNORECASE)
    if found:
        yield _AROUND_ADDRESS.split(whole[found.start() :], maxsplit=1)[0]


def _decoded(text: str) -> str:
    """Return an address that was encoded as a whole, perhaps twice."""
    for _ in range(3):
        text = unquote(text) if _ENCODED.match(text) else text
    return text


def _query(address: str, redirect_uri: str) -> str | None:
    """Return the query of an address at the awaited place, or of one that was copied without its beginning."""
    if re.match(r"\??\w+=", address) and f"{urlsplit(redirect_uri).path}?" not in address:
        return address.removeprefix("?")
    found, awaited = urlsplit(address), urlsplit(redirect_uri)
    whole = found.scheme in ("http", "https")
    hosts = HOSTS if awaited.hostname in HOSTS else (awaited.hostname,)
    if found.path != awaited.path or (whole and (found.hostname not in hosts or found.port != awaited.port)):
        return None
    return found.query if whole or not found.netloc else None
