"""Words of a command line that may be secrets are not repeated when it makes no sense: people paste the wrong thing.

A code, a token or a client secret on a command line is in the shell's history already; an error would put it into logs.
"""

import os
import re
import sys
from collections.abc import Iterator

_RUN = re.compile(r"[\w.~+/=-]{16,}")
"""What tokens and codes are written in (RFC 6750 section 2.1); a URL or an option with its value falls into several."""

_NAMES = re.compile(r"(?:[A-Za-z_-]{0,15}[./=~+])*")
"""What stands before a secret in one run: a provider, a host, an option."""

_PATH = re.compile(r"(--[\w-]+=)?@?((~?/|\.{1,2}/)|[^:?&]*/[^/]*\.[a-z]{2,6}\Z)")
"""How a path begins that is written out, as an argument or an option; else it ends as a file does."""

_SHORTEST = 16
"""Letters: no provider's token has fewer."""

_CHANGES = 4
"""Changes between letters and digits which nobody thinks up: ``backup-2026-11-28-daily`` has two."""

_LONGEST_WORD = 20
"""Letters in a row: hardly a word of any language or program has more."""


def concealed(text: str) -> str:
    """Return an error's text without those words of the command line that look like secrets."""
    for word in sys.argv[1:]:
        for secret in () if _is_path(word) else _secrets_in_path(word) if _looks_like_path(word) else _secrets(word):
            said = f"[{len(secret)} characters that may be a secret]"
            text = re.sub(re.escape(secret), said, text, flags=re.IGNORECASE)  # names of providers are folded
    return text


def _secrets(word: str) -> Iterator[str]:
    for run in _RUN.findall(word):
        body = _NAMES.sub("", run, count=1)
        if len(body) >= _SHORTEST and _is_random(body):
            yield body


def _secrets_in_path(word: str) -> Iterator[str]:
    """Yield the parts of a mistyped path that look like secrets: an error about it must say which file, if it can.

    A long name is none by its length alone, and a path is not for being long.
    """
    for part in word.split("/"):
        body = _NAMES.sub("", part, count=1)
        if len(body) >= _SHORTEST and _is_random(body, by_length=False):
            yield body


def _is_random(body: str, *, by_length: bool = True) -> bool:
    """Tell whether digits come so often, or capitals, or letters run on for so long, that nobody thinks that up."""
    letters = re.sub(r"[^A-Za-z]", "", body)
    capitals = sum(map(str.isupper, letters))
    mixed = 0.27 * len(letters) < capitals < 0.73 * len(letters)  # a word of four letters begins with one
    changes = len(re.findall(r"(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])", re.sub(r"[^A-Za-z0-9]", "", body)))
    longest = max(map(len, re.split(r"[^A-Za-z]|(?<=[a-z])(?=[A-Z])", body)))
    return mixed or changes >= _CHANGES or (by_length and longest >= _LONGEST_WORD)


def _looks_like_path(word: str) -> bool:
    """Tell whether the word is written as a path is: no provider's token begins so."""
    return _PATH.match(word) is not None


def _is_path(word: str) -> bool:
    """Tell whether the word names a file, or a place for one: an error about it must say which."""
    path = os.path.expanduser(re.sub(r"^(--[\w-]+=)?@?", "", word))
    return os.path.exists(path) or (path[:1] in "./" and os.path.isdir(os.path.dirname(path)))
