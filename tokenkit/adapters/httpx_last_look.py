"""A last look at what leaves by `kit.auth()`: the client is the caller's own, and may change a request yet (R33).

httpx follows redirects there, and calls the caller's event hooks. httpcore announces each request by the extension
``trace`` right before its head is sent: what is announced is checked once more, and nothing is sent if that raises.
"""

from collections.abc import Callable
from typing import Any

from tokenkit.adapters.httpx_request import Signer

_HEADS = frozenset({"http11.send_request_headers.started", "http2.send_request_headers.started"})

Trace = Callable[[str, dict[str, Any]], Any]


class LastLook:
    """The trace of a sync client: it checks, and then calls the one that the caller has `given`."""

    def __init__(self, signer: Signer, given: Trace | None) -> None:
        self._signer = signer
        self.given: Trace | None = given.given if isinstance(given, LastLook) else given

    def __call__(self, event: str, info: dict[str, Any]) -> Any:
        """Raise `TokenRefused` for a request with the token on that may not leave so."""
        self._check(event, info)
        return self.given(event, info) if self.given else None

    def _check(self, event: str, info: dict[str, Any]) -> None:
        if event in _HEADS:
            request = info["request"]
            headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers]
            if any(name.lower() == "authorization" for name, _ in headers):
                self._signer.check_leaving(_url(request.url), headers, request.extensions)


class AsyncLastLook(LastLook):
    """The same for an async client."""

    async def __call__(self, event: str, info: dict[str, Any]) -> Any:
        """Do what `LastLook` does."""
        self._check(event, info)
        return await self.given(event, info) if self.given else None


def _url(url: Any) -> str:
    """Return the URL that is asked for; where the request goes to a proxy, the target is all of it."""
    target = str(url.target.decode("latin-1"))
    if not target.startswith("/"):
        return target
    host, port = url.host.decode("latin-1"), "" if url.port is None else f":{url.port}"
    return f"{url.scheme.decode('latin-1')}://{f'[{host}]' if ':' in host else host}{port}{target}"
