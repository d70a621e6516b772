"""Token revocation (RFC 7009)."""

from tokenkit.errors import InvalidAnswer, ProviderUnavailable
from tokenkit.flows.client_auth import ClientAuth, identify_client
from tokenkit.grant import Grant
from tokenkit.provider import ClientRegistration, Context, Request, Response, Revocation


def revoke(
    ctx: Context, url: str, method: ClientAuth, client: ClientRegistration, grant: Grant, *, each_token: bool
) -> Revocation:
    """Ask for the end of the grant: best effort, so a failure is told and not raised.

    The refresh token is named where there is one: its end takes the access tokens along, unless revocation reaches no
    further than the token it names (`each_token`).
    """
    tokens = _tokens(grant)
    if not tokens:
        return Revocation(done=False, note="there was no token to revoke")
    identity, headers = identify_client(method, client)
    for kind, value in tokens if each_token else tokens[:1]:
        fields = {**identity, "token": value, "token_type_hint": kind}
        trouble = _ask(ctx, Request.form(url, fields, headers))
        if trouble:
            return Revocation(done=False, note=trouble)
    return Revocation(done=True)


def _tokens(grant: Grant) -> list[tuple[str, str]]:
    """The kind and value of each token, the refresh token first."""
    refresh_tokens = [grant.refresh_token.reveal()] if grant.refresh_token else []
    access_tokens = [token.value for token in grant.access_tokens.values()]
    return [("refresh_token", value) for value in refresh_tokens] + [("access_token", value) for value in access_tokens]


def _ask(ctx: Context, request: Request) -> str:
    """Send it; empty when the token has ended, else what went wrong."""
    try:
        response = ctx.send(request)
    except ProviderUnavailable as error:
        return str(error)
    if response.status < 300 or _ended_before(response):
        return ""
    return f"the provider did not confirm it (HTTP {response.status})"


def _ended_before(response: Response) -> bool:
    """RFC 7009 section 2.2 answers 200 for a token that is no longer valid; Google answers 400 ``invalid_token``."""
    try:
        return response.status == 400 and response.json_object().get("error") == "invalid_token"
    except InvalidAnswer:
        return False
