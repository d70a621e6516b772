"""What a dataclass that holds secrets is made of: it is neither pickled nor copied nor taken apart (R35).

`dataclasses.asdict` is how most crash reporters, caches and logs look at what they are given.
"""

from dataclasses import dataclass, field
from typing import NoReturn

from tokenkit.token import REFUSAL, HoldsSecrets


class _Guard(HoldsSecrets):
    """Refuses to be copied: so `dataclasses.asdict` and `astuple`, which copy each field, fail where one is there."""

    __slots__ = ()


_GUARD = _Guard()


def _no_state(_: object) -> NoReturn:
    """Refuse to return the fields."""
    raise TypeError(REFUSAL)


@dataclass(frozen=True, slots=True)
class Confidential(HoldsSecrets):
    """The base of a dataclass that holds secrets. Its fields with secrets have ``repr=False``, or are a `Secret`.

    `dataclasses.replace` works.
    """

    _guard: _Guard = field(default=_GUARD, init=False, repr=False, compare=False)

    def __init_subclass__(cls) -> None:
        # A frozen dataclass with slots gets a method of its own that returns all its fields, unless it has one.
        cls.__getstate__ = _no_state  # type: ignore[assignment,method-assign]
