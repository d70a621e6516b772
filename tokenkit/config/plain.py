"""Take a table that is plainly right without pydantic, which takes longer to load than a whole command to run.

Whatever is not plainly right is left to pydantic: it judges, and it has the words for what is wrong.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, TypeVar, cast, get_args, get_origin

T = TypeVar("T")


class NotPlain(Exception):
    """The value is wrong, or right in a way that is not known here."""


def plainly(kind: type[T], table: object) -> T:
    """Return the dataclass that a table of JSON says, with all its members of just their kinds; or raise `NotPlain`."""
    try:
        return cast(T, _of(kind, table))
    except ValueError:  # of the dataclass itself
        raise NotPlain from None


def _of(kind: Any, value: Any) -> object:
    if is_dataclass(kind) and type(value) is dict:
        kinds = {item.name: item.type for item in fields(kind)}
        members = cast(dict[str, object], value)
        if members.keys() <= kinds.keys():
            return cast(Any, kind)(**{name: _of(kinds[name], member) for name, member in members.items()})
    elif get_origin(kind) is Mapping and type(value) is dict:
        return {name: _of(get_args(kind)[1], member) for name, member in cast(dict[str, object], value).items()}
    elif get_origin(kind) is tuple and type(value) is list:
        return tuple(_of(get_args(kind)[0], member) for member in cast(list[object], value))
    elif kind is Any or type(value) is kind or (get_origin(kind) is UnionType and type(value) in get_args(kind)):
        return value
    raise NotPlain
