"""An assistant's first use of an account: the person is asked once, however many callers wait for it (R20)."""

from collections.abc import Collection
from contextlib import suppress
from typing import Protocol

from tokenkit.account import Account
from tokenkit.errors import ConsentRequired, StoreError, TokenKitError, UnknownAccount
from tokenkit.grants.refresh_state import RefreshState, read_state, write_state
from tokenkit.grants.refresher import Refresher
from tokenkit.grants.token_cache import TokenCache
from tokenkit.grants.token_query import TokenQuery
from tokenkit.signing_in.pendings import PENDING_LASTS
from tokenkit.store import Lease, Name
from tokenkit.token import AccessToken


class Login(Protocol):
    """Ask the person: `TokenKit.login`."""

    def __call__(self, provider: str, *, scopes: Collection[str] | None, account: str) -> Account:
        """Return the account that they signed in to."""
        ...


PROMPT_LASTS = PENDING_LASTS + 60
"""Seconds for the person, and for the exchange that follows."""


def first_use(cache: TokenCache, login: Login, asked: str, ask: TokenQuery) -> AccessToken:
    """Ask the person for what is missing, and return the token.

    Of several callers who need that at once, in any process, one prompts. The others wait for it and share the result:
    a token, or, where the person declined, no second prompt. A caller who asked for a certain account gets a token of
    that account only, even if the person signed in to another.
    """
    provider, _, name = asked.partition("/")
    refresher = cache.refresher
    began = refresher.context.now()
    prompt = Name("metadata", refresher.records.owner, f"sign-in/{provider}")
    with refresher.records.store.lease(prompt, lasts=PROMPT_LASTS, wait=PROMPT_LASTS) as lease:
        try:
            return cache.token(asked, ask)
        except (ConsentRequired, UnknownAccount) as error:
            if _declined(lease, began, refresher.context.now()):
                raise
            needed = error
        signed_in = _prompt(refresher, login, provider, name or needed.account.partition("/")[2], ask, lease)
    return cache.token(asked if name else str(signed_in), ask)


def _prompt(refresher: Refresher, login: Login, provider: str, name: str, ask: TokenQuery, lease: Lease) -> Account:
    try:
        return login(provider, scopes=ask.scopes or None, account=name)
    except TokenKitError as error:
        with suppress(StoreError):
            now = refresher.context.now()
            write_state(lease, RefreshState().failed(error, now, outcome_known=True), now)
        raise


def _declined(lease: Lease, since: float, now: float) -> bool:
    failure = read_state(lease, now).failure
    return failure is not None and since <= failure.at <= now
