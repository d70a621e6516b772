"""Answers in a shape that is told by paths: the other direction of `tokenkit.flows.paths`."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any


def put(members: dict[str, Any], path: str, value: object) -> None:
    """Put a value at a dotted path, and make what is missing on the way; a number is a place in a list."""
    place: Any = members
    names = path.split(".")
    for name, following in zip(names, [*names[1:], ""], strict=True):
        last = following == ""
        empty: Any = value if last else [] if following.isdecimal() else {}
        if isinstance(place, list):
            while len(place) <= int(name):
                place.append(empty)
            place = place[int(name)]
        else:
            place[name] = value if last else place.get(name, empty)
            place = place[name]


def unsigned(claims: Mapping[str, Any]) -> str:
    """Return a JWT with these claims that nobody has signed: one who gets it over TLS needs no more."""
    parts = (json.dumps(part).encode() for part in ({"alg": "none"}, claims))
    return ".".join(urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + "."
