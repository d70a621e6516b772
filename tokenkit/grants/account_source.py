"""The `TokenSource` of a kit's account: what every adapter is built on."""

from collections.abc import Callable
from typing import cast

from tokenkit.account import Account
from tokenkit.errors import ProviderBroken
from tokenkit.grants.account_names import check_asked
from tokenkit.grants.bound_to import differs, of
from tokenkit.grants.token_cache import TokenCache
from tokenkit.grants.token_query import TokenQuery
from tokenkit.parsing import parse
from tokenkit.plugins import guarded
from tokenkit.provider import ClientRegistration, Provider, Request
from tokenkit.token import AccessToken


class AccountSource:
    """A `TokenSource`: the tokens of one account, and how they are put on a request.

    A bare provider means the account that it meant when it was first needed: what is held for long neither turns to
    another person's, nor stops where a second account comes.
    """

    def __init__(self, account: str, cache: TokenCache, ask: Callable[[str], AccessToken]) -> None:
        """Make the source of `account` as asked; `ask` is the kit's `token`, which looks into memory first.

        Raises `UsageError` for what names no account.
        """
        check_asked(account)
        self._asked = account
        self._cache = cache
        self._ask = ask
        self._account: Account | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._asked!r})"

    @property
    def account(self) -> Account:
        """Whose tokens these are."""
        if self._account is None:
            self._account = self._cache.names.resolve(self._asked)
        return self._account

    @property
    def provider(self) -> Provider:
        """Who issues them, as the account uses it: at its own server."""
        provider = self._cache.refresher.provider(self.account.provider)
        return of(provider, self._cache.grant(str(self.account))) if differs(provider) else provider

    def token(self, *, rejected: AccessToken | None = None, min_ttl: float = 0.0) -> AccessToken:
        """Return a good token. `rejected` is one that an API has refused: one refresh at most is made for it (R15)."""
        if rejected is None and not min_ttl:
            return self._ask(str(self.account))
        return self._cache.token(str(self.account), TokenQuery(min_ttl=min_ttl, rejected=rejected))

    def authenticate(self, request: Request, token: AccessToken) -> Request:
        """Return the request with the token on. The caller checks whether it may go there (`tokenkit.net.hosts`)."""
        # Only a token that travels elsewhere than in a header needs the registration, as Pocket's consumer key.
        provider, refresher = self.provider, self._cache.refresher
        client = ClientRegistration("") if provider.header_token else refresher.client(provider)
        made = guarded(provider, "authenticate", provider.authenticate, refresher.context, client, token, request)
        return _signed(provider, made)


def _signed(provider: Provider, returned: Request) -> Request:
    """Return the request with the token on. Raises `ProviderBroken` for what is no `Request` that can be sent."""
    value = cast(object, returned)
    if not isinstance(value, Request):
        raise ProviderBroken(provider.name, "authenticate", hint=f"it returned {type(value).__name__}, and no Request")
    parse(lambda: [name + text for name, text in value.headers], lambda _: _unsendable(provider))
    return value


def _unsendable(provider: Provider) -> ProviderBroken:
    return ProviderBroken(provider.name, "authenticate", hint="it returned a Request with a header that is no text")
