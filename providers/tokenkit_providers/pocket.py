"""Pocket, which is not OAuth 2: a request token first, JSON bodies, errors in headers, a token without an end.

Source: https://getpocket.com/developer/docs/authentication. The service ended on 2025-07-08, its API on 2025-10-08
(https://support.mozilla.org/kb/future-of-pocket). Left are servers that speak its API, at `base_url`.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import quote, urlsplit

from tokenkit import (
    AccessToken,
    AuthorizationAnswer,
    AuthorizationError,
    AuthorizationRequest,
    ClientRefused,
    ClientRegistration,
    ConfigurationError,
    ConsentDenied,
    Context,
    Grant,
    Identity,
    InvalidAnswer,
    PendingAuthorization,
    ProviderBase,
    ProviderUnavailable,
    Request,
    Response,
    Secret,
    TokenKitError,
    UsageError,
)

REAL = "https://getpocket.com"
RETIRED = "Mozilla closed Pocket on 2025-07-08 and its API on 2025-10-08, and has deleted what was saved there"
AGAIN = "tokenkit login pocket"

REFUSALS: Mapping[str, tuple[type[TokenKitError], str]] = {
    "138": (ClientRefused, "the consumer key is missing"),
    "140": (AuthorizationError, "the redirect URI is missing"),
    "152": (ClientRefused, "the consumer key is not valid"),
    "158": (ConsentDenied, "it was declined, or not approved yet: Pocket does not tell the two apart"),
    "159": (AuthorizationError, "this sign-in was used already"),
    "181": (AuthorizationError, "the redirect URI is not the one it began with"),
    "182": (AuthorizationError, "the request token is missing"),
    "185": (AuthorizationError, "this sign-in is not known, or too old"),
}
"""Errors by ``X-Error-Code``. ``X-Error`` says the same in Pocket's words, and the body says nothing."""


class Pocket(ProviderBase):
    """Has `identify` for a power, and no other: the defaults of `ProviderBase` say so."""

    name = "pocket"
    title = "Pocket"
    header_token = False
    state_in = "path"

    def __init__(self, base_url: str) -> None:
        self.issuer = base_url
        self.token_endpoint = f"{base_url}/v3/oauth/authorize"
        self.manage_url = f"{base_url}/connected_applications"
        self.resource_hosts = tuple(f"{base_url}/v3/{action}" for action in ("add", "get", "send"))
        host = urlsplit(base_url).hostname or ""
        self.retired = RETIRED if host.removeprefix("www.") == "getpocket.com" else ""

    def begin(self, ctx: Context, client: ClientRegistration, request: AuthorizationRequest) -> PendingAuthorization:
        """Get a request token. The redirect will carry nothing, so its path is what nobody may guess."""
        if self.retired:
            raise ConfigurationError(
                f"{self.retired}: nobody can sign in there any more",
                hint="if you run a server that speaks Pocket's API, write in config.toml, under [providers.pocket], "
                'base_url = "https://your-server"; grants that you have are still listed and can be removed',
            )
        state = urlsafe_b64encode(ctx.random(32)).rstrip(b"=").decode()
        redirect_uri = f"{request.redirect_uri}/{state}"
        answer = self._ask(ctx, f"{self.issuer}/v3/oauth/request", client, redirect_uri=redirect_uri)
        code = _text(answer, "code")
        query = f"request_token={quote(code, safe='')}&redirect_uri={quote(redirect_uri, safe='')}"
        return PendingAuthorization(
            provider=self.name,
            url=f"{self.issuer}/auth/authorize?{query}",
            redirect_uri=redirect_uri,
            state=Secret(state),
            request_token=Secret(code),
            issuer=self.issuer,
            client_id=client.client_id,
            created_at=ctx.now(),
        )

    def complete(
        self, ctx: Context, client: ClientRegistration, pending: PendingAuthorization, answer: AuthorizationAnswer
    ) -> Grant:
        """Exchange the request token, once. There is no polling: too early and declined look the same."""
        code = pending.request_token.reveal() if pending.request_token else ""
        members = self._ask(ctx, self.token_endpoint, client, code=code)
        now = ctx.now()
        return Grant(
            provider=self.name,
            access_tokens={"": AccessToken(_text(members, "access_token"), obtained_at=now)},
            issuer=self.issuer,
            token_endpoint=self.token_endpoint,
            client_id=client.client_id,
            authorized_at=now,
            extra={"username": _text(members, "username")},
        )

    def identify(self, ctx: Context, client: ClientRegistration, grant: Grant) -> Identity:
        """Return the user name that came with the token."""
        username = grant.extra.get("username", "")
        return Identity(username, username)

    def authenticate(self, ctx: Context, client: ClientRegistration, token: AccessToken, request: Request) -> Request:
        """Put token and consumer key into the JSON body, the only place where Pocket's API looks for them."""
        try:
            members = json.loads(request.body or b"{}")
        except ValueError:
            members = None
        if request.method != "POST" or not isinstance(members, dict):
            raise UsageError(
                "Pocket's API takes POST requests with a JSON object as body",
                hint="kit.http('pocket').post(url, json={})",
            )
        keys = {"consumer_key": client.client_id, "access_token": token.value}
        ours = Request.json(request.url, {**cast(dict[str, Any], members), **keys}, (("X-Accept", "application/json"),))
        replaced = {name.lower() for name, _ in ours.headers} | {"content-length"}
        kept = tuple((name, value) for name, value in request.headers if name.lower() not in replaced)
        return Request("POST", request.url, (*kept, *ours.headers), ours.body)

    def _ask(self, ctx: Context, url: str, client: ClientRegistration, **members: str) -> dict[str, Any]:
        body = {"consumer_key": client.client_id, **members}
        response = ctx.send(Request.json(url, body, (("X-Accept", "application/json"),)))
        if response.status == 200:
            return response.json_object()
        raise _refusal(response, ctx.now())


def _refusal(response: Response, now: float) -> TokenKitError:
    code = response.header("x-error-code") or ""
    for limit in ("x-limit-user", "x-limit-key"):
        if not code and response.header(f"{limit}-remaining") == "0":  # 403 stands for no permission, and for this
            reset = response.header(f"{limit}-reset") or ""
            pause = int(reset[:6]) if reset.isdecimal() else 3600
            return ProviderUnavailable("Pocket asks for fewer requests", retry_at=now + pause, hint="try again later")
    if response.status >= 500 or response.status == 429 or code == "199":
        return ProviderUnavailable(f"Pocket has trouble of its own (HTTP {response.status})", hint=AGAIN)
    kind, sentence = REFUSALS.get(code, (InvalidAnswer, f"HTTP {response.status}, without a reason that is known"))
    hint = "tokenkit client set pocket" if kind is ClientRefused else f"begin again, and say yes first: {AGAIN}"
    return kind(f"Pocket refused the sign-in: {sentence}", hint=hint)


def _text(members: Mapping[str, Any], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str) or not value or not (value.isascii() and value.isprintable()):
        raise InvalidAnswer(f"Pocket's answer holds no {name} that can be used", hint=AGAIN)
    return value


def provider(*, base_url: str = REAL) -> Pocket:
    """Return Pocket, or a server at `base_url` that speaks its API."""
    return Pocket((base_url or REAL).rstrip("/"))
