"""What the authority has issued: codes, tokens, and the families they belong to."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field

CODE_LASTS = 600.0
"""Seconds in which a code can be redeemed: ten minutes at most (RFC 6749 section 4.1.2)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An authorization that waits for the person: by a redirect, a device, or Pocket's request token."""

    flavour: str
    client_id: str
    redirect_uri: str = ""
    scopes: tuple[str, ...] = ()
    state: str = field(default="", repr=False)
    code_challenge: str = ""
    login_hint: str = ""
    offline: bool = True
    press: bool = True
    merge: bool = False
    user_code: str = ""
    request_token: str = field(default="", repr=False)


@dataclass(slots=True)
class Family:
    """One consent, and all tokens that come from it: they end together (RFC 9700 section 4.14.2)."""

    flavour: str
    client_id: str
    user: str
    scopes: frozenset[str]
    refresh_ends_at: float | None = None
    revoked: bool = False


@dataclass(slots=True)
class Code:
    """An authorization code; `spent` once it was redeemed."""

    asked: Asked
    family: Family
    with_refresh_token: bool
    ends_at: float
    spent: bool = False


@dataclass(frozen=True, slots=True)
class Access:
    """An access token; without an end where `ends_at` is None."""

    family: Family
    scopes: frozenset[str]
    ends_at: float | None


@dataclass(slots=True)
class Refresh:
    """A refresh token; `spent` once it was rotated away."""

    family: Family
    spent: bool = False


class Ledger:
    """All codes, tokens and consents of one authority. Times are Unix time in seconds, UTC; lifetimes are seconds."""

    def __init__(self, clock: Callable[[], float], random: Callable[[int], bytes]) -> None:
        self.now = clock
        self._random = random
        self.issued: set[str] = set()
        self.codes: dict[str, Code] = {}
        self.access: dict[str, Access] = {}
        self.refresh: dict[str, Refresh] = {}
        self.consents: dict[tuple[str, str, str], frozenset[str]] = {}

    def secret(self, prefix: str = "", size: int = 32) -> str:
        """Make a string that nobody can guess, and remember it in `issued`."""
        value = prefix + urlsafe_b64encode(self._random(size)).decode().rstrip("=")
        self.issued.add(value)
        return value

    def remember(self, family: Family) -> Family:
        """Remember the consent that a family begins with, and return the family."""
        key = (family.flavour, family.client_id, family.user)
        self.consents[key] = self.consents.get(key, frozenset()) | family.scopes
        return family

    def consented(self, flavour: str, client_id: str, user: str) -> frozenset[str]:
        """Return the scopes that this person has allowed this client so far."""
        return self.consents.get((flavour, client_id, user), frozenset())

    def new_code(self, prefix: str, asked: Asked, family: Family, *, with_refresh_token: bool) -> str:
        """Issue an authorization code."""
        value = self.secret(prefix)
        self.codes[value] = Code(asked, family, with_refresh_token, self.now() + CODE_LASTS)
        return value

    def new_access(self, prefix: str, family: Family, scopes: frozenset[str], lifetime: float | None) -> str:
        """Issue an access token."""
        value = self.secret(prefix)
        self.access[value] = Access(family, scopes, None if lifetime is None else self.now() + lifetime)
        return value

    def new_refresh(self, prefix: str, family: Family) -> str:
        """Issue a refresh token."""
        value = self.secret(prefix)
        self.refresh[value] = Refresh(family)
        return value

    def living(self, value: str, flavour: str) -> Access | None:
        """Return the access token of that flavour; None where it has expired or was revoked."""
        access = self.access.get(value)
        if access is None or access.family.flavour != flavour or access.family.revoked:
            return None
        return None if access.ends_at is not None and self.now() >= access.ends_at else access

    def family_of(self, value: str, flavour: str) -> Family | None:
        """Return the family of an access or refresh token of that flavour, whether it still works or not."""
        held = self.refresh.get(value) or self.access.get(value)
        return held.family if held is not None and held.family.flavour == flavour else None

    def end(self, flavour: str, user: str, client_id: str = "") -> None:
        """End every token of that person, of one client or of all, and forget that they ever consented."""
        tokens: list[Access | Refresh | Code] = [*self.access.values(), *self.refresh.values(), *self.codes.values()]
        for family in (token.family for token in tokens):
            if (family.flavour, family.user) == (flavour, user) and client_id in ("", family.client_id):
                family.revoked = True
        for key in [key for key in self.consents if key[0] == flavour and key[2] == user]:
            if client_id in ("", key[1]):
                del self.consents[key]


def proves(verifier: str, challenge: str) -> bool:
    """Tell whether the S256 challenge was made of this verifier (RFC 7636 section 4.6)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return 43 <= len(verifier) <= 128 and urlsafe_b64encode(digest).decode().rstrip("=") == challenge
