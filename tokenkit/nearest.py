"""The known name that an unknown one nearly is: whether to ask "did you mean" is judged here, and nowhere else."""

from collections.abc import Callable, Collection, Iterable

SLIPS = 3
"""Letters that may be wrong, missing, too many or exchanged in a long name; in a shorter one each third may be."""

BEGUN = 3
"""Letters with which a name counts as begun."""


def nearest(word: str, known: Iterable[str], *, begun: bool = True) -> str:
    """Return the known name that was probably meant, or an empty text where none is near.

    That is the one with the fewest slips of the finger; else, with `begun`, the only one that begins with the word.
    Case, and the dashes, dots and spaces between its words, make no difference.
    """
    typed, best, fewest = _plain(word), "", SLIPS + 1
    starting: list[str] = []
    for name in known:
        plain = _plain(name)
        allowed = min(SLIPS, max(len(plain), len(typed)) // 3, fewest - 1)
        slips = _slips(typed, plain, allowed)
        if slips <= allowed:
            best, fewest = name, slips
        if begun and len(typed) >= BEGUN and plain.startswith(typed):
            starting.append(name)
    return best or (starting[0] if len(starting) == 1 else "")


MANY = 20
"""Names that a hint lists at most, where something else lists them all."""


def meant(
    word: str, known: Collection[str], *other_spellings: str, show: Callable[[str], str] = str, too_many: str = ""
) -> str:
    """Return the hint for an unknown name: the one that was probably meant, else all that there are.

    Where those are more than `MANY`, `too_many` says where they are listed.
    """
    near = next(filter(None, (nearest(spelling, known) for spelling in (word, *other_spellings))), "")
    if not near and too_many and len(known) > MANY:
        return f"all {len(known)} that there are: {too_many}"
    return f"did you mean {show(near)}?" if near else f"it is one of {', '.join(map(show, known))}"


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter not in " -_.")


def _slips(one: str, other: str, allowed: int) -> int:
    """Return how many letters to change, add, drop or exchange with the next make one of the other; or more than
    `allowed`.
    """
    if abs(len(one) - len(other)) > allowed:
        return allowed + 1
    earlier: list[int] = []
    before: list[int] = []
    row: list[int] = [*range(len(other) + 1)]
    for at, letter in enumerate(one, 1):
        earlier, before, row = before, row, [at]
        for to, wanted in enumerate(other, 1):
            least = min(before[to] + 1, row[-1] + 1, before[to - 1] + (letter != wanted))
            if at > 1 and to > 1 and (letter, one[at - 2]) == (other[to - 2], wanted):
                least = min(least, earlier[to - 2] + 1)
            row.append(least)
        if min(row) > allowed:
            break
    return row[-1]
