"""The names of PocketPaw's ``integrations.oauth`` and ``integrations.token_store``, with the same signatures.

As there, what cannot be had is None and not an exception; why is in the log. Unlike there, a grant is sealed at rest,
refreshed once however many ask, and never lost.
"""

import asyncio
import logging
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tokenkit.async_kit import AsyncTokenKit
from tokenkit.errors import TokenKitError
from tokenkit.flows.pkce import challenge
from tokenkit.grant import Grant
from tokenkit.importing.formats import POCKETPAW_SERVICES as SERVICES
from tokenkit.pocketpaw.keeping import Shelf
from tokenkit.token import AccessToken, Secret

logger = logging.getLogger("pocketpaw.integrations.oauth")

BUFFER = 60.0
"""Seconds that a token must have left, as PocketPaw has it."""

PROVIDERS: dict[str, dict[str, str]] = {
    "google": {
        "auth_url": "https://accounts.google.com/o/oauth2/v2/auth",
        "token_url": "https://oauth2.googleapis.com/token",
        "revoke_url": "https://oauth2.googleapis.com/revoke",
    },
    "spotify": {
        "auth_url": "https://accounts.spotify.com/authorize",
        "token_url": "https://accounts.spotify.com/api/token",
        "revoke_url": "",
    },
}
"""Known providers. Tokens come from tokenkit's own providers of these names, wherever the URLs here lead."""


_VERIFIER = secrets.token_urlsafe(48)
"""The code verifier (RFC 7636) of this process: the two calls of a host's own sign-in have nothing else in common."""


@dataclass(repr=False)
class OAuthTokens:
    """The tokens of a service, which PocketPaw may copy. `expires_at` is Unix time in seconds, UTC, or None."""

    service: str
    access_token: str
    refresh_token: str | None = None
    token_type: str = "Bearer"  # noqa: S105 - no password
    expires_at: float | None = None
    scopes: list[str] = field(default_factory=list[str])
    extra: dict[str, Any] = field(default_factory=dict[str, Any])

    def __repr__(self) -> str:
        return f"OAuthTokens({self.service!r}, expires_at={self.expires_at!r})"


def _get_oauth_dir() -> Path:
    """Return PocketPaw's folder, made if it is missing; PocketPaw's tests put another function in this place."""
    folder = Path.home() / ".pocketpaw" / "oauth"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class TokenStore:
    """The tokens of services by name."""

    def save(self, tokens: OAuthTokens) -> None:
        """Store tokens that were obtained elsewhere; raises `TokenKitError`."""
        token = AccessToken(tokens.access_token, type=tokens.token_type, expires_at=tokens.expires_at)
        ended = tokens.refresh_token and tokens.expires_at is None
        grant = Grant(
            provider=SERVICES.get(tokens.service, "google"),
            access_tokens={} if ended else {"": token},
            refresh_token=Secret(tokens.refresh_token) if tokens.refresh_token else None,
            asked=frozenset(tokens.scopes),
        )
        self._shelf.put(tokens.service, grant)

    def load(self, service: str) -> OAuthTokens | None:
        """Return the tokens of a service; None where there are none, or they cannot be read (the log says why)."""
        try:
            account = self._shelf.account(service)
            return None if account is None else _tokens(service, self._shelf.kit.refresher.load(account).grant)
        except TokenKitError as error:
            logger.warning("the tokens of %s cannot be read: %s", service, error)
            return None

    def delete(self, service: str) -> bool:
        """Remove the tokens of a service, here alone; return whether there were any."""
        return self._shelf.remove(service)

    def list_services(self) -> list[str]:
        """Return the names of the services that have tokens."""
        return self._shelf.services()

    @property
    def _shelf(self) -> Shelf:
        return Shelf(_get_oauth_dir())


class OAuthManager:
    """Signs in to services, and hands out tokens that work."""

    def __init__(self, token_store: TokenStore | None = None) -> None:
        self.store = token_store or TokenStore()

    def get_auth_url(self, provider: str, client_id: str, redirect_uri: str, scopes: list[str], state: str = "") -> str:
        """Return the address of the consent screen, for a host that keeps and compares `state` itself.

        The dashboard's own routes do not use it: they are replaced (`tokenkit.pocketpaw.routes`). Raises `ValueError`
        for an unknown provider.
        """
        query = {
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": " ".join(scopes),
            "access_type": "offline",
            "prompt": "consent",
            "code_challenge": challenge(_VERIFIER),
            "code_challenge_method": "S256",
            **({"state": state} if state else {}),
        }
        return f"{_known(provider)['auth_url']}?{urlencode(query)}"

    async def exchange_code(
        self,
        provider: str,
        service: str,
        code: str,
        client_id: str,
        client_secret: str,
        redirect_uri: str,
        scopes: list[str] | None = None,
    ) -> OAuthTokens:
        """Exchange a code, once, and store the tokens; raises `ValueError` for an unknown provider, `TokenKitError`."""
        _known(provider)
        return await asyncio.to_thread(
            self._exchange, provider, service, code, client_id, client_secret, redirect_uri, scopes or []
        )

    async def refresh_token(
        self, provider: str, service: str, client_id: str, client_secret: str
    ) -> OAuthTokens | None:
        """Refresh now; callers at the same time share one refresh. None where it fails (the log says why)."""
        try:
            account = await asyncio.to_thread(self._account, provider, service, client_id, client_secret)
            if account is None:
                return None
            await AsyncTokenKit(kit=self.store._shelf.kit).refresh(account)
        except TokenKitError as error:
            logger.warning("the token of %s cannot be refreshed: %s", service, error)
            return None
        return await asyncio.to_thread(self.store.load, service)

    async def get_valid_token(
        self, service: str, client_id: str, client_secret: str, provider: str = "google"
    ) -> str | None:
        """Return an access token that works, refreshed if need be; None where there is none (the log says why)."""
        try:
            account = await asyncio.to_thread(self._account, provider, service, client_id, client_secret)
            if account is None:
                return None
            return (await AsyncTokenKit(kit=self.store._shelf.kit).token(account, min_ttl=BUFFER)).value
        except TokenKitError as error:
            logger.warning("there is no token for %s: %s", service, error)
            return None

    def _account(self, provider: str, service: str, client_id: str, client_secret: str) -> str | None:
        shelf = self.store._shelf
        shelf.kit.give(provider, client_id, client_secret)
        account = shelf.account(service)
        if account is None:
            return None
        shelf.use_client(account, client_id)
        return str(account)

    def _exchange(
        self,
        provider: str,
        service: str,
        code: str,
        client_id: str,
        client_secret: str,
        redirect_uri: str,
        scopes: list[str],
    ) -> OAuthTokens:
        """Exchange the code of a callback whose state its host has checked."""
        shelf = self.store._shelf
        path = shelf.path(service)
        shelf.kit.give(provider, client_id, client_secret)
        account = shelf.kit.complete(
            provider=provider,
            code=code,
            redirect_uri=redirect_uri,
            code_verifier=_VERIFIER,
            iss=shelf.kit.provider(provider).issuer,
            scopes=scopes or None,
            name=service,
        )
        shelf.point(path, account)
        return _tokens(service, shelf.kit.records.get(account).grant)


def _known(provider: str) -> dict[str, str]:
    if provider not in PROVIDERS:
        raise ValueError(f"Unknown OAuth provider: {provider}")
    return PROVIDERS[provider]


def _tokens(service: str, grant: Grant) -> OAuthTokens:
    token = grant.access_token
    return OAuthTokens(
        service,
        access_token=token.value if token else "",
        refresh_token=grant.refresh_token.reveal() if grant.refresh_token else None,
        token_type=token.type if token else "Bearer",
        expires_at=token.expires_at if token else None,
        scopes=sorted(grant.asked),
    )
