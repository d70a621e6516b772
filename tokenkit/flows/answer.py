"""The one reader of token answers (RFC 6749 section 5.1): tolerant of what providers send, and losing nothing (R16)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from tokenkit.confidential import Confidential
from tokenkit.errors import InvalidAnswer
from tokenkit.flows.members import Members
from tokenkit.provider import Response
from tokenkit.token import AccessToken, Secret

Lifetime = float | Literal["never"]
"""Seconds, or "never" for a token without an end."""

LONGEST = 1e10
"""Seconds (some 300 years): a longer lifetime is cut to this, so that its end is a date that can be shown."""


@dataclass(frozen=True, slots=True)
class TokenAnswer(Confidential):
    """What the token endpoint gave, as far as it can be used.

    `access` is None when there is no usable access token, which happens beside a new refresh token only. `damaged` says
    that the answer has, or may have had, a refresh token that cannot be read: the one that was sent is perhaps spent
    (R12). `scopes` is None when the answer names none. `at`, `expires_at` and `refresh_expires_at` are Unix time in
    seconds, UTC.
    """

    at: float
    access: Secret | None
    refresh_token: Secret | None
    damaged: bool = False
    type: str = "Bearer"
    expires_at: float | None = None
    refresh_expires_at: float | None = None
    scopes: frozenset[str] | None = None
    captured: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    def tokens(self, scopes: frozenset[str] | None) -> dict[str, AccessToken]:
        """Return the access token, granted with `scopes`, under the empty audience; nothing when there is none."""
        if self.access is None:
            return {}
        token = AccessToken(
            self.access.reveal(), type=self.type, expires_at=self.expires_at, obtained_at=self.at, scopes=scopes
        )
        return {"": token}


def read_answer(
    response: Response,
    answer: Members,
    *,
    default_expires_in: Lifetime,
    scope_separator: str = " ",
    captured: Sequence[str] = (),
) -> TokenAnswer:
    """Read a token answer from its members. Expiry counts from when the request was sent.

    `default_expires_in` stands in for a missing or unreadable ``expires_in``. `captured` are the dotted paths of other
    members to keep. Raises `InvalidAnswer` when there is neither an access token nor a refresh token that can be used.
    """
    members = answer.values
    access = _access_token(members.get("access_token"))
    refresh_token = _refresh_token(members.get("refresh_token"))
    if access is None and refresh_token is None:
        if not members:
            response.json_object()  # says what there is in the place of one
        raise InvalidAnswer(f"the answer (HTTP {response.status}) holds no token that can be used")
    lifetime = seconds(members.get("expires_in"))
    refresh_lifetime = seconds(members.get("refresh_token_expires_in"))
    found = {path: member_at(members, path) for path in captured}
    return TokenAnswer(
        at=response.at,
        access=access,
        refresh_token=refresh_token,
        damaged=refresh_token is None and not _without(answer, "refresh_token"),
        type=_token_type(members.get("token_type")),
        expires_at=_end(response.at, default_expires_in if lifetime is None else lifetime),
        refresh_expires_at=response.at + refresh_lifetime if refresh_lifetime else None,
        scopes=_scopes(members.get("scope"), scope_separator),
        captured={path: value for path, value in found.items() if value},
    )


def member_at(members: Mapping[str, Any], path: str) -> str:
    """Return the text, or the whole number as text, at a dotted path such as ``authed_user.id``, else empty."""
    value: Any = members
    for name in path.split("."):
        value = cast(dict[str, Any], value).get(name) if isinstance(value, dict) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value.isprintable() else ""


def vschar(value: str) -> bool:
    """Whether it may be a token or a code: VSCHAR (RFC 6749 appendix A), which cannot break out of a header."""
    return value != "" and value.isascii() and value.isprintable()


def access_token_value(value: object) -> str:
    """Return `value` if it may be an access token, else empty: VSCHAR without a space at either end.

    One with such a space would not come back the same out of a header, and HTTP libraries quote it in their errors.
    """
    return value if isinstance(value, str) and vschar(value) and value == value.strip() else ""


def _access_token(value: object) -> Secret | None:
    text = access_token_value(value)
    return Secret(text) if text else None


def _refresh_token(value: object) -> Secret | None:
    """Keep it as it came (R16): it travels encoded in a body, and to refuse one is to lose the session."""
    if not isinstance(value, str) or not value:
        return None
    try:
        value.encode()
    except UnicodeEncodeError:  # bytes that are no UTF-8, which were kept as surrogates: an old server's Latin-1
        try:
            value = value.encode("utf-8", "surrogateescape").decode("latin-1")
        except UnicodeEncodeError:
            return None
    return Secret(value)


def _without(answer: Members, name: str) -> bool:
    """Whether the answer certainly has no member of that name, or says itself that it is empty."""
    return answer.whole and answer.values.get(name) in (None, "")


def _token_type(value: object) -> str:
    """Token types are compared whatever their case (RFC 6749 section 5.1); RFC 6750 and 9449 write them so."""
    if not isinstance(value, str) or not value.isascii() or not value.isalnum():
        return "Bearer"
    return {"bearer": "Bearer", "dpop": "DPoP"}.get(value.lower(), value)


def seconds(value: object) -> float | None:
    """Read a number of seconds, also from text; None when it is none; zero when it is over already."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return None if math.isnan(number) else min(max(number, 0.0), LONGEST)


def _end(at: float, lifetime: Lifetime) -> float | None:
    return None if lifetime == "never" else at + lifetime


def _scopes(value: object, separator: str) -> frozenset[str] | None:
    if isinstance(value, str):
        value = value.replace(separator, " ").split()
    if not isinstance(value, list):
        return None
    return frozenset(item for item in cast(list[object], value) if isinstance(item, str) and vschar(item))
