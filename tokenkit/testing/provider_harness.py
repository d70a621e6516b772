"""A provider, an authority and one person: the sign-ins that a contract tries."""

import os
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from tokenkit.api_key import ApiKey
from tokenkit.errors import ConfigurationError
from tokenkit.grant import Grant
from tokenkit.listing import listed
from tokenkit.net.hosts import own_endpoints
from tokenkit.oauth2 import OAuth2
from tokenkit.pending import PendingAuthorization
from tokenkit.provider import (
    AuthorizationAnswer,
    AuthorizationRequest,
    ClientRegistration,
    Context,
    Provider,
    Request,
)
from tokenkit.sandbox import FLAVOURS, PLAIN, Authority
from tokenkit.sandbox.keyed import key_of
from tokenkit.testing.clock import Clock
from tokenkit.token import AccessToken, Secret

ME = "me@example.com"


@dataclass(slots=True)
class ProviderHarness:
    """Tries `provider`, with `client` and `scopes`, at the `flavour` of an authority of its own.

    The provider's scopes and callback path are registered there, so that every provider that speaks like one of the
    flavours can be tried. A flavour that the sandbox does not know is played from the declaration of the provider,
    which `tokenkit.sandbox.moved` has moved to ``BASE_URL/name``.
    """

    provider: Provider
    client: ClientRegistration
    flavour: str
    scopes: tuple[str, ...] = ()
    clock: Clock = field(default_factory=Clock)
    authority: Authority = field(init=False)
    ctx: Context = field(init=False)

    def __post_init__(self) -> None:
        provider = self.provider if isinstance(self.provider, OAuth2 | ApiKey) else None
        declared = [provider] if provider and self.flavour not in (*FLAVOURS, PLAIN) else []
        for each in declared:
            _check_moved(each, self.flavour)
        self.authority = Authority(clock=self.clock.now, sleep=self.clock.sleep, declared=declared)
        self.ctx = Context(self.authority.handle, self.clock.now, os.urandom, self.clock.sleep)
        registry, segment = self.authority.registry, "/*" if self.provider.state_in == "path" else ""
        registry.redirect_uris[self.flavour].append(f"http://127.0.0.1/callback/{self.provider.name}{segment}")
        for scope in self.provider.scopes.values():
            registry.scopes[self.flavour].setdefault(scope.value, scope.about)

    @property
    def asked(self) -> AuthorizationRequest:
        """The sign-in that is asked for."""
        return AuthorizationRequest(f"http://127.0.0.1:50000/callback/{self.provider.name}", self.scopes)

    def begin(self) -> PendingAuthorization:
        """Begin a sign-in."""
        return self.provider.begin(self.ctx, self.client, self.asked)

    def approve(self, pending: PendingAuthorization, *, as_user: str = ME, deny: bool = False) -> AuthorizationAnswer:
        """Let the person decide, and return what they come back with."""
        return answer_of(self.authority.approve(pending.url, as_user=as_user, deny=deny))

    def complete(self, pending: PendingAuthorization, answer: AuthorizationAnswer) -> Grant:
        """Complete a sign-in."""
        return self.provider.complete(self.ctx, self.client, pending, answer)

    def sign_in(self, *, as_user: str = ME) -> Grant:
        """Sign in from begin to end, or with a key where there is no consent screen."""
        if self.provider.ask is not None:
            return self.provider.ask(self.ctx, self.client, self.answers(as_user))
        pending = self.begin()
        return self.complete(pending, self.approve(pending, as_user=as_user))

    def answers(self, user: str = ME) -> dict[str, Secret]:
        """Return what that person types into the fields."""
        return {
            name: Secret(key_of(self.provider.name, name, user) if field.secret else user)
            for name, field in self.provider.fields.items()
        }

    def status(self, token: AccessToken, request: Request) -> int:
        """Return the status with which the API answers the request with the token on."""
        signed = self.provider.authenticate(self.ctx, self.client, token, request)
        return self.authority.handle(signed).status


def _check_moved(provider: OAuth2 | ApiKey, flavour: str) -> None:
    """Check that a provider is where it is played from its declaration; `ConfigurationError` says how to move it."""
    name = provider.name
    if flavour != name:
        known = listed([f'"{each}"' for each in (*FLAVOURS, PLAIN)])
        raise ConfigurationError(
            f'the sandbox has no flavour "{flavour}"', hint=f"flavour is one of {known}; without it, {name} is played"
        )
    own = provider.resource_hosts if isinstance(provider, ApiKey) else (provider.authorization_endpoint,)
    for url in (*own, *own_endpoints(provider)):
        if not f"{urlsplit(url).path}/".startswith(f"/{name}/"):
            raise ConfigurationError(
                f"{name} is played below /{name}, and one of its addresses is {url}",
                hint=f'let the fixture return moved(provider(), f"{{BASE_URL}}/{name}")',
            )


def answer_of(callback_url: str) -> AuthorizationAnswer:
    """Return the answer in a callback URL; a parameter given twice fails the test."""
    pairs = parse_qsl(urlsplit(callback_url).query, keep_blank_values=True)
    assert len(dict(pairs)) == len(pairs), "the authority gave a parameter twice"
    return AuthorizationAnswer(dict(pairs))
