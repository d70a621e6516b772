"""The one reader of token answers (RFC 6749 section 5.1): tolerant of what providers send, and losing nothing (R16)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from tokenkit.confidential import Confidential
from tokenkit.errors import InvalidAnswer
from tokenkit.flows.lifetime import Lifetime, read_date, told_lifetime
from tokenkit.flows.members import Members
from tokenkit.flows.paths import member_at, value_at
from tokenkit.provider import Response
from tokenkit.token import AccessToken, Secret

_EXPIRY = ("expires_in", "expires_at", "expires", "expires_on", "expiry", "expiration", "expiresIn", "expiresAt")
"""Where servers say when the access token ends. A number or a text is a span or a date by its size and form."""

_REFRESH_EXPIRY = (
    "refresh_token_expires_in", "refresh_token_expires_at", "refresh_expires_in", "x_refresh_token_expires_in",
    "refresh_token_timeout", "authorization_expires_in",
)  # fmt: skip
"""The same for the refresh token; the last two are of draft-ietf-oauth-refresh-token-expiration. The first to end
counts."""

_SEPARATORS = re.compile(r"[\s,]+")

_SCHEMES = {
    "bearer": "Bearer", "dpop": "DPoP", "pop": "PoP", "mac": "MAC", "hawk": "Hawk", "signature": "Signature",
    "digest": "Digest", "gnap": "GNAP", "privatetoken": "PrivateToken", "vapid": "vapid",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerShape:
    """Where a provider's token answer has what RFC 6749 section 5 names; each a dotted path, see `flows.paths`.

    - `path`: the object that holds the tokens, such as ``authed_user``. Empty: the top, or where no token is there, the
      one object right below it that holds one. `access_token`, `refresh_token`, `token_type`, `expires_in` and `scope`
      are looked up in that object; a refresh token beside that one object is as good
    - `milliseconds`: whether a number of `expires_in` is one of milliseconds
    - `error`, `error_description`: where a refusal has its code and words, if in none of the usual places
    - `success`: a member that is false, or a number other than 0, in an answer that is an error whatever its status
    """

    path: str = ""
    access_token: str = "access_token"  # noqa: S105 - a name
    refresh_token: str = "refresh_token"  # noqa: S105 - a name
    token_type: str = "token_type"  # noqa: S105 - a name
    expires_in: str = "expires_in"
    scope: str = "scope"
    milliseconds: bool = False
    error: str = ""
    error_description: str = ""
    success: str = ""

    def tokens(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the object that holds the tokens, or the top where none does.

        It is known by its access token, or where none can be used by its refresh token: that one is the session.
        """
        declared = value_at(values, self.path) if self.path else None
        inner = () if self.path else values.values()
        below = [cast(dict[str, Any], value) for value in inner if isinstance(value, dict)]
        for holds in (self._holds_access, self._holds_refresh):
            for place in (declared, values):
                if isinstance(place, dict) and holds(cast(dict[str, Any], place)):
                    return cast(dict[str, Any], place)
            holders = [place for place in below if holds(place)]
            if len(holders) == 1:
                return holders[0]
        return values

    def _holds_access(self, place: Mapping[str, Any]) -> bool:
        return bool(access_token_value(value_at(place, self.access_token)))

    def _holds_refresh(self, place: Mapping[str, Any]) -> bool:
        return _refresh_token(value_at(place, self.refresh_token)) is not None


STANDARD = AnswerShape()


@dataclass(frozen=True, slots=True)
class TokenAnswer(Confidential):
    """What the token endpoint gave, as far as it can be used.

    `access` is None when there is no usable access token, which happens beside a new refresh token only. `damaged` says
    that the answer has, or may have had, a refresh token that cannot be read: the one that was sent is perhaps spent
    (R12). `lifetime` is what the answer says of the access token's, in seconds, None when it says nothing, and
    `default` is what holds then. `scopes` is None when the answer names none. `refresh_from` is when the provider
    allows the first refresh ahead of the end. `at`, `refresh_from` and `refresh_expires_at` are Unix time in seconds,
    UTC.
    """

    at: float
    access: Secret | None
    refresh_token: Secret | None
    damaged: bool = False
    type: str = "Bearer"
    lifetime: float | None = None
    default: Lifetime = 3600.0
    refresh_expires_at: float | None = None
    refresh_from: float | None = None
    scopes: frozenset[str] | None = None
    captured: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    id_token: Secret | None = None

    def tokens(
        self, scopes: frozenset[str] | None, before: Mapping[str, AccessToken] | None = None
    ) -> dict[str, AccessToken]:
        """Return the access token, granted with `scopes`, under the empty audience; nothing when there is none.

        Where the answer says nothing of its lifetime, it is that of the token `before` it, which the provider told or
        which was assumed then (R16).
        """
        if self.access is None:
            return {}
        last = (before or {}).get("")
        assumed = self.default
        if last is not None and last.expires_at is not None and last.lifetime() > 0:
            assumed = last.lifetime()
        lifetime = assumed if self.lifetime is None else self.lifetime
        expires_at = None if lifetime == "never" else self.at + lifetime
        token = AccessToken(
            self.access.reveal(),
            type=self.type,
            expires_at=expires_at,
            obtained_at=self.at,
            scopes=scopes,
            refresh_from=self.refresh_from,
        )
        return {"": token}


def read_answer(
    response: Response,
    answer: Members,
    *,
    default_expires_in: Lifetime,
    shape: AnswerShape = STANDARD,
    scope_separator: str = " ",
    captured: Sequence[str] = (),
) -> TokenAnswer:
    """Read a token answer from its members. Expiry counts from when the request was sent.

    `default_expires_in` stands in for a missing or unreadable lifetime. `captured` are the dotted paths, from the top,
    of other members to keep. Raises `InvalidAnswer` when there is neither an access token nor a refresh token that can
    be used.
    """
    members = shape.tokens(answer.values)
    access = _access_token(value_at(members, shape.access_token))
    given = value_at(members, shape.refresh_token)
    if given is None and not shape.path:
        given = value_at(answer.values, shape.refresh_token)
    refresh_token = _refresh_token(given)
    if access is None and refresh_token is None:
        if not answer.values:
            response.json_object()  # says what there is in the place of one
        raise InvalidAnswer(f"the answer (HTTP {response.status}) holds no token that can be used").answered(
            response.status
        )
    found = {path: member_at(answer.values, path) for path in captured}
    return TokenAnswer(
        at=response.at,
        access=access,
        refresh_token=refresh_token,
        damaged=refresh_token is None and not (answer.whole and given in (None, "")),
        type=_token_type(value_at(members, shape.token_type)),
        lifetime=told_lifetime(
            members,
            (shape.expires_in, *_EXPIRY),
            response.at,
            milliseconds=shape.milliseconds,
            token=access.reveal() if access else "",
        ),
        default=default_expires_in,
        refresh_expires_at=_refresh_end(members, response.at),
        refresh_from=read_date(members.get("earliest_refresh_at")),
        scopes=read_scopes(value_at(members, shape.scope), scope_separator),
        captured={path: value for path, value in found.items() if value},
        id_token=_refresh_token(members.get("id_token") or answer.values.get("id_token")),
    )


def read_scopes(value: object, separator: str = " ") -> frozenset[str] | None:
    """Read scopes out of a text, in every separator in use and the declared one, or out of a list; None for none."""
    if isinstance(value, str):
        value = _SEPARATORS.split(value.replace(separator, " "))
    if not isinstance(value, list):
        return None
    names = (item for item in cast(list[object], value) if isinstance(item, str) and vschar(item))
    return frozenset(names) or None


def vschar(value: str) -> bool:
    """Tell whether it may be a token or a code: VSCHAR (RFC 6749 appendix A), which cannot break out of a header."""
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


def _refresh_end(members: Mapping[str, Any], at: float) -> float | None:
    spans = (told_lifetime(members, (path,), at) for path in _REFRESH_EXPIRY)
    ends = [at + span for span in spans if span]  # 0 stands for no end of its own
    return min(ends, default=None)


def _token_type(value: object) -> str:
    """Write a token type as its scheme: types are compared whatever their case (RFC 6749 section 5.1).

    What is no scheme that a token could need is a label, such as Slack's ``bot``: it says whose token it is.
    """
    return _SCHEMES.get(value.lower(), "Bearer") if isinstance(value, str) else "Bearer"
