"""An assistant's first use of an account: the person is asked, once, whoever else waits for the same (R20)."""

from contextlib import suppress
from typing import TYPE_CHECKING

from tokenkit.errors import ConsentRequired, StoreError, TokenKitError, UnknownAccount
from tokenkit.grants.refresh_state import RefreshState
from tokenkit.grants.scopes import scopes_to_ask
from tokenkit.grants.token_cache import TokenQuery
from tokenkit.signing_in.authorization import PENDING_LASTS
from tokenkit.store import Lease, Name
from tokenkit.token import AccessToken

if TYPE_CHECKING:
    from tokenkit.account import Account
    from tokenkit.kit import TokenKit

PROMPT_LASTS = PENDING_LASTS + 60
"""Seconds for the person, and for the exchange that follows."""


def first_use(kit: "TokenKit", asked: str, ask: TokenQuery) -> AccessToken:
    """Ask the person for what is missing, and return the token.

    Of several callers who need that at once, in any process, one prompts. The others wait for it, and share what comes
    of it: a token, or, where the person declined, no second prompt. Whoever asked for a certain account gets that
    one's token and no other's, whoever signed in.
    """
    provider, _, name = asked.partition("/")
    began = kit.context.now()
    prompt = Name("metadata", kit.owner, f"sign-in/{provider}")
    with kit.records.store.lease(prompt, lasts=PROMPT_LASTS, wait=PROMPT_LASTS) as lease:
        try:
            return kit._token(asked, ask)
        except (ConsentRequired, UnknownAccount) as error:
            if _declined(lease, began, kit.context.now()):
                raise
            needed = error
        signed_in = _prompt(kit, provider, name or needed.account.partition("/")[2], ask, lease)
    return kit._token(asked if name else str(signed_in), ask)


def _prompt(kit: "TokenKit", provider: str, name: str, ask: TokenQuery, lease: Lease) -> "Account":
    names = ask.scopes or None
    scopes = scopes_to_ask(kit.records, kit.provider(provider), names, account=name, besides=True)
    try:
        return kit.login(provider, scopes=scopes, account=name)
    except TokenKitError as error:
        with suppress(StoreError):
            lease.write_note(RefreshState().failed(error, kit.context.now(), outcome_known=True).to_bytes())
        raise


def _declined(lease: Lease, since: float, now: float) -> bool:
    failure = RefreshState.from_bytes(lease.note).failure
    return failure is not None and since <= failure.at <= now
