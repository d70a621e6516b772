"""What a provider is that says nothing else: the defaults of a plugin, and of a service without OAuth."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol

from tokenkit.context import Context
from tokenkit.errors import UsageError
from tokenkit.grant import Grant
from tokenkit.pending import PendingAuthorization
from tokenkit.provider.values import (
    AuthorizationAnswer,
    AuthorizationRequest,
    ClientRegistration,
    Field,
    Scope,
)
from tokenkit.request import Request
from tokenkit.shell import quoted
from tokenkit.token import AccessToken


class _Named(Protocol):
    """What is told of a provider to who wanted a consent screen of it."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def fields(self) -> Mapping[str, Field]: ...


class WithoutOAuth:
    """What the protocol `Provider` asks for, and a service without OAuth has not."""

    scopes: Mapping[str, Scope] = MappingProxyType({})
    default_scopes: Sequence[str] = ()
    token_endpoint: str = ""
    redirect_host: str = "127.0.0.1"
    redirect_port: int = 0
    needs_secret: bool = False
    state_in: str = "query"
    refresh: Any = None
    introspect: Any = None
    device: Any = None
    challenged: Any = None

    def begin(
        self: _Named, ctx: Context, client: ClientRegistration, request: AuthorizationRequest
    ) -> PendingAuthorization:
        """Refuse: there is no consent screen. Raises `UsageError`."""
        raise no_consent_screen(self)

    def complete(
        self: _Named,
        ctx: Context,
        client: ClientRegistration,
        pending: PendingAuthorization,
        answer: AuthorizationAnswer,
    ) -> Grant:
        """Refuse: there is no consent screen to come back from. Raises `UsageError`."""
        raise no_consent_screen(self)


class ProviderBase(WithoutOAuth):
    """The defaults of a plugin that implements `Provider` itself: it sets `name`, `title` and what differs.

    It writes `begin` and `complete`, or `ask`, and the powers that it has; each that it has not is None. The token goes
    into ``Authorization``.
    """

    name: str
    title: str
    issuer: str = ""
    revocation_endpoint: str = ""
    endpoints: Mapping[str, str] = MappingProxyType({})
    resource_hosts: Sequence[str] = ()
    needs_client: bool = True
    fields: Mapping[str, Field] = MappingProxyType({})
    console_url: str = ""
    manage_url: str = ""
    revocation_reach: str = ""
    header_token: bool = True
    retired: str = ""
    revoke: Any = None
    identify: Any = None
    ask: Any = None

    def authenticate(self, ctx: Context, client: ClientRegistration, token: AccessToken, request: Request) -> Request:
        """Return the request with the token in ``Authorization``."""
        return request.with_header("Authorization", f"{token.type} {token.value}")


def no_consent_screen(provider: _Named) -> UsageError:
    """Return the error for who wants to send a person to a provider that has no consent screen."""
    wanted = " and ".join(field.label for field in provider.fields.values())
    keys = ", ".join(f'"{field}": "..."' for field in provider.fields)
    hint = f"tokenkit login {quoted(provider.name)}; in code: kit.login({provider.name!r}, answers={{{keys}}})"
    return UsageError(f"{provider.title} has no consent screen: it wants your {wanted or 'credentials'}", hint=hint)
