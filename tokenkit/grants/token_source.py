"""The tokens of one account, as every adapter asks for them: golang/oauth2's idea, with two methods."""

from typing import Protocol

from tokenkit.account import Account
from tokenkit.provider import Provider, Request
from tokenkit.token import AccessToken


class TokenSource(Protocol):
    """Gives the tokens of one account. It is safe from any thread, and holds no lock when it returns.

    The caller is responsible for where the token goes: see `tokenkit.check_resource`.
    """

    @property
    def account(self) -> Account:
        """The account that the tokens are for."""
        ...

    @property
    def provider(self) -> Provider:
        """The provider that issues them."""
        ...

    def token(self, *, rejected: AccessToken | None = None, min_ttl: float = 0.0) -> AccessToken:
        """Return a good token; this may block on a refresh.

        `rejected` is one that an API has answered with 401. If the store has a newer one, that is returned; else at
        most one refresh is forced for it, however many callers report it (R15). Raises `ConsentRequired`,
        `ProviderUnavailable`.
        """
        ...

    def authenticate(self, request: Request, token: AccessToken) -> Request:
        """Return the request with the token on, as the provider wants it. Nothing is sent."""
        ...


class AsyncTokenSource(Protocol):
    """`TokenSource` for asyncio: `token` is awaited, the rest is the same."""

    @property
    def account(self) -> Account:
        """The account that the tokens are for."""
        ...

    @property
    def provider(self) -> Provider:
        """The provider that issues them."""
        ...

    async def token(self, *, rejected: AccessToken | None = None, min_ttl: float = 0.0) -> AccessToken:
        """Return a good token; see `TokenSource.token`."""
        ...

    def authenticate(self, request: Request, token: AccessToken) -> Request:
        """Return the request with the token on; see `TokenSource.authenticate`."""
        ...
