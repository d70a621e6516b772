"""A provider that speaks OAuth 2, as data composed of flows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tokenkit.account import is_provider_name
from tokenkit.errors import ConfigurationError, InvalidAnswer
from tokenkit.flows.answer import Lifetime, TokenAnswer
from tokenkit.flows.authorization_code import AuthorizationEndpoint, exchange
from tokenkit.flows.client_auth import ClientAuth
from tokenkit.flows.device import sign_in_by_device
from tokenkit.flows.discovery import discover
from tokenkit.flows.identity import ask_identity, read_identity
from tokenkit.flows.introspect import introspect
from tokenkit.flows.refresh import refresh
from tokenkit.flows.revoke import revoke
from tokenkit.flows.token_endpoint import TokenEndpoint
from tokenkit.grant import Grant, PendingAuthorization
from tokenkit.net.hosts import check_endpoints, parse_url
from tokenkit.provider import (
    AuthorizationAnswer,
    AuthorizationRequest,
    ClientRegistration,
    Context,
    Device,
    Identify,
    Identity,
    Introspect,
    Request,
    Revocation,
    Revoke,
    Scope,
)
from tokenkit.token import AccessToken


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth2:
    """A provider as data. The fields are named by the RFCs' terms; every one but the first four has a default.

    Who and where (RFC 6749 section 3, RFC 7009, 7662, 8628, OpenID Connect); a missing endpoint is a power less:

    - `name` (``google``), `title` (``Google``)
    - `authorization_endpoint`, `token_endpoint`, `revocation_endpoint`, `device_authorization_endpoint`,
      `userinfo_endpoint`: URLs; those that are not https need the opt-in of R32, but for a loopback IP address
    - `introspection_endpoint`: used where host and port are the token endpoint's, which each grant keeps (R17)
    - `issuer`, and whether the answer's ``iss`` is ``required`` or compared ``if_present`` (RFC 9207)
    - `resource_hosts`: where its tokens may go, as ``https://host[:port][/prefix]``, see `tokenkit.net.hosts`
    - `redirect_host`, `redirect_port`: of loopback redirect URIs; port 0 is any
    - `console_url`: where a person registers a client; `manage_url`: where they remove the app by hand

    What is asked:

    - `scopes` by short alias; `default_scopes`, asked where a sign-in names none; `identity_scopes`, asked always
      (both aliases or full values); `scope_separator`
    - `client_auth`, `needs_secret`; `pkce` is off only where the provider's documentation says so
    - `request_format` of the token endpoint
    - `authorization_parameters`: more of them, in every authorization request, those too that press for a refresh
      token: a sign-in replaces what was stored as a whole (R18), and needs a new one; `token_parameters` and
      `refresh_parameters`: more of them, with a code and with a refresh token

    What is answered:

    - `default_expires_in`: seconds, where an answer names none; "never" only where the provider says so
    - `refresh_lifetime`: seconds from the authorization to the end of the refresh token, where that is fixed
    - `captured`: dotted paths of other members of the token answer, kept in `Grant.extra`
    - `subject_path`, `name_paths`: where the userinfo answer, or without such an endpoint the captured members, say
      whose account it is
    - `revocation_reach`: what ends with a revoked refresh token: the ``token``, its ``grant``, or all that the
      ``client`` has of that person
    - `reasons`: a fragment of an error's code, subtype or description, and the sentence to tell in its place
    """

    name: str
    title: str
    authorization_endpoint: str
    token_endpoint: str
    revocation_endpoint: str = ""
    introspection_endpoint: str = ""
    device_authorization_endpoint: str = ""
    userinfo_endpoint: str = ""
    issuer: str = ""
    iss: Literal["required", "if_present"] = "if_present"
    resource_hosts: tuple[str, ...] = ()
    redirect_host: str = "127.0.0.1"
    redirect_port: int = 0
    console_url: str = ""
    manage_url: str = ""
    scopes: Mapping[str, Scope] = field(default_factory=dict[str, Scope])
    default_scopes: tuple[str, ...] = ()
    identity_scopes: tuple[str, ...] = ()
    scope_separator: str = " "
    client_auth: ClientAuth = "post"
    needs_secret: bool = False
    pkce: bool = True
    request_format: Literal["form", "json"] = "form"
    authorization_parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    token_parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    refresh_parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    default_expires_in: Lifetime = 3600.0
    refresh_lifetime: float | None = None
    captured: tuple[str, ...] = ()
    subject_path: str = "sub"
    name_paths: tuple[str, ...] = ("email", "preferred_username", "name")
    revocation_reach: Literal["token", "grant", "client", ""] = "grant"
    reasons: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        if not is_provider_name(self.name):
            raise ConfigurationError(f"{self.name!r} is no name for a provider: it takes a-z, 0-9, '.', '_' and '-'")
        self._check_addresses()
        if not self.revocation_endpoint:
            object.__setattr__(self, "revocation_reach", "")

    @classmethod
    def from_issuer(cls, ctx: Context, issuer: str, **fields: Any) -> "OAuth2":
        """Build a provider from its issuer's metadata (RFC 8414); `fields` add to it and go before it.

        Raises `InvalidAnswer` and `ProviderUnavailable`.
        """
        known: dict[str, Any] = {**discover(ctx, issuer), **fields}
        return cls(**known)

    # What is the same for every OAuth 2 provider of the protocol `Provider`.

    @property
    def endpoints(self) -> Mapping[str, str]:
        """The endpoints beside those for tokens that receive a secret, by the power that uses them (R17)."""
        named = {"identify": self.userinfo_endpoint, "introspect": self.introspection_endpoint}
        return {power: url for power, url in named.items() if url}

    @property
    def header_token(self) -> bool:
        """Bearer tokens travel in ``Authorization`` (RFC 6750 section 2.1)."""
        return True

    @property
    def state_in(self) -> str:
        """The state is a parameter of the redirect (RFC 6749 section 4.1.2)."""
        return "query"

    @property
    def retired(self) -> str:
        """The service is there."""
        return ""

    @property
    def challenged(self) -> None:
        """A bearer token is not challenged."""
        return

    # The powers.

    def begin(self, ctx: Context, client: ClientRegistration, request: AuthorizationRequest) -> PendingAuthorization:
        """Say where to send the person and what to remember."""
        return self._authorization.begin(ctx, client, request, self._asked(request), self.authorization_parameters)

    def complete(
        self, ctx: Context, client: ClientRegistration, pending: PendingAuthorization, answer: AuthorizationAnswer
    ) -> Grant:
        """Turn what the person came back with into the grant; the code is exchanged exactly once (R18)."""
        code = self._authorization.code(client, pending, answer)
        tokens = exchange(ctx, self._tokens, client, pending, code, self.token_parameters)
        return self._granted(client, tokens, pending.scopes)

    def authenticate(self, ctx: Context, client: ClientRegistration, token: AccessToken, request: Request) -> Request:
        """Return the request with the token in ``Authorization``."""
        return request.with_header("Authorization", f"{token.type} {token.value}")

    def refresh(self, ctx: Context, client: ClientRegistration, grant: Grant) -> Grant:
        """Return the grant renewed (RFC 6749 section 6)."""
        return refresh(ctx, self._tokens, client, grant, self.refresh_parameters)

    @property
    def revoke(self) -> Revoke | None:
        """RFC 7009; None where there is no revocation endpoint."""
        return self._revoke if self.revocation_endpoint else None

    @property
    def identify(self) -> Identify | None:
        """Whose account it is; None where neither an endpoint nor the token answer says."""
        return self._identify if self.userinfo_endpoint or self.subject_path in self.captured else None

    @property
    def introspect(self) -> Introspect | None:
        """RFC 7662; None where there is no introspection endpoint beside the token endpoint."""
        there, beside = self.introspection_endpoint, parse_url(self.token_endpoint)
        return self._introspect if there and parse_url(there)[:3] == beside[:3] else None

    @property
    def device(self) -> Device | None:
        """RFC 8628; None where there is no device authorization endpoint."""
        return self._device if self.device_authorization_endpoint else None

    # How.

    def _revoke(self, ctx: Context, client: ClientRegistration, grant: Grant) -> Revocation:
        each = self.revocation_reach == "token"
        return revoke(ctx, self.revocation_endpoint, self.client_auth, client, grant, each_token=each)

    def _identify(self, ctx: Context, client: ClientRegistration, grant: Grant) -> Identity:
        if not self.userinfo_endpoint:
            captured = grant.extra
            return read_identity(self.title, lambda path: captured.get(path, ""), self.subject_path, self.name_paths)
        if grant.access_token is None:
            raise InvalidAnswer(f"the grant of {self.title} holds no access token to ask whose it is")
        return ask_identity(
            ctx, self._tokens, self.userinfo_endpoint, grant.access_token, self.subject_path, self.name_paths
        )

    def _introspect(self, ctx: Context, client: ClientRegistration, grant: Grant) -> bool | None:
        token = grant.access_token
        return None if token is None else introspect(ctx, self._tokens, self.introspection_endpoint, client, token)

    def _device(
        self,
        ctx: Context,
        client: ClientRegistration,
        request: AuthorizationRequest,
        show: Callable[[str, str], None],
    ) -> Grant:
        scopes = self._asked(request)
        url = self.device_authorization_endpoint
        tokens = sign_in_by_device(ctx, self._tokens, url, client, scopes, show)
        return self._granted(client, tokens, frozenset(scopes))

    def _asked(self, request: AuthorizationRequest) -> tuple[str, ...]:
        """The scopes of the request, or the default ones, and those that tell whose account it is; none twice."""
        names = (*(request.scopes or self.default_scopes), *self.identity_scopes)
        return tuple(dict.fromkeys(self.scopes[name].value if name in self.scopes else name for name in names))

    def _granted(self, client: ClientRegistration, answer: TokenAnswer, asked: frozenset[str]) -> Grant:
        """A new grant. An answer that names no scopes granted those that were asked for (RFC 6749 section 5.1)."""
        scopes = (asked or None) if answer.scopes is None else answer.scopes
        fixed_end = None if self.refresh_lifetime is None else answer.at + self.refresh_lifetime
        return Grant(
            provider=self.name,
            access_tokens=answer.tokens(scopes),
            refresh_token=answer.refresh_token,
            scopes=scopes,
            asked=asked,
            issuer=self.issuer,
            token_endpoint=self.token_endpoint,
            revocation_endpoint=self.revocation_endpoint,
            client_id=client.client_id,
            authorized_at=answer.at,
            refresh_expires_at=answer.refresh_expires_at or fixed_end,
            extra=answer.captured,
        )

    @property
    def _authorization(self) -> AuthorizationEndpoint:
        return AuthorizationEndpoint(
            provider=self.name,
            title=self.title,
            url=self.authorization_endpoint,
            issuer=self.issuer,
            iss=self.iss,
            scope_separator=self.scope_separator,
            pkce=self.pkce,
        )

    @property
    def _tokens(self) -> TokenEndpoint:
        return TokenEndpoint(
            provider=self.name,
            title=self.title,
            url=self.token_endpoint,
            client_auth=self.client_auth,
            request_format=self.request_format,
            scope_separator=self.scope_separator,
            default_expires_in=self.default_expires_in,
            captured=self.captured,
            reasons=self.reasons,
        )

    def _check_addresses(self) -> None:
        """Every address can be read, and the authorization server's own are no resource servers (R32)."""
        own = (self.authorization_endpoint, self.token_endpoint)
        more = (self.revocation_endpoint, self.device_authorization_endpoint, self.introspection_endpoint)
        schemes = {_scheme(self.name, url) for url in (*own, *filter(None, (*more, self.userinfo_endpoint)))}
        if len(schemes) > 1:
            raise ConfigurationError(f"some endpoints of {self.name} are https and some are not", hint="write https")
        check_endpoints(self, *own, *more)


def _scheme(provider: str, url: str) -> str:
    """The scheme of an endpoint. A fragment is none of an endpoint's (RFC 6749 section 3.1)."""
    try:
        if "#" in url:
            raise ValueError("it has a fragment")
        return parse_url(url).scheme
    except ValueError as error:
        raise ConfigurationError(f"{url!r} cannot be an endpoint of {provider}: {error}") from None
