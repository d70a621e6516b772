"""Refreshing an access token (RFC 6749 section 6)."""

from collections.abc import Mapping
from datetime import UTC, datetime

from tokenkit.errors import ConsentRequired
from tokenkit.flows.answer import TokenAnswer
from tokenkit.flows.refusal import Refusal
from tokenkit.flows.token_endpoint import TokenEndpoint
from tokenkit.grant import Grant
from tokenkit.provider import ClientRegistration, Context

SCOPE_WANTED = ("scope", "aadsts90009", "aadsts900144")
"""Parts of a refusal that ask for the scopes to be named again, which RFC 6749 section 6 leaves to us. The last two are
Microsoft's: an application that asks for a token for itself must name its scope, and a parameter is missing."""


def refresh(
    ctx: Context,
    endpoint: TokenEndpoint,
    client: ClientRegistration,
    grant: Grant,
    parameters: Mapping[str, str],
    *,
    name_scopes: bool = False,
) -> Grant:
    """Return the renewed grant: one request, never retried here, but for a refusal that is about the scopes.

    `name_scopes` sends them; after such a refusal they are sent, or left out, once. Raises `ConsentRequired` when the
    provider has ended the grant, and one that is `presumed` for another refusal in the provider's own words;
    `ClientRefused`, `ProviderUnavailable`, `InvalidAnswer`, and `ProviderError` for a refusal that says nothing.
    """
    if not grant.refresh_token:
        raise _consent_required(endpoint, f"{endpoint.title} gave no refresh token")
    fields = {**parameters, "grant_type": "refresh_token", "refresh_token": grant.refresh_token.reveal()}
    scopes = endpoint.scope_separator.join(sorted(grant.scopes or grant.asked))
    if name_scopes and scopes:
        fields.setdefault("scope", scopes)
    answer = endpoint.ask(ctx, client, fields, refreshing=True)
    if isinstance(answer, Refusal) and scopes and _about_scopes(endpoint, answer):
        other = {name: value for name, value in fields.items() if name != "scope"}
        other = other if "scope" in fields else {**fields, "scope": scopes}
        answer = endpoint.ask(ctx, client, other, refreshing=True)
    if isinstance(answer, TokenAnswer):
        return renewed(grant, answer, ends_at=endpoint.ends_at(answer, grant.authorized_at, grant.refresh_expires_at))
    ended = answer.ends(endpoint.ended)
    if ended is None and not answer.in_words:
        raise endpoint.failed(answer)
    reason = _reason(grant, (ended and ended.reason) or answer.sentence, ctx.now())
    raise _consent_required(endpoint, reason, presumed=ended is None)


def _about_scopes(endpoint: TokenEndpoint, refusal: Refusal) -> bool:
    """Tell whether the refusal is about the form of the request and about scopes, so that the token is unused."""
    told = refusal.told.lower()
    return refusal.ends(endpoint.ended) is None and any(fragment in told for fragment in SCOPE_WANTED)


def renewed(grant: Grant, answer: TokenAnswer, *, ends_at: float | None = None) -> Grant:
    """Return the grant with what the answer brings, and all that it does not bring kept (R16).

    `ends_at` is when the refresh token ends by the answer and the provider's limits, Unix time in seconds, UTC.
    """
    scopes = answer.scopes or grant.scopes
    return grant.renewed(
        access_tokens={**grant.access_tokens, **answer.tokens(scopes, grant.access_tokens)},
        refresh_token=answer.refresh_token or grant.refresh_token,
        perhaps_spent=answer.damaged,
        refresh_expires_at=grant.refresh_expires_at if ends_at is None else ends_at,
        scopes=scopes,
        extra={**grant.extra, **answer.captured},
    )


def _reason(grant: Grant, sentence: str, now: float) -> str:
    """Say why the provider ended it; first what we know about its time, which the provider rarely says."""
    end = grant.refresh_expires_at
    if end is None or now < end:
        return sentence
    return f"the sign-in was good until {datetime.fromtimestamp(end, UTC):%Y-%m-%d}; {sentence}"


def _consent_required(endpoint: TokenEndpoint, reason: str, *, presumed: bool = False) -> ConsentRequired:
    return ConsentRequired(
        f"{endpoint.title} needs you to sign in again: {reason}",
        hint=f"tokenkit login {endpoint.provider}",
        reason=reason,
        presumed=presumed,
    )
