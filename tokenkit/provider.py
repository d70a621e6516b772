"""The one interface behind which every provider lies, and the values it speaks in. Made for plugin authors.

A provider that speaks OAuth 2 is a value of `tokenkit.OAuth2` and needs none of this. Only what is not OAuth 2
implements `Provider` itself. It touches the world through `Context` and nothing else: no clock, no randomness, no HTTP
library of its own. So it composes by calling, and four lambdas test it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Protocol

from tokenkit.confidential import Confidential
from tokenkit.errors import UsageError
from tokenkit.grant import Grant, PendingAuthorization
from tokenkit.request import Headers, Request, Response
from tokenkit.shell import quoted
from tokenkit.token import AccessToken, Secret

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

Strength = Literal["", "identity", "read", "add", "write", "full"]


class Context(NamedTuple):
    """All that a provider may touch.

    `send` raises `ProviderUnavailable` when there is no answer (its `sent` says whether the request can have arrived);
    an HTTP error status is an answer. `now` is Unix time in seconds, UTC. `random` returns that many bytes. `sleep`
    takes seconds.
    """

    send: Callable[[Request], Response]
    now: Callable[[], float]
    random: Callable[[int], bytes]
    sleep: Callable[[float], None]


class ClientRegistration(NamedTuple):
    """The registration that the user made at the provider (RFC 6749 section 2): client id and, perhaps, secret."""

    client_id: str
    client_secret: Secret | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """A scope: its full `value`, and `about`, what it permits, as a sentence for people ("read your mail").

    `device` says that a sign-in by device code may ask for it; a provider that says so of no scope allows all (R25).

    The others say how a page offers it. `service` is what it opens, as people call it ("Mail"): the scopes of a service
    are one choice, from the weakest to the strongest. `strength` is ``read``; ``add`` for what sends or creates;
    ``write`` for what changes; ``full`` for what deletes for good, shares, pays or administers, which looks dangerous;
    or ``identity`` for what only tells who the person is. A scope without a service is offered by itself. `includes`
    are the aliases of weaker scopes that it holds: they are not asked for beside it.
    """

    value: str
    about: str = ""
    device: bool = False
    service: str = ""
    strength: Strength = ""
    includes: tuple[str, ...] = ()

    @staticmethod
    def by_value(*scopes: "Scope") -> "dict[str, Scope]":
        """Return the scopes with their full values for aliases, for a service whose values are short enough."""
        return {scope.value: scope for scope in scopes}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """What a person types or pastes, where there is no consent screen: an API key, a user name, an app password.

    `label` is what the service calls it ("API key"), `about` a sentence more. `where` is the address of the page on
    which it is found; ``{client_id}`` in it stands for the client id. What is `secret` is not shown while it is typed.
    `pattern` is a regular expression that all of it must match; without one, it is visible ASCII without spaces.
    `fragment` names the parameter that holds it where the service sends the browser on, to an address such as
    ``https://example.com/#token=...``: the whole of that may be pasted then.
    """

    label: str
    about: str = ""
    where: str = ""
    secret: bool = True
    pattern: str = ""
    fragment: str = ""


class AuthorizationRequest(NamedTuple):
    """What a sign-in asks for. `scopes` are full values; `redirect_uri` is where the answer is awaited."""

    redirect_uri: str
    scopes: Sequence[str] = ()
    login_hint: str = ""


@dataclass(frozen=True, slots=True)
class AuthorizationAnswer(Confidential):
    """What the person came back with: the query's parameters, each given once (R23 refuses twice)."""

    parameters: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


class Identity(NamedTuple):
    """Whose account it is: `subject` never changes, `name` is what people call it (an address, a user name)."""

    subject: str
    name: str


class Revocation(NamedTuple):
    """What revoking did: whether the provider confirmed it, and a sentence where there is more to say."""

    done: bool
    note: str = ""


Refresh = Callable[[Context, ClientRegistration, Grant], Grant]
Revoke = Callable[[Context, ClientRegistration, Grant], Revocation]
Identify = Callable[[Context, ClientRegistration, Grant], Identity]
Introspect = Callable[[Context, ClientRegistration, Grant], bool | None]
Device = Callable[[Context, ClientRegistration, AuthorizationRequest, Callable[[str, str], None]], Grant]
Ask = Callable[[Context, ClientRegistration, Mapping[str, Secret]], Grant]
Challenged = Callable[[Context, ClientRegistration, AccessToken, Request, Response], Request | None]


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


class ProviderBase:
    """The defaults of a plugin that implements `Provider` itself: it sets `name`, `title` and what differs.

    It writes `begin` and `complete`, or `ask`, and the powers that it has; each that it has not is None. The token goes
    into ``Authorization``.
    """

    name: str
    title: str
    scopes: Mapping[str, Scope] = MappingProxyType({})
    default_scopes: Sequence[str] = ()
    issuer: str = ""
    token_endpoint: str = ""
    revocation_endpoint: str = ""
    endpoints: Mapping[str, str] = MappingProxyType({})
    resource_hosts: Sequence[str] = ()
    redirect_host: str = "127.0.0.1"
    redirect_port: int = 0
    needs_secret: bool = False
    needs_client: bool = True
    fields: Mapping[str, Field] = MappingProxyType({})
    console_url: str = ""
    manage_url: str = ""
    revocation_reach: str = ""
    header_token: bool = True
    state_in: str = "query"
    retired: str = ""
    refresh: Any = None
    revoke: Any = None
    identify: Any = None
    introspect: Any = None
    device: Any = None
    challenged: Any = None
    ask: Any = None

    def begin(self, ctx: Context, client: ClientRegistration, request: AuthorizationRequest) -> PendingAuthorization:
        """Refuse: there is no consent screen. Raises `UsageError`."""
        raise no_consent_screen(self.name, self.title, self.fields)

    def complete(
        self,
        ctx: Context,
        client: ClientRegistration,
        pending: PendingAuthorization,
        answer: AuthorizationAnswer,
    ) -> Grant:
        """Refuse: there is no consent screen to come back from. Raises `UsageError`."""
        raise no_consent_screen(self.name, self.title, self.fields)

    def authenticate(self, ctx: Context, client: ClientRegistration, token: AccessToken, request: Request) -> Request:
        """Return the request with the token in ``Authorization``."""
        return request.with_header("Authorization", f"{token.type} {token.value}")


def no_consent_screen(name: str, title: str, fields: Mapping[str, Field]) -> UsageError:
    """Return the error for who wants to send a person to a provider that has no consent screen."""
    wanted = " and ".join(field.label for field in fields.values())
    keys = ", ".join(f'"{field}": "..."' for field in fields)
    hint = f"tokenkit login {quoted(name)}; in code: kit.login({name!r}, answers={{{keys}}})"
    return UsageError(f"{title} has no consent screen: it wants your {wanted or 'credentials'}", hint=hint)
