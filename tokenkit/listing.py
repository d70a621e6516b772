"""Names in a sentence: a few of them, and how many more there are."""

from collections.abc import Iterable

SHOWN = 5
"""Names that a message lists; of an assistant with 100,000 accounts it would be megabytes."""


def listed(names: Iterable[object], *, whole: bool = True) -> str:
    """Return the first few names, and how many more there are; unless these are the `whole`, there are many more."""
    every = [str(name) for name in names]
    more = len(every) - SHOWN
    return ", ".join(every[:SHOWN]) + (f" and {more if whole else 'many'} more" if more > 0 else "")
