"""Paths into an answer: ``authed_user.id``, ``errors.0.code``, and through the claims of a JWT, ``id_token.sub``."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any, cast


def value_at(members: Mapping[str, Any], path: str) -> Any:
    """Return what stands at a dotted path, or None. A number picks from a list; a JWT is read like an object."""
    if "." not in path:
        return members.get(path)
    value: Any = members
    for name in path.split("."):
        if isinstance(value, str):
            value = jwt_claims(value)
        if isinstance(value, dict):
            value = cast(dict[str, Any], value).get(name)
        else:
            items = cast(list[object], value) if isinstance(value, list) else []
            value = items[int(name)] if name.isdecimal() and int(name) < len(items) else None
    return value


def member_at(members: Mapping[str, Any], path: str) -> str:
    """Return the text, or the whole number as text, at a dotted path, else empty."""
    value = value_at(members, path)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value.isprintable() else ""


def jwt_claims(token: str) -> dict[str, Any]:
    """Return the claims of a JWT, nothing verified, or none for what is no JWT.

    They are taken for true only where the token came from the token endpoint itself, over TLS (OpenID Connect Core
    section 3.1.3.7), or where nothing depends on them.
    """
    parts = token.split(".")
    if len(parts) != 3 or not parts[1].isascii():
        return {}
    try:
        claims = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return {}
    return cast(dict[str, Any], claims) if isinstance(claims, dict) else {}
