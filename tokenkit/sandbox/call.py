"""A request as the authority reads it, and the answers that all flavours give alike."""

import json
from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from tokenkit.provider import Headers, Request, Response

NO_STORE: Headers = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
"""On every answer that holds a token (RFC 6749 section 5.1)."""

SECRET_FIELDS = (
    "access_token", "client_secret", "code", "code_verifier", "device_code", "refresh_token", "request_token", "state",
    "token",
)  # fmt: skip


class Refused(Exception):
    """The authority says no: `response` is how. Raised inside a flavour, caught in `Authority.handle`."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


@dataclass(frozen=True, slots=True)
class Call:
    """A request taken apart: `origin` and `flavour` of its URL, `path` below the flavour, its parameters.

    `fields` are those of the body, a form or a JSON object; JSON members that are not text keep their type.
    """

    request: Request
    origin: str
    flavour: str
    path: str
    query: Mapping[str, str]
    fields: Mapping[str, Any]

    def field(self, name: str) -> str:
        """Return the body's field of that name; empty where there is none."""
        value = self.fields.get(name, "")
        return value if isinstance(value, str) else ""

    @property
    def base(self) -> str:
        """Where the flavour lives: ``http://127.0.0.1:8000/google``."""
        return f"{self.origin}/{self.flavour}"

    @property
    def bearer(self) -> str:
        """The token in ``Authorization`` (RFC 6750 section 2.1), empty where there is none."""
        scheme, _, value = (self.request.header("Authorization") or "").partition(" ")
        return value if scheme.lower() == "bearer" else ""

    @property
    def basic(self) -> tuple[str, str] | None:
        """Client id and secret of HTTP Basic, decoded as RFC 6749 section 2.3.1 says."""
        scheme, _, value = (self.request.header("Authorization") or "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            name, _, secret = b64decode(value, validate=True).decode().partition(":")
        except ValueError:
            return None
        return unquote_plus(name), unquote_plus(secret)

    def secrets(self) -> Iterable[str]:
        """Return all secrets that came with the request."""
        for source in (self.query, self.fields):
            yield from (str(source[name]) for name in SECRET_FIELDS if source.get(name))
        if self.bearer:
            yield self.bearer
        if self.basic is not None:
            yield self.basic[1]


def read_call(request: Request) -> Call:
    """Take a request apart. Raises `Refused` for a parameter given twice (RFC 6749 section 3.1) or a malformed body."""
    url = urlsplit(request.url)
    _, flavour, *rest = (url.path or "/").split("/", 2)
    return Call(
        request=request,
        origin=f"{url.scheme}://{url.netloc}",
        flavour=flavour,
        path=f"/{rest[0]}" if rest else "",
        query=_once(url.query),
        fields=_fields(request),
    )


def _fields(request: Request) -> Mapping[str, Any]:
    kind = (request.header("Content-Type") or "").partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return _once(request.body.decode("latin-1"))
    if kind != "application/json" or request.body.strip() in (b"", b"null"):
        return {}
    try:
        value: object = json.loads(request.body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Refused(json_answer({"error": "invalid_request", "error_description": "not a JSON object"}, 400))
    return cast(dict[str, Any], value)


def _once(text: str) -> dict[str, str]:
    pairs = parse_qsl(text, keep_blank_values=True)
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Refused(json_answer({"error": "invalid_request", "error_description": "a parameter was repeated"}, 400))
    return fields


def json_answer(members: object, status: int = 200, headers: Headers = ()) -> Response:
    """Make a JSON answer."""
    body = json.dumps(members, ensure_ascii=False).encode()
    return Response(status, (("Content-Type", "application/json; charset=UTF-8"), *headers), body)
