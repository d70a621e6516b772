"""The words of a provider, made fit for a person: printable, short, and without a secret in them (R35)."""

import re
from collections.abc import Iterable

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


def _without_token(run: "re.Match[str]") -> str:
    word = run[0]
    looks_like_a_token = any(map(str.isdigit, word)) and any(map(str.isalpha, word))
    return "..." if looks_like_a_token else word
