"""The options of httpx's clients that `kit.http` passes on. Nothing of httpx is loaded for them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    import httpx


class ClientOptions(TypedDict, total=False):
    """What a sync and an async client take alike; `timeout` is in seconds."""

    timeout: "httpx.Timeout | float | None"
    base_url: "httpx.URL | str"
    headers: Mapping[str, str]
    follow_redirects: bool


class HttpOptions(ClientOptions, total=False):
    """The options of a sync client. The `transport` lies below ours."""

    transport: "httpx.BaseTransport"


class AsyncHttpOptions(ClientOptions, total=False):
    """The options of an async client. The `transport` lies below ours."""

    transport: "httpx.AsyncBaseTransport"
