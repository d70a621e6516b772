"""Credentials for Google's own libraries (google-auth): googleapiclient, gspread, google-cloud-*.

They ask for a token before each request, and refresh after a 401; both ways lead to the one source of the account, so
that nothing of theirs holds the refresh token.
"""

# pyright: basic, reportMissingImports=false
# (google-auth is an extra's, and says little of its types)

import threading
from collections.abc import Collection, MutableMapping
from datetime import UTC, datetime

from tokenkit.adapters.header_signer import HeaderSigner
from tokenkit.grants.token_source import TokenSource
from tokenkit.token import AccessToken

try:
    from google.auth.credentials import Credentials as _GoogleCredentials
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "tokenkit.adapters.google_auth needs google-auth (google is another's package): pip install google-auth",
        name=error.name,
    ) from None


class Credentials(_GoogleCredentials):
    """The credentials of one account: ``build("gmail", "v1", credentials=Credentials(kit.source("google")))``.

    A request to a host where the token may not go is refused with `TokenRefused` (R32). Errors are tokenkit's own:
    `ConsentRequired`, `ProviderUnavailable`. `insecure_hosts` are the account's opt-in to plain http.
    """

    def __init__(self, source: TokenSource, *, insecure_hosts: Collection[str] = ()) -> None:
        super().__init__()
        self._source = source
        self._signer = HeaderSigner(source, insecure_hosts)
        self._handed = threading.local()  # what this thread was given last: its 401 is about no other

    def before_request(self, request: object, method: str, url: str, headers: MutableMapping[str, str]) -> None:
        """Check where the request goes, and put a good token on."""
        self._signer.check(url, headers.items())
        self.apply(headers, token=self._take(self._source.token()))

    def refresh(self, request: object) -> None:
        """Take a newer token than the one that this thread was given last, which an API has rejected (R15)."""
        self._take(self._source.token(rejected=getattr(self._handed, "token", None)))

    def _take(self, token: AccessToken) -> str:
        self._handed.token = token
        self.token = token.value
        ends = token.expires_at
        self.expiry = None if ends is None else datetime.fromtimestamp(ends, UTC).replace(tzinfo=None)
        return token.value
