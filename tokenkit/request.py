"""An HTTP request, and the answer to it, as providers and adapters see them: complete, and silent about secrets."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from tokenkit.confidential import Confidential
from tokenkit.errors import InvalidAnswer

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Request(Confidential):
    """An HTTP request, complete: `url` with its query, headers as pairs, the body as bytes.

    Any of URL, headers and body may carry a secret: none shows in the repr, and the value refuses pickle, deepcopy and
    asdict (R35). `public_only`: its address came out of a document, and may lead to public addresses alone, by https.
    """

    method: str
    url: str = field(repr=False)
    headers: Headers = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    public_only: bool = False

    @classmethod
    def form(cls, url: str, fields: Mapping[str, str], headers: Headers = ()) -> "Request":
        """Return a POST of ``application/x-www-form-urlencoded`` fields that asks for JSON."""
        from urllib.parse import urlencode

        standard = (("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json"))
        return cls("POST", url, (*standard, *headers), urlencode(fields).encode())

    @classmethod
    def json(cls, url: str, members: Mapping[str, Any], headers: Headers = ()) -> "Request":
        """Return a POST of a JSON object that asks for JSON."""
        standard = (("Content-Type", "application/json; charset=UTF-8"), ("Accept", "application/json"))
        return cls("POST", url, (*standard, *headers), json.dumps(members).encode())

    def header(self, name: str) -> str | None:
        """Return the first header of that name, whatever its case."""
        return _header(self.headers, name)

    def with_header(self, name: str, value: str) -> "Request":
        """Return the same request with that header, in place of any of the same name."""
        others = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        return Request(self.method, self.url, (*others, (name, value)), self.body, self.public_only)


@dataclass(frozen=True, slots=True)
class Response(Confidential):
    """An HTTP response. `at` is when its request was *sent*, Unix time in seconds, UTC: expiry counts from there.

    `complete` is False where there may have been more: the connection broke off, or the body was too large to read on.
    Headers and body may carry a secret, as those of a `Request`.
    """

    status: int
    headers: Headers = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    at: float = 0.0
    complete: bool = True

    def header(self, name: str) -> str | None:
        """Return the first header of that name, whatever its case."""
        return _header(self.headers, name)

    def json_object(self) -> dict[str, Any]:
        """Return the body as a JSON object. Raises `InvalidAnswer` when it is none, without showing the body."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            kind = (self.header("content-type") or "no content type").partition(";")[0][:60]
            fault = "is not a JSON object" if self.complete else "broke off"
            raise InvalidAnswer(f"the answer (HTTP {self.status}, {kind}, {len(self.body)} bytes) {fault}").answered(
                self.status
            )
        return cast(dict[str, Any], value)


def _header(headers: Headers, name: str) -> str | None:
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), None)
