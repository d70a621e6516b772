"""What a value that holds secrets is made of: it is neither pickled nor copied nor taken apart (R35).

A crash reporter, a cache or a log would keep what it was given for good; `dataclasses.asdict` is how most of them look.
"""

from dataclasses import dataclass, field
from typing import NoReturn, Self

_REFUSAL = "a value that holds secrets is neither pickled nor copied nor turned into plain ones"


class _Refuses:
    """Refuses to be copied: so `dataclasses.asdict` and `astuple`, which copy each field, fail where one is there."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(_REFUSAL)

    def __deepcopy__(self, memo: object) -> NoReturn:
        raise TypeError(_REFUSAL)


_GUARD = _Refuses()


def _no_state(_: object) -> NoReturn:
    """Refuse to return the fields."""
    raise TypeError(_REFUSAL)


@dataclass(frozen=True, slots=True)
class Confidential:
    """The base of a dataclass that holds secrets. Its fields with secrets have ``repr=False``, or are a `Secret`.

    `copy.copy` returns the value itself, which cannot be changed; `dataclasses.replace` works.
    """

    _guard: _Refuses = field(default=_GUARD, init=False, repr=False, compare=False)

    def __init_subclass__(cls) -> None:
        # A frozen dataclass with slots gets a method of its own that returns all its fields, unless it has one.
        cls.__getstate__ = _no_state  # type: ignore[assignment,method-assign]

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(_REFUSAL)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> NoReturn:
        raise TypeError(_REFUSAL)
