"""What a caller asks of a token, what memory holds of an answer, and what is missing where it holds none."""

from collections.abc import Collection
from typing import NamedTuple

from tokenkit.account import Account
from tokenkit.grants.refresh_job import RefreshJob
from tokenkit.grants.sealed_store import StoredGrant
from tokenkit.store import Version
from tokenkit.token import AccessToken


class TokenQuery(NamedTuple):
    """What a caller asks of a token: scopes (aliases or values), seconds of life, not the one an API rejected."""

    scopes: Collection[str] = ()
    min_ttl: float = 0.0
    rejected: AccessToken | None = None


Memory = tuple[AccessToken, float, float, float, frozenset[str], Collection[str]]
"""What serves without a look (R1): a token, the window of wall time `since`, `until` in which it does, when it `ends`,
the scopes granted, and the ones that were last found among them. Unpacked at every call, so no named tuple: that costs
as much as all the rest."""


class Remembered(NamedTuple):
    """What the last look found: it serves again for as long as the store has this version of what was asked for.

    `looked` is when that look began, in Unix time.
    """

    scopes: frozenset[str]
    account: Account
    held: StoredGrant
    version: Version | None
    looked: float


class RefreshNeeded(NamedTuple):
    """What is missing: the refresh that the keeper must make, and what there is meanwhile."""

    account: Account
    need: RefreshJob
    held: StoredGrant
