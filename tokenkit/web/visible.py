"""Texts that a provider or another user wrote, shown as data: nothing in them is invisible or turns the line around."""

import unicodedata
from dataclasses import dataclass
from html import escape

LIMIT = 500
"""Characters of a text that are shown; the longest reasons of our own have some 350."""

NAME_LIMIT = 80
"""Characters of a name that are shown: what it is called can be told apart by these."""

MARKS = 3
"""Combining marks upon one letter; no language needs more, and a pile of them covers the lines above."""

_SPACES = str.maketrans(dict.fromkeys("\t\n\r\u00a0\u202f\u2009", " "))
_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs by their category that show nothing."""

_BLANK_MARKS = frozenset(
    map(chr, (0x034F, 0x17B4, 0x17B5, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)
"""Marks that show nothing; Unicode's other ones are not printable."""


def visible(text: str, limit: int = LIMIT) -> str:
    """Return the text as it can be shown: each invisible or directing character by its number, ``U+202E``."""
    shown = text if len(text) <= limit else f"{text[: limit - 1]}…"
    shown = shown.translate(_SPACES)
    if shown.isascii() and shown.isprintable():
        return shown
    pieces: list[str] = []
    marks = 0
    for character in shown:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        hides = not character.isprintable() or character in _BLANK_LETTERS or character in _BLANK_MARKS
        pieces.append(f"[U+{ord(character):04X}]" if hides or marks > MARKS else character)
    return "".join(pieces)


def short(name: str) -> str:
    """Return a name as it can be shown, with an ellipsis where it is long."""
    return visible(name, NAME_LIMIT)


@dataclass(frozen=True, slots=True)
class Exact:
    """A text that a template writes as it is, but for HTML's own signs: what a form sends back, an address."""

    text: str

    def __html__(self) -> str:
        """Return it as Jinja writes it."""
        return escape(self.text)


def shown(value: object) -> object:
    """Return what a template writes for a value: every text is made visible, but HTML of ours and an `Exact` one."""
    return visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value
