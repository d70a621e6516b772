"""What a value in a TOML file should be, in words of ours: the validator's speak of inputs, objects and arrays.

The words come from the kind with which the dataclass annotates its field, and never from the value (R35).
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin

from tokenkit.nearest import nearest

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_PLAIN = {
    bool: ("true or false", "true"),
    str: ("a text in quotes", '"..."'),
    int: ("a whole number", "8765"),
    float: ("a number of seconds", "7200"),
}
_EXAMPLES = {"status": "403"}
"""Values of fields for which the usual one of their kind would mislead."""
_OWN_NAMES = {"fields": "key", "scopes": "read", "variables": "region"}
"""A name for a table of each group, where somebody has written the members of one directly into the group."""


class WrongValue(NamedTuple):
    """The `key` that is wrong, what its value `must_be`, and how that is `written`; the `choices` of words, if any."""

    key: str
    must_be: str
    written: str
    choices: tuple[str, ...] = ()

    def written_for(self, given: object) -> str:
        """Return how it is written, with the choice that was probably meant by what is there."""
        if len(self.choices) < 2:
            return self.written
        said = given.casefold() if isinstance(given, str) else ""
        held = [each for each in self.choices if each in said]
        near = max(held, key=len) if held else nearest(said, self.choices)
        return self.written.replace(json.dumps(self.choices[0]), json.dumps(near)) if near else "write one of these"


def wrong_value(root: type[Any], loc: Sequence[int | str], table: str = "") -> WrongValue:
    """Return what belongs at the place `loc` of the dataclass `root`, which a file has in `table`."""
    kind: Any = root
    within: Any = root
    way: list[str] = []
    for part in loc:
        inner = _inside(kind, part)
        if inner is None:
            break  # the validator goes on with which kind of several it tried
        kind, within = inner, kind
        way.append(str(part))
    must_be, value = _described(kind)
    name, in_a_list = way[-1] if way else "", get_origin(within) is tuple
    value = _EXAMPLES.get(name, value)
    if value and in_a_list:
        return WrongValue(".".join(way), must_be, f"write {_quoted(way[-2])} = [{value}]")
    if value:
        return WrongValue(".".join(way), must_be, f"write {_quoted(name)} = {value}", _choices(kind))
    if in_a_list or get_origin(kind) is tuple:
        lines = _table(table, way[:-1] if in_a_list else way)
        return WrongValue(".".join(way), must_be, f"write [[{lines}]] above each")
    if get_origin(within) is Mapping and name in _members(kind):
        way = way[:-1]
        named = [*way, _OWN_NAMES.get(way[-1], "name")]
        return WrongValue(".".join(way), "tables, one for each", f"write a table for each: [{_table(table, named)}]")
    each = is_dataclass(_inside(kind, "") if get_origin(kind) is Mapping else None)
    named = [*way, _OWN_NAMES.get(name, "name")] if each else way
    return WrongValue(".".join(way), must_be, f"write a table{' for each' * each}: [{_table(table, named)}]")


def _inside(kind: Any, part: int | str) -> Any:
    """Return the kind of what stands at `part` in a value of the kind; None where it holds nothing."""
    kind = _sole(kind)
    if get_origin(kind) is tuple:
        return get_args(kind)[0]
    if get_origin(kind) is Mapping:
        return get_args(kind)[1]
    return _members(kind).get(str(part))


def _members(kind: Any) -> dict[str, Any]:
    return {each.name: each.type for each in fields(kind) if each.init} if is_dataclass(kind) else {}


def _sole(kind: Any) -> Any:
    """Return the only kind that may be written; what may be None is left out then."""
    if get_origin(kind) in (UnionType, Union):
        others = [each for each in get_args(kind) if each is not type(None)]
        return others[0] if len(others) == 1 else kind
    return kind


def _choices(kind: Any) -> tuple[str, ...]:
    kind = _sole(kind)
    return tuple(filter(None, get_args(kind))) if get_origin(kind) is Literal else ()


def _described(kind: Any) -> tuple[str, str]:
    """Return what a value of the kind is, and one of it as TOML; empty for tables."""
    kind = _sole(kind)
    if kind in _PLAIN:
        return _PLAIN[kind]
    if get_origin(kind) is Literal:
        words = [json.dumps(word) for word in get_args(kind) if word]
        return f"{'one of ' * (len(words) > 1)}{', '.join(words)}", words[0]
    if get_origin(kind) in (UnionType, Union):
        every = [_described(each) for each in get_args(kind)]
        return ", or ".join(must_be for must_be, _ in every), every[0][1]
    if get_origin(kind) is tuple:
        value = _described(get_args(kind)[0])[1]
        return ("a list", f"[{value}]") if value else ("a list of tables", "")
    return "a table", ""


def _table(within: str, names: Sequence[str]) -> str:
    return ".".join([*filter(None, [within]), *map(_quoted, names)])


def _quoted(name: str) -> str:
    return name if _BARE.fullmatch(name) else json.dumps(name)
