"""``tokenkit request``."""

import os
import re
from collections.abc import Iterable
from typing import Annotated
from urllib.parse import urlsplit

import typer

from tokenkit.cli.options import AccountName
from tokenkit.cli.output import read_stdin, require_stdout, say, to_stdout
from tokenkit.cli.session import open_kit
from tokenkit.errors import ProviderUnavailable, UsageError

HELP = "tokenkit request --help"

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""What a method and a header's name may be (RFC 9110 section 5.6.2)."""

_VALUE = re.compile(r"[\t -~]*")
"""What a header's value may be: octets beyond ASCII have no meaning there (RFC 9110 section 5.5)."""


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

    _check(method, url)
    require_stdout()
    fields = _headers(headers or ())
    content = _content(body)
    if content:
        fields.setdefault("Content-Type", _kind(content))
    code, reason, failure, allowed = 0, "", "", True
    try:
        with (
            open_kit(ctx).http(account) as http,
            http.stream(method.upper(), url, content=content, headers=fields) as response,
        ):
            for part in response.iter_bytes():
                with to_stdout():
                    typer.echo(part, nl=False)
        code, reason = response.status_code, response.reason_phrase
    except httpx.LocalProtocolError:  # its words quote what was to be sent
        allowed = False
    except httpx.HTTPError as error:
        failure = str(error) or type(error).__name__
    if not allowed:  # raised out here, lest the error come along that holds the request with its token (R35)
        raise UsageError("the request holds what HTTP does not allow", hint=HELP)
    if failure:
        raise ProviderUnavailable(f"no answer from {_host(url)}: {failure}", hint="try again later")
    if code >= 400:
        say(f"{_host(url)} answered {code} {reason}")
        raise typer.Exit(1)


def _check(method: str, url: str) -> None:
    """Refuse what cannot be sent, before anything is looked up. Nothing is quoted: a URL may hold a secret."""
    import httpx

    if not _TOKEN.fullmatch(method):
        raise UsageError("the method is no word that HTTP knows, such as GET or POST", hint=HELP)
    try:
        httpx.URL(url)
        _ = urlsplit(url).port
    except (httpx.InvalidURL, ValueError):
        raise UsageError("the URL cannot be read", hint=HELP) from None


def _host(url: str) -> str:
    """The part of the URL that names no resource, and so no secret."""
    return urlsplit(url).hostname or "that address"


def _content(data: str) -> bytes:
    if data == "-":
        return read_stdin()
    if not data.startswith("@"):
        return os.fsencode(data)  # the bytes that were typed, whatever they are
    try:
        with open(data[1:], "rb") as file:
            return file.read()
    except OSError as error:
        raise UsageError(f"{data[1:]} cannot be read: {error.strerror}", hint=HELP) from None


def _headers(given: Iterable[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in given:
        name, colon, value = line.partition(":")
        if not colon or not _TOKEN.fullmatch(name.strip()):
            raise UsageError("a header is written as NAME: VALUE", hint="-H 'Accept: application/json'")
        if not _VALUE.fullmatch(value.strip()):
            raise UsageError("a header's value is one line of ASCII", hint="-H 'Accept: application/json'")
        headers[name.strip().title()] = value.strip()
    return headers


def _kind(content: bytes) -> str:
    return "application/json" if content.lstrip()[:1] in (b"{", b"[") else "application/x-www-form-urlencoded"
