"""Refreshing an access token (RFC 6749 section 6)."""

from collections.abc import Mapping
from datetime import UTC, datetime

from tokenkit.errors import ConsentRequired
from tokenkit.flows.answer import TokenAnswer
from tokenkit.flows.token_endpoint import Refusal, TokenEndpoint
from tokenkit.grant import Grant
from tokenkit.provider import ClientRegistration, Context

CONSENT_CODES = frozenset(
    {"invalid_grant", "bad_refresh_token", "interaction_required", "login_required", "consent_required"}
)
"""RFC 6749 section 5.2, GitHub's own word for the same, and those of OpenID Connect Core section 3.1.2.6."""


def refresh(
    ctx: Context, endpoint: TokenEndpoint, client: ClientRegistration, grant: Grant, parameters: Mapping[str, str]
) -> Grant:
    """Return the renewed grant: one request, never retried here.

    Raises `ConsentRequired` when the provider has ended the grant, `ClientRefused`, `ProviderUnavailable`,
    `InvalidAnswer`, and `ProviderError` for a refusal that ends nothing.
    """
    if not grant.refresh_token:
        raise _consent_required(endpoint, f"{endpoint.title} gave no refresh token")
    fields = {**parameters, "grant_type": "refresh_token", "refresh_token": grant.refresh_token.reveal()}
    answer = endpoint.ask(ctx, client, fields)
    if isinstance(answer, TokenAnswer):
        return renewed(grant, answer)
    if answer.code not in CONSENT_CODES:
        raise endpoint.failed(answer)
    raise _consent_required(endpoint, _reason(grant, answer, ctx.now()))


def renewed(grant: Grant, answer: TokenAnswer) -> Grant:
    """Return the grant with what the answer brings, and all that it does not bring kept (R16)."""
    scopes = answer.scopes or grant.scopes
    return grant.renewed(
        access_tokens={**grant.access_tokens, **answer.tokens(scopes)},
        refresh_token=answer.refresh_token or grant.refresh_token,
        perhaps_spent=answer.damaged,
        refresh_expires_at=answer.refresh_expires_at or grant.refresh_expires_at,
        scopes=scopes,
        extra={**grant.extra, **answer.captured},
    )


def _reason(grant: Grant, refusal: Refusal, now: float) -> str:
    """Why the provider ended it. What we know about its time comes first: the provider's own words rarely say it."""
    end = grant.refresh_expires_at
    if end is None or now < end:
        return refusal.sentence
    return f"the sign-in was good until {datetime.fromtimestamp(end, UTC):%Y-%m-%d}; {refusal.sentence}"


def _consent_required(endpoint: TokenEndpoint, reason: str) -> ConsentRequired:
    return ConsentRequired(
        f"{endpoint.title} needs you to sign in again: {reason}",
        hint=f"tokenkit login {endpoint.provider}",
        reason=reason,
    )
