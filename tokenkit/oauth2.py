"""A provider that speaks OAuth 2, as data composed of flows."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tokenkit.declaration import Declaration
from tokenkit.discovering import Discovering
from tokenkit.flows.answer import TokenAnswer, read_scopes
from tokenkit.flows.discovery import discover
from tokenkit.flows.identity import ask_identity, read_identity
from tokenkit.flows.refresh import refresh
from tokenkit.flows.revoke import revoke
from tokenkit.flows.token_endpoint import TokenEndpoint
from tokenkit.grant import Grant
from tokenkit.net.hosts import check_endpoints, parse_url
from tokenkit.pending import PendingAuthorization
from tokenkit.provider import (
    AuthorizationAnswer,
    AuthorizationRequest,
    ClientRegistration,
    Context,
    Field,
    Identity,
    Request,
    Revocation,
)
from tokenkit.provider.values import Device, Identify, Introspect, Revoke
from tokenkit.token import AccessToken

if TYPE_CHECKING:
    from tokenkit.flows.authorization_code import AuthorizationEndpoint


class OAuth2(Discovering):
    """A provider that speaks OAuth 2, from its `Declaration`, which explains each field: `OAuth2(name="acme", ...)`.

    What only a sign-in needs is imported by its methods: a process that refreshes a token loads none of it.
    """

    __slots__ = ()

    def __post_init__(self) -> None:
        Declaration.__post_init__(self)
        check_endpoints(self)

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
        named = {
            "identify": self.userinfo_endpoint,
            "identify.name": self.userinfo.name_endpoint,
            "introspect": self.introspection_endpoint,
            "refresh": self.refresh_endpoint,
        }
        return {power: url for power, url in named.items() if url}

    @property
    def header_token(self) -> bool:
        """Bearer tokens travel in ``Authorization`` (RFC 6750 section 2.1), but where the provider names another."""
        return not self.token_header

    @property
    def state_in(self) -> str:
        """The state is a parameter of the redirect (RFC 6749 section 4.1.2)."""
        return "query"

    @property
    def challenged(self) -> None:
        """A bearer token is not challenged."""
        return

    @property
    def needs_client(self) -> bool:
        """A client is registered (RFC 6749 section 2)."""
        return True

    @property
    def fields(self) -> Mapping[str, Field]:
        """A person is asked on the consent screen, and not here."""
        return {}

    @property
    def ask(self) -> None:
        """A person is asked on the consent screen, and not here."""
        return

    # The powers.

    def begin(self, ctx: Context, client: ClientRegistration, request: AuthorizationRequest) -> PendingAuthorization:
        """Say where to send the person and what to remember. Raises `ConfigurationError` where nobody can sign in."""
        self.check_open()
        return self._authorization.begin(ctx, client, request, self._asked(request), self.authorization_parameters)

    def complete(
        self, ctx: Context, client: ClientRegistration, pending: PendingAuthorization, answer: AuthorizationAnswer
    ) -> Grant:
        """Turn what the person came back with into the grant; the code is exchanged exactly once (R18)."""
        from tokenkit.flows.authorization_code import captured_of, exchange
        from tokenkit.flows.id_token import check_id_token, nonce

        ctx = self.reaching(ctx)
        code = self._authorization.code(ctx, client, pending, answer)
        tokens = exchange(ctx, self._tokens, client, pending, code, {**self._resource, **self.token_parameters})
        if self.nonce or self.subject_path.startswith("id_token."):
            expected = nonce(pending.state.reveal()) if self.nonce else ""
            check_id_token(self.title, tokens.id_token, issuer=self.issuer, client_id=client.client_id, nonce=expected)
        reported = answer.parameters.get(self.scope_parameter) if self.scope_parameter else None
        scopes = read_scopes(reported, self.scope_separator)
        kept = captured_of(answer.parameters, self.captured)
        return self._granted(client, tokens, pending.scopes, reported=scopes, redirect=kept)

    def authenticate(self, ctx: Context, client: ClientRegistration, token: AccessToken, request: Request) -> Request:
        """Return the request with the token in ``Authorization``, or in the provider's own header."""
        if self.token_header:
            return request.with_header(self.token_header, token.value)
        return request.with_header("Authorization", f"{token.type} {token.value}")

    def refresh(self, ctx: Context, client: ClientRegistration, grant: Grant) -> Grant:
        """Return the grant renewed (RFC 6749 section 6)."""
        endpoint = replace(self._tokens, url=self.refresh_endpoint or self.token_endpoint)
        words = {**self._resource, **self.refresh_parameters}
        return refresh(self.reaching(ctx), endpoint, client, grant, words, name_scopes=self.refresh_scopes)

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
        there, beside = self.introspection_endpoint, self.token_endpoint
        return self._introspect if there and beside and parse_url(there)[:3] == parse_url(beside)[:3] else None

    @property
    def device(self) -> Device | None:
        """RFC 8628; None where there is no device authorization endpoint."""
        return self._device if self.device_authorization_endpoint else None

    # How.

    def _revoke(self, ctx: Context, client: ClientRegistration, grant: Grant) -> Revocation:
        each = self.revocation_reach == "token"
        return revoke(
            self.reaching(ctx),
            self.revocation_endpoint,
            self.client_auth,
            client,
            grant,
            each_token=each,
            how=self.revocation,
            headers=tuple(self.headers.items()),
        )

    def _identify(self, ctx: Context, client: ClientRegistration, grant: Grant) -> Identity:
        if not self.userinfo_endpoint:
            captured = grant.extra
            return read_identity(self.title, lambda path: captured.get(path, ""), self.subject_path, self.name_paths)
        return ask_identity(self.reaching(ctx), self, self._tokens, client, grant)

    def _introspect(self, ctx: Context, client: ClientRegistration, grant: Grant) -> bool | None:
        token = grant.access_token
        if token is None:
            return None
        from tokenkit.flows.introspect import introspect

        return introspect(self.reaching(ctx), self._tokens, self.introspection_endpoint, client, token)

    def _device(
        self,
        ctx: Context,
        client: ClientRegistration,
        request: AuthorizationRequest,
        show: Callable[[str, str], None],
    ) -> Grant:
        from tokenkit.flows.device import sign_in_by_device

        self.check_open()
        scopes = self._asked(request)
        url = self.device_authorization_endpoint
        tokens = sign_in_by_device(self.reaching(ctx), self._tokens, url, client, scopes, show)
        return self._granted(client, tokens, frozenset(scopes))

    def _asked(self, request: AuthorizationRequest) -> tuple[str, ...]:
        """Return the scopes of the request, or the default ones, and those that say whose account it is; each once."""
        names = (*(request.scopes or self.default_scopes), *self.identity_scopes)
        return tuple(dict.fromkeys(self.scopes[name].value if name in self.scopes else name for name in names))

    def _granted(
        self,
        client: ClientRegistration,
        answer: TokenAnswer,
        asked: frozenset[str],
        *,
        reported: frozenset[str] | None = None,
        redirect: Mapping[str, str] | None = None,
    ) -> Grant:
        """Return a new grant. An answer that names no scopes granted those that were asked for (RFC 6749 section 5.1).

        `reported` are those that the redirect names, and `redirect` what is kept of its parameters.
        """
        extra = {**answer.captured, **(redirect or {})}
        self.check_answered(extra)
        scopes = answer.scopes or reported or asked or None
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
            resource=self.resource,
            authorized_at=answer.at,
            refresh_expires_at=self._tokens.ends_at(answer, answer.at),
            extra=extra,
        )

    @property
    def _authorization(self) -> "AuthorizationEndpoint":
        from tokenkit.flows.authorization_code import AuthorizationEndpoint

        return AuthorizationEndpoint(
            provider=self.name,
            title=self.title,
            url=self.authorization_endpoint,
            token_endpoint=self.token_endpoint,
            issuer=self.issuer,
            iss=self.iss,
            scope_separator=self.scope_separator,
            pkce=self.pkce,
            code_parameter=self.code_parameter,
            parameter_names=self.parameter_names,
            nonce=self.nonce,
            resource=self.resource,
        )

    @property
    def _resource(self) -> dict[str, str]:
        return {"resource": self.resource} if self.resource else {}

    @property
    def _tokens(self) -> TokenEndpoint:
        return TokenEndpoint(
            provider=self.name,
            title=self.title,
            url=self.token_endpoint,
            client_auth=self.client_auth,
            request_format=self.request_format,
            scope_separator=self.scope_separator,
            headers=tuple(self.headers.items()),
            default_expires_in=self.default_expires_in,
            shape=self.answer,
            ended=self.ended,
            refresh_lifetime=self.refresh_lifetime,
            idle_lifetime=self.idle_lifetime,
            captured=self.captured,
            parameter_names=self.parameter_names,
            reasons=self.reasons,
        )
