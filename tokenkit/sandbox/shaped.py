"""Answers in a shape that is told by paths: the other direction of `tokenkit.flows.paths`."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from itertools import pairwise
from typing import Any


def put(members: dict[str, Any], path: str, value: object) -> None:
    """Put a value at a dotted path, and make what is missing on the way; a number is a place in a list."""
    names = path.split(".")
    place: dict[str, Any] | list[Any] = members
    for name, following in pairwise(names):
        place = _at(place, name, [] if following.isdecimal() else {})
    _at(place, names[-1], value)


def _at(place: dict[str, Any] | list[Any], name: str, value: Any) -> Any:
    """Return what stands at that name, or place in a list; where nothing does, `value` is put there."""
    if isinstance(place, dict):
        return place.setdefault(name, value)
    place += [None] * (int(name) + 1 - len(place))
    if place[int(name)] is None:
        place[int(name)] = value
    return place[int(name)]


def unsigned(claims: Mapping[str, Any]) -> str:
    """Return a JWT with these claims that nobody has signed: one who gets it over TLS needs no more."""
    parts = (json.dumps(part).encode() for part in ({"alg": "none"}, claims))
    return ".".join(urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + "."


def subject(user: str) -> str:
    """Return what never changes of a person: ``id-of-me``."""
    return f"id-of-{user.partition('@')[0]}"
