"""The access token that a tool gets, and the one judgement whether it is still good."""

from collections.abc import Collection, Mapping
from typing import Any, NoReturn, Self

Record = Mapping[str, Any]

REFRESH_MARGIN = 300.0
"""Seconds before the end from which a token is refreshed while nobody waits (R3); a fifth of the lifetime if less."""

EXPIRY_MARGIN = 10.0
"""Seconds before the end from which a token counts as spent; a twentieth of the lifetime if that is less."""

DEAD_ON_ARRIVAL = 60.0
"""Seconds for which a token is used that was expired on arrival (R16): else every call would refresh it."""


REFUSAL = "a value that holds secrets is neither pickled nor copied nor turned into plain ones"


class HoldsSecrets:
    """The base of a value that holds secrets: it is neither pickled nor copied nor taken apart (R35).

    A crash reporter, a cache or a log would keep what it was given for good. `copy.copy` returns the value itself,
    which cannot be changed.
    """

    __slots__ = ()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(REFUSAL)

    def __getstate__(self) -> NoReturn:
        raise TypeError(REFUSAL)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> NoReturn:
        raise TypeError(REFUSAL)


class Secret(HoldsSecrets):
    """A string that shows in no repr, pickle, deep copy or format string: those end up in logs (R35)."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the string. The caller is responsible for where it goes."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret(…)"


def concealed(held: object) -> str:
    """Return what a repr shows in the place of a secret, also of one that a program gave as a plain text (R35)."""
    return "None" if held is None else "Secret(…)"


class AccessToken(HoldsSecrets):
    """An access token (RFC 6749 section 1.4): `value`, `type`, `expires_at`, `scopes`.

    `expires_at` and `obtained_at` are Unix time in seconds, UTC; `expires_at` is None for a token that never ends.
    `scopes` are the granted ones, None where the provider does not say. `refresh_from` is when the provider allows the
    first refresh ahead of the end, None where it does not say. The value shows in no repr and refuses
    pickle, deepcopy and asdict, since those end up in logs (R35). To pass the token on, pass `value` on purpose.
    """

    __slots__ = ("_value", "expires_at", "obtained_at", "refresh_from", "scopes", "type")

    def __init__(
        self,
        value: str,
        *,
        type: str = "Bearer",
        expires_at: float | None = None,
        obtained_at: float = 0.0,
        scopes: Collection[str] | None = None,
        refresh_from: float | None = None,
    ) -> None:
        self._value = value
        self.refresh_from = refresh_from
        self.type = type
        self.expires_at = expires_at
        self.obtained_at = obtained_at
        self.scopes = None if scopes is None else frozenset(scopes)

    @property
    def value(self) -> str:
        """The token itself: a secret."""
        return self._value

    def lifetime(self) -> float:
        """Return the seconds from issue to end; infinite for a token that never ends."""
        return float("inf") if self.expires_at is None else max(0.0, self.expires_at - self.obtained_at)

    def good_until(self, min_ttl: float = 0.0) -> float:
        """Return the time until which the token is good for `min_ttl` seconds more; infinite for a token without end.

        The time is Unix time in seconds, a margin before the end. A `min_ttl` of more than nine tenths of the lifetime
        counts as nine tenths: no refresh could bring more.
        """
        if self.expires_at is None:
            return float("inf")
        lifetime = self.lifetime()
        if lifetime == 0:  # the provider called it expired on arrival: one refresh a minute, not one a call (R16)
            return self.obtained_at + DEAD_ON_ARRIVAL
        return self.expires_at - max(min(EXPIRY_MARGIN, lifetime / 20), min(min_ttl, lifetime * 0.9))

    def good(self, now: float, min_ttl: float = 0.0) -> bool:
        """Tell whether the token is good at `now`, and for `min_ttl` seconds more.

        It is not where `now` is before its issue: the clock was stepped back, so its age is unknown.
        """
        if self.expires_at is not None and now < self.obtained_at - EXPIRY_MARGIN:
            return False
        return now < self.good_until(min_ttl)

    def alive(self, now: float) -> bool:
        """Tell whether any life is left: such a token is served where nothing better can be had (R14)."""
        return self.expires_at is None or now < self.expires_at

    def closing_from(self) -> float:
        """Return when a refresh ahead of the end is due (R3); infinite for a token expired on arrival (R16).

        Not before `refresh_from`. What needs a new token sooner is no refresh ahead of the end, and waits for nothing.
        """
        lifetime = self.lifetime()
        if self.expires_at is None or lifetime == 0:
            return float("inf")
        begins = self.expires_at - min(REFRESH_MARGIN, lifetime / 5)
        return begins if self.refresh_from is None else min(max(begins, self.refresh_from), self.good_until())

    def closing(self, now: float) -> bool:
        """Tell whether a refresh ahead of the end is due."""
        return now >= self.closing_from()

    def __repr__(self) -> str:
        return f"AccessToken(…, type={self.type!r}, expires_at={self.expires_at!r})"


def access_token(record: Record, audience: str = "") -> AccessToken | None:
    """Read the access token for `audience` from a grant's record; return None when it holds none."""
    held = record.get("access_tokens", {}).get(audience)
    if not held:
        return None
    scopes = held.get("scopes", record.get("scopes"))
    return AccessToken(
        held["value"],
        type=held.get("type", "Bearer"),
        expires_at=held.get("expires_at"),
        obtained_at=held.get("obtained_at", 0.0),
        scopes=scopes,
        refresh_from=held.get("refresh_from"),
    )


def usable(record: Record, now: float, min_ttl: float = 0.0, scopes: Collection[str] = ()) -> AccessToken | None:
    """Return the record's access token if it is good at `now`, for `min_ttl` seconds, with `scopes`; else None.

    The core and the fast path both judge by this function. `scopes` are full values, not aliases. None says that the
    record alone does not help, and the refresher finds out what does.
    """
    if record.get("state", "active") == "moved":
        return None
    token = access_token(record)
    if token is None or not token.good(now, min_ttl):
        return None
    if scopes and token.scopes is not None and not token.scopes.issuperset(scopes):
        return None
    return token
