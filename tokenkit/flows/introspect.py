"""Token introspection (RFC 7662): whether the authorization server still takes an access token for good."""

from tokenkit.errors import InvalidAnswer
from tokenkit.flows.client_auth import identify_client
from tokenkit.flows.token_endpoint import TokenEndpoint
from tokenkit.provider import ClientRegistration, Context, Request
from tokenkit.token import AccessToken


def introspect(
    ctx: Context, endpoint: TokenEndpoint, url: str, client: ClientRegistration, token: AccessToken
) -> bool | None:
    """Ask `url` whether `token` is active; None where the server does not tell this client.

    Many servers answer resource servers only (section 2.1). Raises `ProviderUnavailable`, and `InvalidAnswer` for a
    redirect.
    """
    identity, headers = identify_client(endpoint.client_auth, client)
    fields = {**identity, "token": token.value, "token_type_hint": "access_token"}
    response = ctx.send(Request.form(url, fields, headers))
    endpoint.check_available(response, ctx.now())
    try:
        active = response.json_object().get("active") if response.status == 200 else None
    except InvalidAnswer:
        return None
    return active if isinstance(active, bool) else None
