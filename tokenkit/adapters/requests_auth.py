"""An auth for requests: ``requests.get(url, auth=RequestsAuth(kit.source("spotify")))``, or ``session.auth = ...``.

requests follows redirects with the headers of the request before: it drops ``Authorization`` where the host is another,
and keeps it for any path of the same host. So the header is taken off here wherever the token may not go.
"""

from collections.abc import Collection, Mapping, MutableMapping
from functools import partial
from typing import Any, Protocol, TypeVar, cast
from urllib.parse import urljoin

from tokenkit.adapters.header_signer import HeaderSigner
from tokenkit.grants.token_source import TokenSource
from tokenkit.token import AccessToken


class _Prepared(Protocol):
    """What is used of `requests.PreparedRequest`."""

    method: str
    url: str
    headers: MutableMapping[str, str]
    body: object

    def register_hook(self, event: str, hook: Any) -> None: ...
    def copy(self) -> "_Prepared": ...


class _Response(Protocol):
    """What is used of `requests.Response`."""

    status_code: int
    url: str
    headers: Mapping[str, str]
    request: _Prepared
    connection: Any
    history: list[Any]

    @property
    def is_redirect(self) -> bool: ...
    @property
    def content(self) -> bytes: ...
    def close(self) -> None: ...


T = TypeVar("T")


class RequestsAuth:
    """Puts a token on each request to the provider's resource hosts; any other is refused with `TokenRefused` (R32).

    A redirect beyond them is followed without the token. On a 401 a newer token is asked for, and the request sent once
    more if its body is in memory. `insecure_hosts` are the account's opt-in to plain http.
    """

    def __init__(self, source: TokenSource, *, insecure_hosts: Collection[str] = ()) -> None:
        self._source = source
        self._signer = HeaderSigner(source, insecure_hosts)

    def __call__(self, prepared: T) -> T:
        """Sign the `requests.PreparedRequest`: requests calls this as it prepares one."""
        request = cast(_Prepared, prepared)
        self._signer.check(request.url, request.headers.items())
        token = self._source.token()
        self._signer.put(request.headers, request.method, request.url, token)
        request.register_hook("response", partial(self._answered, token, request.headers.get("Authorization")))
        return prepared

    def _answered(self, token: AccessToken, shown: str | None, response: _Response, **how: Any) -> _Response:
        sent = response.request
        if response.status_code == 401 and sent.headers.get("Authorization") == shown:
            response = self._again(token, response, how)
        if response.is_redirect and not self._signer.may_go(urljoin(response.url, response.headers["Location"])):
            sent.headers.pop("Authorization", None)  # requests copies these headers for the next one
        return response

    def _again(self, token: AccessToken, response: _Response, how: Mapping[str, Any]) -> _Response:
        try:
            fresh = self._source.token(rejected=token)
        except BaseException:
            response.close()
            raise
        if fresh.value == token.value or not _in_memory(response.request.body):
            return response
        _ = response.content  # read to its end, so that the connection can be used again
        response.close()
        again = response.request.copy()
        self._signer.put(again.headers, again.method, again.url, fresh)
        answer: _Response = response.connection.send(again, **how)
        answer.history.append(response)
        answer.request = again
        return answer


def _in_memory(body: object) -> bool:
    return body is None or isinstance(body, str | bytes)
