"""A reason in short: a list and an error have room for one sentence, ``status`` has all of it."""

import re

SHORT = 100
"""Characters of a reason that is left whole, but for what stands in parentheses or behind a full stop."""


def brief(reason: str) -> str:
    """Return the first clause of a reason. What a long one says behind a colon explains it, and is left out, too."""
    plain = re.sub(r" \([^)]*\)", "", reason)
    clause = re.split(r"[.;] ", plain, maxsplit=1)[0].rstrip(".")
    head, colon, _ = clause.partition(": ")
    return head if colon and len(clause) > SHORT and " " in head else clause  # one word is a code, and says little
