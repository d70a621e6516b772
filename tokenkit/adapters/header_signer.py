"""What the adapters of libraries other than httpx do with a request: check where it goes, and put a token on."""

from collections.abc import Collection, Iterable, MutableMapping
from inspect import iscoroutinefunction

from tokenkit.errors import TokenRefused, UsageError
from tokenkit.grants.account_source import AccountSource
from tokenkit.grants.token_source import AsyncTokenSource, TokenSource
from tokenkit.net.hosts import check_resource, require_header_token
from tokenkit.net.target_headers import check_headers
from tokenkit.provider import Request
from tokenkit.token import AccessToken


class HeaderSigner:
    """Checks and signs for one account. Raises `TokenRefused` at once for a token that travels elsewhere."""

    def __init__(
        self, source: TokenSource | AsyncTokenSource, insecure_hosts: Collection[str], *, awaited: bool = False
    ) -> None:
        _check_source(source, awaited=awaited)
        require_header_token(source.provider, source.account)
        self._source = source
        self._insecure_hosts = insecure_hosts

    def check(self, url: str, headers: Iterable[tuple[str, str]] = ()) -> None:
        """Raise `TokenRefused` if the token may not go there, or if a header could lead it elsewhere (R32, R33)."""
        provider, account = self._source.provider, self._source.account
        check_resource(url, provider, account=account, insecure=self._insecure_hosts)
        check_headers(url, headers, account)

    def may_go(self, url: str) -> bool:
        """Return whether the token may go there."""
        try:
            self.check(url)
        except TokenRefused:
            return False
        return True

    def put(self, headers: MutableMapping[str, str], method: str, url: str, token: AccessToken) -> None:
        """Put the token into the headers, as the provider wants it."""
        for name, value in self._source.authenticate(Request(method, url), token).headers:
            headers[name] = value


def _check_source(source: object, *, awaited: bool) -> None:
    """Refuse what is no source, or one of the other kind: the first request would fail, in words of another library."""
    if not hasattr(source, "authenticate"):
        said = f"an adapter takes a token source, not {type(source).__name__}"
    elif awaited and isinstance(source, AccountSource):
        said = "this adapter awaits its token source, and this one is of a TokenKit"
    elif not awaited and iscoroutinefunction(getattr(source, "token", None)):
        said = "this adapter awaits nothing, and this token source is of an AsyncTokenKit"
    else:
        return
    hint = 'await AsyncTokenKit(kit=kit).source("google")' if awaited else 'kit.source("google"), of a TokenKit'
    raise UsageError(said, hint=hint)
