"""A provider that does what a test tells it, and a kit around it: no HTTP, no disk, no clock."""

import itertools
import threading
from collections.abc import Callable
from typing import ClassVar

from tokenkit.errors import ConsentRequired, ProviderUnavailable
from tokenkit.grant import Grant
from tokenkit.kit import TokenKit
from tokenkit.pending import PendingAuthorization
from tokenkit.provider import AuthorizationAnswer, Context, Identity, Request, Revocation, Scope
from tokenkit.store.memory import MemoryStore
from tokenkit.testing.clock import Clock
from tokenkit.token import AccessToken, Secret

LIFETIME = 3600.0


class ScriptedProvider:
    """Rotates refresh tokens and revokes everything when an old one is used again (RFC 9700 section 4.14)."""

    title = "Scripted"
    scopes: ClassVar = {
        "read": Scope("https://scripted.example/read", "read your things"),
        "write": Scope("write", "change your things"),
    }
    default_scopes = ("read",)
    issuer = "https://scripted.example"
    token_endpoint = "https://scripted.example/token"
    revocation_endpoint = "https://scripted.example/revoke"
    resource_hosts = ("https://api.scripted.example",)
    redirect_host = "127.0.0.1"
    redirect_port = 0
    needs_secret = False
    console_url = "https://scripted.example/apps"
    manage_url = ""
    revocation_reach = "grant"
    header_token = True
    state_in = "query"
    retired = ""
    device = None
    challenged = None
    introspect = None

    def __init__(self, name="scripted"):
        self.name = name
        self.lifetime = LIFETIME
        self.subject = "subject-1"
        self.account_name = "me@example.com"
        self.refreshes = 0
        self.exchanges = 0
        self.revoked = []
        self.script = []
        self.granted = None
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._current = None

    def will(self, *outcomes):
        """What the next refreshes do, in order: an error to raise, or a callable; then refreshing works."""
        self.script.extend(outcomes)

    def begin(self, ctx, client, request):
        state = ctx.random(16).hex()
        return PendingAuthorization(
            provider=self.name,
            url=f"https://scripted.example/authorize?state={state}",
            redirect_uri=request.redirect_uri,
            state=Secret(state),
            scopes=frozenset(request.scopes),
        )

    def complete(self, ctx, client, pending, answer: AuthorizationAnswer):
        self.exchanges += 1
        return self.issue(ctx.now(), asked=pending.scopes)

    def issue(self, now, *, asked=frozenset({"https://scripted.example/read"})):
        return Grant(
            provider=self.name,
            access_tokens={"": self._access_token(now)},
            refresh_token=self._rotate(),
            scopes=asked if self.granted is None else frozenset(self.granted),
            asked=asked,
            authorized_at=now,
        )

    def refresh(self, ctx, client, grant):
        with self._lock:
            self.refreshes += 1
            outcome = self.script.pop(0) if self.script else None
        if isinstance(outcome, Exception):
            raise outcome
        if outcome is not None:
            outcome()
        if grant.refresh_token != self._current:
            self._current = None
            raise ConsentRequired("refused", reason="the refresh token was used twice")
        return grant.renewed(access_tokens={"": self._access_token(ctx.now())}, refresh_token=self._rotate())

    def revoke(self, ctx, client, grant):
        self.revoked.append(grant.refresh_token.reveal())
        return Revocation(done=True)

    def identify(self, ctx, client, grant):
        return Identity(self.subject, self.account_name)

    def authenticate(self, ctx, client, token, request: Request):
        return request.with_header("Authorization", f"Bearer {token.value}")

    def _access_token(self, now):
        expires_at = None if self.lifetime is None else now + self.lifetime
        return AccessToken(f"access-{next(self._numbers)}", expires_at=expires_at, obtained_at=now)

    def _rotate(self):
        self._current = Secret(f"refresh-{next(self._numbers)}")
        return self._current


class ScriptedKit(TokenKit):
    """A kit at a scripted provider, its store in memory unless another is given."""

    def __init__(self, tmp_path, *, provider=None, clock=None, store=None, **options):
        self.scripted = provider or ScriptedProvider()
        self.clock = clock or Clock()
        environ = {"HOME": str(tmp_path), "TOKENKIT_SCRIPTED_CLIENT_ID": "client-1"}
        context = Context(send=_no_http, now=self.clock.now, random=_random(), sleep=self.clock.sleep)
        options.setdefault("background", False)
        super().__init__(
            store=store or MemoryStore(),
            providers={self.scripted.name: self.scripted},
            context=context,
            environ=environ,
            **options,
        )

    def sign_in(self, *, name="", scopes=None):
        """Sign in without a person."""
        redirect_uri = "http://127.0.0.1:1/callback/scripted"
        pending = self.begin("scripted", redirect_uri=redirect_uri, binding="b", scopes=scopes, name=name)
        return self.complete(f"{redirect_uri}?code=c&state={pending.state.reveal()}", binding="b")


def _random() -> Callable[[int], bytes]:
    numbers = itertools.count(1)
    return lambda size: next(numbers).to_bytes(size, "big")


def _no_http(request):
    raise AssertionError(f"nothing here sends HTTP: {request.method}")


def expire(kit):
    """Let the time pass until the access token has ended."""
    kit.clock.advance(LIFETIME + 1)


def stored(kit):
    """The grant of `kit.me` as the store has it."""
    return kit.records.get(kit.me).grant


def unavailable(**details):
    """The error of a provider in trouble."""
    return ProviderUnavailable("the provider is down", **details)
