"""The errors that a refresh ends in, in words, each with what helps."""

from typing import TYPE_CHECKING

from tokenkit.account import Account
from tokenkit.errors import (
    ConsentRequired,
    ProviderUnavailable,
    StoreUnavailable,
    TokenKitError,
    UnknownAccount,
    UsageError,
)
from tokenkit.grant import Grant
from tokenkit.shell import quoted

if TYPE_CHECKING:
    from tokenkit.provider import Provider


def consent_required(account: Account, reason: str, *, presumed: bool = False) -> ConsentRequired:
    """Return the error that only a sign-in helps against, with the command."""
    return ConsentRequired(
        f"{account} needs you to sign in again: {reason}",
        hint=f"tokenkit login {quoted(str(account))}",
        account=str(account),
        reason=reason,
        presumed=presumed,
    )


def nothing_to_send(account: Account, grant: Grant, provider: "Provider", *, forced: bool) -> TokenKitError:
    """Return the error for a grant without a refresh token: what was asked for was in vain, or a person must help."""
    token = grant.access_token
    if token is not None and token.expires_at is None and not forced:
        hint = f"for another one: tokenkit login {quoted(str(account))}; does it work? tokenkit audit --online"
        return UsageError(f"{account} has nothing to refresh: its token has no end", hint=hint)
    if forced:  # an API has said it of one request: more is not known
        what = "key" if getattr(provider, "ask", None) else "access token, and the provider gave no refresh token"
        return consent_required(account, f"its API has answered 401 to the {what}")
    return consent_required(account, "the provider gave no refresh token, and the access token has ended")


def refused_with_many(account: Account, provider: "Provider", reason: str, retry_at: float) -> ProviderUnavailable:
    """Return the error for a refusal that is not believed: a provider's bad hour signs nobody out (R13)."""
    why = f": {reason}" if reason else ""
    return ProviderUnavailable(
        f"{provider.title} refuses many accounts at once, so this is taken for its own trouble{why}",
        retry_at=retry_at,
        hint="try again later; nobody is signed out",
        account=str(account),
    )


def cannot_be_saved(account: Account, error: BaseException, *, what: str = "refreshed") -> StoreUnavailable:
    """Return the error for a new grant that can be written nowhere, because of `error` (R9); `what` has brought it."""
    words, hint = type(error).__name__, ""  # another's words may hold a token (R35)
    if isinstance(error, TokenKitError):
        words, hint = str(error), error.hint
    return StoreUnavailable(
        f"{account} was {what}, and its new grant cannot be written: {words}. "
        "This process keeps it, and tries again each second",
        hint=hint or "free some disk space, and do not end this process before",
        account=str(account),
    )


def signed_out_meanwhile(account: Account, provider: "Provider", *, revoked: bool) -> UnknownAccount:
    """Return the error for an account that somebody has signed out of while it was refreshed (R8)."""
    return UnknownAccount(
        f"{account} was signed out while it was being refreshed; what the refresh brought was "
        + ("revoked" if revoked else f"not revoked: remove the app yourself. {provider.manage_url}".rstrip()),
        hint=f"tokenkit login {quoted(str(account))}",
        account=str(account),
    )
