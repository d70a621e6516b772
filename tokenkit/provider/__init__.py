"""The one interface behind which every provider lies, and the values it speaks in. Made for plugin authors.

A provider that speaks OAuth 2 is a value of `tokenkit.OAuth2` and needs none of this. Only what is not OAuth 2
implements `Provider` itself. It touches the world through `Context` and nothing else: no clock, no randomness, no HTTP
library of its own. So it composes by calling, and four lambdas test it.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from tokenkit.context import Context
from tokenkit.grant import Grant
from tokenkit.pending import PendingAuthorization
from tokenkit.provider.defaults import ProviderBase
from tokenkit.provider.values import (
    Ask,
    AuthorizationAnswer,
    AuthorizationRequest,
    Challenged,
    ClientRegistration,
    Device,
    Field,
    Identify,
    Identity,
    Introspect,
    Refresh,
    Revocation,
    Revoke,
    Scope,
)
from tokenkit.request import Headers, Request, Response
from tokenkit.token import AccessToken

__all__ = [
    "AuthorizationAnswer",
    "AuthorizationRequest",
    "ClientRegistration",
    "Context",
    "Field",
    "Headers",
    "Identity",
    "Provider",
    "ProviderBase",
    "Request",
    "Response",
    "Revocation",
    "Scope",
]


class Provider(Protocol):
    """A service that issues tokens. Every function is plain and may block; every error it raises is one of ours.

    Data every provider has:

    - `name` (``google``), `title` (``Google``), `scopes` by short alias, `default_scopes` (aliases or values)
    - `issuer`, `token_endpoint`, `revocation_endpoint`: kept with each grant, and compared before a refresh token or a
      secret is sent anywhere (R17); empty where there is none
    - `endpoints`: every other endpoint that receives a secret of a grant, by the power that sends it there
      (``identify``, ``introspect``): kept and compared likewise. A power can reach the origins of these addresses and
      no other while it holds a grant
    - `resource_hosts`: where its tokens may go (R32), as ``https://host[:port][/prefix]``
    - `redirect_host`: the loopback host of its redirect URIs, ``127.0.0.1`` unless the provider demands another;
      `redirect_port`: 0 for any
    - `needs_secret`: whether a client secret is required; `console_url`: where a person registers a client;
      `needs_client`: False where nobody registers one
    - `fields`: what `ask` wants to be told, by name, in the order in which a person is asked
    - `revocation_reach`: ``token``, ``grant``, ``client``, or empty when it cannot revoke; `manage_url`: where a person
      removes the app by hand
    - `header_token`: whether the token travels in ``Authorization`` and nowhere else (R33)
    - `state_in`: ``query``, or ``path`` where the redirect carries no parameters and its path must be unguessable:
      `begin` then appends ``/`` and the state to the redirect URI that it was given
    - `retired`: a sentence where the service is gone, else empty

    Powers: each is None where the provider lacks it. `isinstance` on this protocol is not used.

    - `refresh(ctx, client, grant) -> Grant`: `ConsentRequired` for ``invalid_grant``, `ClientRefused` for
      ``invalid_client``, `ProviderUnavailable` for 429 and 5xx
    - `revoke(ctx, client, grant) -> Revocation`: best effort, prefers the refresh token
    - `identify(ctx, client, grant) -> Identity`
    - `introspect(ctx, client, grant) -> bool | None`: whether the access token is active; None where that is not told
    - `device(ctx, client, request, show) -> Grant`: RFC 8628; ``show(verification_uri, user_code)`` tells the person
    - `challenged(ctx, client, token, request, response) -> Request | None`: sees status and headers only
    - `ask(ctx, client, answers) -> Grant`: in place of a consent screen, makes the grant from what the person typed
      into the `fields`; `AuthorizationError` where the service refuses that. `begin` and `complete` are not called then
    """

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def scopes(self) -> Mapping[str, Scope]: ...
    @property
    def default_scopes(self) -> Sequence[str]: ...
    @property
    def issuer(self) -> str: ...
    @property
    def token_endpoint(self) -> str: ...
    @property
    def revocation_endpoint(self) -> str: ...
    @property
    def endpoints(self) -> Mapping[str, str]: ...
    @property
    def resource_hosts(self) -> Sequence[str]: ...
    @property
    def redirect_host(self) -> str: ...
    @property
    def redirect_port(self) -> int: ...
    @property
    def needs_secret(self) -> bool: ...
    @property
    def needs_client(self) -> bool: ...
    @property
    def fields(self) -> Mapping[str, Field]: ...
    @property
    def console_url(self) -> str: ...
    @property
    def manage_url(self) -> str: ...
    @property
    def revocation_reach(self) -> str: ...
    @property
    def header_token(self) -> bool: ...
    @property
    def state_in(self) -> str: ...
    @property
    def retired(self) -> str: ...
    @property
    def refresh(self) -> Refresh | None: ...
    @property
    def revoke(self) -> Revoke | None: ...
    @property
    def identify(self) -> Identify | None: ...
    @property
    def introspect(self) -> Introspect | None: ...
    @property
    def device(self) -> Device | None: ...
    @property
    def challenged(self) -> Challenged | None: ...
    @property
    def ask(self) -> Ask | None: ...

    def begin(self, ctx: Context, client: ClientRegistration, request: AuthorizationRequest) -> PendingAuthorization:
        """Say where to send the person and what to remember."""
        ...

    def complete(
        self,
        ctx: Context,
        client: ClientRegistration,
        pending: PendingAuthorization,
        answer: AuthorizationAnswer,
    ) -> Grant:
        """Turn what the person came back with into the grant; a code is exchanged exactly once (R18).

        Raises `ConsentDenied`, `CallbackRefused`, `ClientRefused`, `ProviderUnavailable`, `InvalidAnswer`. After a
        token answer only an `AuthorizationError` or a `ConfigurationError` refuses what it brought: a grant is kept
        whatever else is raised then (R9).
        """
        ...

    def authenticate(self, ctx: Context, client: ClientRegistration, token: AccessToken, request: Request) -> Request:
        """Return the request with the token on."""
        ...
