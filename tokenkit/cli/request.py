"""``tokenkit request``."""

import sys
from collections.abc import Iterable
from typing import Annotated
from urllib.parse import urlsplit

import typer

from tokenkit.cli.options import AccountName
from tokenkit.cli.session import open_kit
from tokenkit.cli.speech import say
from tokenkit.errors import ProviderUnavailable, UsageError


def request(
    ctx: typer.Context,
    account: AccountName,
    method: Annotated[str, typer.Argument(metavar="METHOD", help="GET, POST, ...", show_default=False)],
    url: Annotated[
        str, typer.Argument(metavar="URL", help="At one of the provider's resource servers.", show_default=False)
    ],
    body: Annotated[
        str, typer.Option("-d", "--data", metavar="DATA", help="The body; @FILE or - reads it.", show_default=False)
    ] = "",
    headers: Annotated[
        list[str] | None, typer.Option("-H", "--header", metavar="'NAME: VALUE'", help="One more header.")
    ] = None,
) -> None:
    """Make an HTTP request with the token on, and print the answer.

    A body that begins with { or [ is sent as JSON, any other as a form, unless a Content-Type is given. The token goes
    to the provider's own hosts and nowhere else. It ends with 1 when the answer's status is 400 or above.
    """
    import httpx

    content = _content(body)
    code, reason, failure = 0, "", ""
    try:
        with (
            open_kit(ctx).http(account) as http,
            http.stream(method.upper(), url, content=content, headers=_headers(headers or (), content)) as response,
        ):
            for part in response.iter_bytes():
                typer.echo(part, nl=False)
        code, reason = response.status_code, response.reason_phrase
    except httpx.LocalProtocolError:  # its words quote what was to be sent
        failure = "the request holds what HTTP does not allow"
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        failure = str(error) or type(error).__name__
    if failure:  # raised out here, lest the error come along that holds the request with its token (R35)
        raise ProviderUnavailable(f"no answer from {_host(url)}: {failure}", hint="try again later")
    if code >= 400:
        say(f"{_host(url)} answered {code} {reason}")
        raise typer.Exit(1)


def _host(url: str) -> str:
    """The part of the URL that names no resource, and so no secret."""
    return urlsplit(url).hostname or "that address"


def _content(data: str) -> bytes:
    if data == "-":
        return sys.stdin.buffer.read()
    if not data.startswith("@"):
        return data.encode()
    try:
        with open(data[1:], "rb") as file:
            return file.read()
    except OSError as error:
        raise UsageError(f"{data[1:]} cannot be read: {error.strerror}", hint="tokenkit request --help") from None


def _headers(given: Iterable[str], content: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in given:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise UsageError("a header is written as NAME: VALUE", hint="-H 'Accept: application/json'")
        headers[name.strip().title()] = value.strip()
    if content:
        kind = "application/json" if content.lstrip()[:1] in (b"{", b"[") else "application/x-www-form-urlencoded"
        headers.setdefault("Content-Type", kind)
    return headers
