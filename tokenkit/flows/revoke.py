"""Token revocation (RFC 7009), and what providers have in its place."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from tokenkit.errors import InvalidAnswer, ProviderUnavailable
from tokenkit.flows.client_auth import ClientAuth, identify_client
from tokenkit.grant import Grant
from tokenkit.provider import ClientRegistration, Context, Headers, Request, Response, Revocation


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationRequest:
    """How a provider's revocation endpoint is asked, where it is not as RFC 7009 has it.

    - `method`: ``POST``, ``GET`` or ``DELETE``
    - `which`: the ``refresh`` token where there is one, or the ``access`` token
    - `sent_in`: where it travels: ``form``, ``json``, ``bearer`` for an access token that asks for its own end in
      ``Authorization``, or ``url`` where ``{token}`` in the endpoint's URL stands for it
    - `parameter`: the name of its parameter
    - `client_auth`: where it is not the token endpoint's

    ``{client_id}`` in the endpoint's URL stands for the client id.
    """

    method: Literal["POST", "GET", "DELETE"] = "POST"
    which: Literal["refresh", "access"] = "refresh"
    sent_in: Literal["form", "json", "bearer", "url"] = "form"
    parameter: str = "token"
    client_auth: ClientAuth | None = None


RFC_7009 = RevocationRequest()


def revoke(
    ctx: Context,
    url: str,
    method: ClientAuth,
    client: ClientRegistration,
    grant: Grant,
    *,
    each_token: bool,
    how: RevocationRequest = RFC_7009,
    headers: Headers = (),
) -> Revocation:
    """Ask for the end of the grant, in the way `how`: best effort, so a failure is told and not raised.

    The refresh token is named where there is one: its end takes the access tokens along, unless revocation reaches no
    further than the token it names (`each_token`).
    """
    tokens = _tokens(grant, access_only=how.which == "access" or how.sent_in == "bearer")
    if not tokens:
        return Revocation(done=False, note="there was no token to revoke")
    for kind, value in tokens if each_token else tokens[:1]:
        trouble = _ask(ctx, _request(url, how, method, client, kind, value, headers))
        if trouble:
            return Revocation(done=False, note=trouble)
    return Revocation(done=True)


def _request(
    url: str,
    how: RevocationRequest,
    method: ClientAuth,
    client: ClientRegistration,
    kind: str,
    value: str,
    more: Headers,
) -> Request:
    url = url.replace("{client_id}", quote(client.client_id, safe=""))
    if how.sent_in == "bearer":
        return Request(how.method, url, (("Authorization", f"Bearer {value}"), ("Accept", "application/json"), *more))
    identity, headers = identify_client(how.client_auth or method, client)
    if how.sent_in == "url":
        return Request(how.method, url.replace("{token}", quote(value, safe="")), (*headers, *more))
    fields: Mapping[str, str] = {**identity, how.parameter: value}
    if how == RFC_7009:
        fields = {**fields, "token_type_hint": kind}
    make = Request.json if how.sent_in == "json" else Request.form
    made = make(url, fields, (*headers, *more))
    return Request(how.method, made.url, made.headers, made.body)


def _tokens(grant: Grant, *, access_only: bool) -> list[tuple[str, str]]:
    """Return the kind and value of each token, the refresh token first."""
    refresh_tokens = [grant.refresh_token.reveal()] if grant.refresh_token and not access_only else []
    access_tokens = [token.value for token in grant.access_tokens.values()]
    return [("refresh_token", value) for value in refresh_tokens] + [("access_token", value) for value in access_tokens]


def _ask(ctx: Context, request: Request) -> str:
    """Send it; empty when the token has ended, else what went wrong."""
    try:
        response = ctx.send(request)
    except ProviderUnavailable as error:
        return str(error)
    if _ended_before(response) or (response.status < 300 and not _failed(response)):
        return ""
    return f"the provider did not confirm it (HTTP {response.status})"


def _ended_before(response: Response) -> bool:
    """Tell whether the token had ended before: RFC 7009 section 2.2 answers 200 then, others say so (Google, Slack)."""
    try:
        return response.json_object().get("error") in ("invalid_token", "token_revoked")
    except InvalidAnswer:
        return False


def _failed(response: Response) -> bool:
    """Tell whether a 200 says that it is none, as Slack's does."""
    try:
        members = response.json_object()
    except InvalidAnswer:
        return False
    return bool(members.get("error")) or members.get("ok") is False
