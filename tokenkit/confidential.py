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


class _Stateless(type):
    """The type of classes that return no fields.

    A frozen dataclass with slots gets a method for that, and before Python 3.11.4 in the place of one of its own.
    """

    def __setattr__(cls, name: str, value: object) -> None:
        super().__setattr__(name, _no_state if name == "__getstate__" else value)


@dataclass(frozen=True, slots=True)
class Confidential(HoldsSecrets, metaclass=_Stateless):
    """The base of a dataclass that holds secrets. Its fields with secrets have ``repr=False``, or are a `Secret`.

    `dataclasses.replace` works.
    """

    _guard: _Guard = field(default=_GUARD, init=False, repr=False, compare=False)
