"""``tokenkit request``."""

import json
import os
import re
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from tokenkit.cli.options import AccountName
from tokenkit.cli.output import data, printable, read_stdin, require_stdout, say, to_stdout
from tokenkit.cli.session import open_kit
from tokenkit.errors import ProviderUnavailable, UsageError

if TYPE_CHECKING:
    import httpx

HELP = "tokenkit request --help"

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""What a method and a header's name may be (RFC 9110 section 5.6.2)."""

_VALUE = re.compile(r"[\t -~]*")
"""What a header's value may be: octets beyond ASCII have no meaning there (RFC 9110 section 5.5)."""


def request(
    ctx: typer.Context,
    account: AccountName,
    words: Annotated[
        list[str],
        typer.Argument(metavar="[METHOD] URL", help="GET unless there is a body; an address of the provider's API."),
    ],
    body: Annotated[
        str, typer.Option("-d", "--data", metavar="DATA", help="The body; @FILE or - reads it.", show_default=False)
    ] = "",
    headers: Annotated[
        list[str] | None, typer.Option("-H", "--header", metavar="'NAME: VALUE'", help="One more header.")
    ] = None,
) -> None:
    """Make an HTTP request with the token on, and print the answer.

    METHOD is GET, and POST where there is a body, unless it is given. A body that begins with { or [ is sent as JSON,
    any other as a form, unless a Content-Type is given. The token goes to the provider's own hosts and nowhere else: a
    download that they redirect elsewhere is fetched without it. It ends with 1 for an answer of status 300 or above.
    """
    method, url = _method_and_url(words, body)
    require_stdout()
    fields = _headers(headers or ())
    content = _content(body)
    if content:
        fields.setdefault("Content-Type", _kind(content))
    trouble = _exchange(ctx, account, method, url, fields, content)
    if trouble:
        say(trouble)
        raise typer.Exit(1)


def _exchange(ctx: typer.Context, account: str, method: str, url: str, fields: dict[str, str], content: bytes) -> str:
    """Send it and print the answer; return what is to be said of an answer that is no success, else nothing."""
    import httpx

    failure, allowed, trouble = "", True, ""
    try:
        with (
            open_kit(ctx).http(account) as http,
            http.stream(method, url, content=content, headers=fields, follow_redirects=True) as response,
        ):
            _show(response)
            trouble = _trouble(response)
    except httpx.LocalProtocolError:  # its words quote what was to be sent
        allowed = False
    except httpx.HTTPError as error:
        failure = str(error) or type(error).__name__
    except httpx.InvalidURL:  # ours was read before
        failure = "it points to what is no address on the web"
    if not allowed:  # raised out here, or the error would come along that holds the request with its token (R35)
        raise UsageError("the request holds what HTTP does not allow", hint=HELP)
    if failure:
        raise ProviderUnavailable(f"no answer from {_host(url)}: {failure}", hint="try again later")
    return trouble


def _show(response: "httpx.Response") -> None:
    """Print the body as it comes; on a terminal, JSON is indented, and a line is ended."""
    terminal = sys.stdout.isatty()
    if terminal and "json" in response.headers.get("Content-Type", ""):
        data(printable(_indented(response.read())))
        return
    last = b""
    for part in response.iter_bytes():
        last = part or last
        with to_stdout():
            typer.echo(part, nl=False)
    if terminal and last and not last.endswith(b"\n"):
        data("")


def _indented(body: bytes) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return body.decode(errors="replace")


def _trouble(response: "httpx.Response") -> str:
    if response.status_code < 300:
        return ""
    answered = f"{response.url.host} answered {response.status_code} {response.reason_phrase}".rstrip()
    target = response.headers.get("Location", "")
    return f"{answered}, and points to {_host(target)}" if target else answered


def _method_and_url(words: list[str], body: str) -> tuple[str, str]:
    """Read the arguments, and refuse what cannot be sent before anything is looked up.

    Nothing is quoted: a URL may hold a secret.
    """
    if len(words) > 2:
        raise UsageError("there is more than a method and a URL", hint="put the URL in quotes: the shell splits it")
    method, url = words if len(words) == 2 else ("POST" if body else "GET", words[0])
    _check(method, url)
    return method.upper(), url


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
    if not urlsplit(url).netloc:
        raise UsageError("the URL is relative: it names no host", hint="write it whole, as in https://HOST/PATH")


def _host(url: str) -> str:
    """Return the part of the URL that names no resource, and so no secret."""
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
