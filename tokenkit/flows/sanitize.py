"""The words of strangers, made fit: a provider's to be shown (R35), and those that a person pastes to be sent."""

import re
from collections.abc import Iterable

_HIDDEN = dict.fromkeys(
    map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff")
)

_OPAQUE = re.compile(r"[A-Za-z0-9+/=_.~%-]{20,}")


def sanitized(text: object, *, secrets: Iterable[str] = (), limit: int = 200) -> str:
    """Return `text` as one line of printable ASCII of at most `limit` characters; empty when it is not a string.

    The `secrets` are taken out wherever they stand, and so is every long unbroken run of letters and digits: a server
    that complains about a token tends to quote it, whole or in part.
    """
    if not isinstance(text, str):
        return ""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "...")
    text = _OPAQUE.sub(_without_token, text)
    printable = "".join(character if " " <= character <= "~" else " " for character in text)
    return " ".join(printable.split())[:limit].rstrip()


def without_hidden(text: str) -> str:
    """Return the text without what copying from a page may bring along, and nobody sees: spaces without width, and
    marks of direction.
    """
    return text.translate(_HIDDEN)


def _without_token(run: "re.Match[str]") -> str:
    word = run[0]
    looks_like_a_token = any(map(str.isdigit, word)) and any(map(str.isalpha, word))
    return "..." if looks_like_a_token else word
