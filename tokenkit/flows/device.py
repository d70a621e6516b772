"""The device authorization grant (RFC 8628): the person enters a short code on another device."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from tokenkit.confidential import Confidential
from tokenkit.errors import AuthorizationError, ConsentDenied, InvalidAnswer, ProviderUnavailable
from tokenkit.flows.answer import TokenAnswer, vschar
from tokenkit.flows.lifetime import read_lifetime
from tokenkit.flows.paths import member_at
from tokenkit.flows.refusal import Refusal
from tokenkit.flows.token_endpoint import TokenEndpoint
from tokenkit.provider import ClientRegistration, Context

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"

INTERVAL = 5.0
"""Seconds between two questions where the provider names none, and what ``slow_down`` adds (RFC 8628 section 3.5)."""

LIFETIME = 900.0
"""Seconds a code is taken to live where the provider does not say, although it must."""


@dataclass(frozen=True, slots=True)
class _Codes(Confidential):
    device_code: str = field(repr=False)
    user_code: str
    verification_uri: str
    interval: float
    until: float


def sign_in_by_device(
    ctx: Context,
    endpoint: TokenEndpoint,
    url: str,
    client: ClientRegistration,
    scopes: Sequence[str],
    show: Callable[[str, str], None],
) -> TokenAnswer:
    """Get a code at `url`, have it shown, and ask `endpoint` until the person has decided or the code has expired.

    `show(verification_uri, user_code)` tells the person. Raises `ConsentDenied`, `AuthorizationError` when the code is
    refused or has expired, and what the token endpoint raises: where it is in trouble, once the code has expired.
    """
    codes = _start(ctx, replace(endpoint, url=url), client, scopes)
    show(codes.verification_uri, codes.user_code)
    fields = {"grant_type": GRANT_TYPE, "device_code": codes.device_code}
    interval, failure = codes.interval, None
    while ctx.now() + interval < codes.until:
        ctx.sleep(interval)
        try:
            answer = endpoint.ask(ctx, client, fields)
        except (ProviderUnavailable, InvalidAnswer) as error:
            interval, failure = interval * 2, error  # section 3.5: back off, and go on for as long as the code lives
            continue
        failure = None
        if isinstance(answer, TokenAnswer):
            return _with_access(endpoint, answer)
        if answer.code == "slow_down":
            interval += INTERVAL
        elif answer.code != "authorization_pending":
            raise _ended(endpoint, answer)
    raise failure or _ended(endpoint, Refusal("expired_token", "its time is up"))


def _start(ctx: Context, endpoint: TokenEndpoint, client: ClientRegistration, scopes: Sequence[str]) -> _Codes:
    fields = {"client_id": client.client_id}
    if scopes:
        fields["scope"] = endpoint.scope_separator.join(scopes)
    answer = endpoint.post(ctx, client, fields)
    if isinstance(answer, Refusal):
        raise AuthorizationError(
            f"{endpoint.title} does not allow this sign-in by code: {answer.sentence}",
            hint=f"sign in with a browser: tokenkit login {endpoint.provider}",
        )
    members = answer.members.values
    # Google says verification_url: it is older than the RFC
    uri = member_at(members, "verification_uri") or member_at(members, "verification_url")
    device_code, user_code = member_at(members, "device_code"), member_at(members, "user_code")
    if not (vschar(device_code) and vschar(user_code) and urlsplit(uri).scheme in ("https", "http") and vschar(uri)):
        raise InvalidAnswer(f"{endpoint.title} answered without a code, or without the address to enter it at")
    at = answer.response.at
    interval = read_lifetime(members.get("interval"), at)
    return _Codes(
        device_code,
        user_code,
        uri,
        interval=INTERVAL if interval is None else max(interval, 1.0),
        until=at + (read_lifetime(members.get("expires_in"), at) or LIFETIME),
    )


def _with_access(endpoint: TokenEndpoint, answer: TokenAnswer) -> TokenAnswer:
    if answer.access is None:
        raise InvalidAnswer(f"{endpoint.title} answered without an access token that can be used")
    return answer


def _ended(endpoint: TokenEndpoint, refusal: Refusal) -> AuthorizationError:
    hint = f"tokenkit login {endpoint.provider} --device"
    if refusal.code in ("access_denied", "authorization_declined"):  # the second is Microsoft's
        return ConsentDenied(f"the sign-in at {endpoint.title} was declined", hint=hint)
    if refusal.code == "expired_token":
        return AuthorizationError("the code has expired before it was entered", hint=hint)
    return AuthorizationError(f"{endpoint.title} ended the sign-in: {refusal.sentence}", hint=hint)
