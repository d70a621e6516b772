"""What an error was raised from does not come along: a parser's holds the text, an HTTP client's the request (R35).

``from None`` only hides it from a traceback that is printed. Who logs errors with all that they hold walks on.
"""

import asyncio
import json
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import httpx
import pytest
import typer
from starlette.requests import Request as WebRequest
from tokenkit.cli.request import request
from tokenkit.config import client_command, client_registration, google_download, load_config
from tokenkit.errors import BrokenRecord, InvalidAnswer, KeyUnavailable, TokenKitError, UsageError
from tokenkit.grant import grant_from_bytes
from tokenkit.importing.choosing import choose
from tokenkit.importing.files import open_file
from tokenkit.keys.environment import from_environment
from tokenkit.kit import TokenKit
from tokenkit.net.http import Transport
from tokenkit.paths import folders
from tokenkit.pending import pending_from_bytes
from tokenkit.plugins import guarded
from tokenkit.provider import Provider, Request, Response
from tokenkit.provider_file import read_provider_file
from tokenkit.web.visit import FORM, read_form

from peers import OK, answering, peer

SECRET = "planted-secret"


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and all that hang on it."""
    if error is not None:
        yield error
        yield from chain(error.__cause__)
        yield from chain(error.__context__)


def held(error: BaseException) -> Iterator[str]:
    """All that one error holds, in words: its members, and those of a request."""
    yield f"{error} {error!r} {error.args!r}"
    for name in dir(error):
        value = None if name.startswith("__") else getattr(error, name, None)
        if isinstance(value, httpx.Request):
            yield str([*value.headers.raw, value.content])
        elif not isinstance(value, types.BuiltinMethodType | types.MethodType):
            yield repr(value)


def assert_holds_no_secret(error: BaseException) -> None:
    for each in chain(error):
        assert SECRET not in "".join(held(each)), f"{type(each).__name__} hangs on {type(error).__name__}"


def test_the_search_finds_what_is_hidden() -> None:
    """Or all that follows would prove nothing."""

    def read() -> None:
        try:
            json.loads(SECRET)
        except ValueError:
            raise InvalidAnswer("not JSON") from None

    with pytest.raises(InvalidAnswer) as caught:
        read()
    with pytest.raises(AssertionError, match="JSONDecodeError hangs on InvalidAnswer"):
        assert_holds_no_secret(caught.value)


def test_the_search_looks_into_requests() -> None:
    error = httpx.ConnectError("no", request=httpx.Request("GET", "https://a.example/", headers={"Auth": SECRET}))
    with pytest.raises(AssertionError):
        assert_holds_no_secret(error)


# HTTP


@pytest.mark.parametrize("value", [f"{SECRET}\n", f"{SECRET}\N{SNOWMAN}"])
def test_a_request_that_is_none(value: str) -> None:
    with peer(answering(OK)) as server, pytest.raises(UsageError) as caught:
        Transport().send(Request("GET", server.url, (("Authorization", value),)))
    assert_holds_no_secret(caught.value)


def test_an_answer_that_is_no_http() -> None:
    said = f"HTTP/1.1 OK\r\nNo header: {SECRET}\r\n\r\n".encode()
    with peer(answering(said)) as server, pytest.raises(TokenKitError) as caught:
        Transport().send(Request("GET", server.url))
    assert_holds_no_secret(caught.value)


def test_a_proxy_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://me@proxy.example:{SECRET}")
    with pytest.raises(TokenKitError) as caught:
        Transport().send(Request("GET", "https://idp.example/token"))
    assert_holds_no_secret(caught.value)


# Files


BROKEN = {
    "no JSON": f'{{"client_secret": "{SECRET}"',
    "no client": json.dumps({"installed": {"client_secret": SECRET}}),
    "no table": json.dumps({"installed": SECRET}),
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_download_that_is_none_of_googles(text: str) -> None:
    with pytest.raises(TokenKitError) as caught:
        google_download(text.encode())
    assert_holds_no_secret(caught.value)


def registered(place: Path) -> object:
    environ = {"HOME": str(place)}
    provider = cast(Provider, SimpleNamespace(name="acme", needs_secret=True, console_url=""))
    return client_registration(provider, folders=folders("tokenkit", environ), environ=environ, app="tokenkit")


TOML = {
    "no UTF-8": f'client_secret = "{SECRET}"\n'.encode() + b"# \xff",
    "no TOML": f'client_secret = "{SECRET}'.encode(),
    "no text": f'client_id = ["{SECRET}"]'.encode(),
}


@pytest.mark.parametrize("data", TOML.values(), ids=TOML)
def test_a_registration_that_cannot_be_read(data: bytes, tmp_path: Path) -> None:
    place = tmp_path / ".config" / "tokenkit" / "clients"
    place.mkdir(parents=True, mode=0o700)
    (place / "acme.toml").touch(mode=0o600)
    (place / "acme.toml").write_bytes(data)
    with pytest.raises(TokenKitError) as caught:
        registered(tmp_path)
    assert_holds_no_secret(caught.value)


PROGRAMS = {
    "that fails": f"print('{SECRET}', flush=True); raise SystemExit(1)",
    "that takes too long": f"print('{SECRET}', flush=True); import time; time.sleep(60)",
    "that prints two lines": f"print('{SECRET}'); print('{SECRET}')",
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_command_for_a_secret(program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_command, "COMMAND_DEADLINE", 0.3 if "sleep" in program else 30.0)
    command = tmp_path / "command.py"
    command.write_text(program)
    place = tmp_path / ".config" / "tokenkit"
    place.mkdir(parents=True)
    line = json.dumps([sys.executable, str(command)])
    (place / "config.toml").write_text(f'[providers.acme]\nclient_id = "a"\nclient_secret_command = {line}\n')
    with pytest.raises(TokenKitError) as caught:
        registered(tmp_path)
    assert_holds_no_secret(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        f'[providers.acme]\nclient_id = "a"\nclient_secret_command = "{SECRET}"\n',
        f'[providers.acme]\nclient_secret_command = ["{SECRET}"]\n',
        f'[accounts."acme/me"]\nclient_secret = "{SECRET}"\n',
        f'client_secret = "{SECRET}\n',
    ],
    ids=["type", "rule", "key", "no TOML"],
)
def test_a_config_that_is_wrong(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(TokenKitError) as caught:
        load_config(str(tmp_path))
    assert_holds_no_secret(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        f'[provider]\nname = "acme"\nclient_secret = "{SECRET}"\n'.encode(),
        f'[provider]\nname = "acme"\ntitle = ["{SECRET}"]\n'.encode(),
        f'[provider]\nclient_secret = "{SECRET}"\n'.encode() + b"# \xff",
        f'[provider]\nclient_secret = "{SECRET}'.encode(),
    ],
    ids=["key", "type", "no UTF-8", "no TOML"],
)
def test_a_provider_file_that_is_wrong(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "acme.toml"
    path.write_bytes(data)
    with pytest.raises(TokenKitError) as caught:
        read_provider_file(str(path), "acme", {})
    assert_holds_no_secret(caught.value)


@pytest.mark.parametrize("data", [f'{{"token": "{SECRET}"'.encode(), SECRET.encode() + b"\xff"])
def test_a_file_of_another_tool_that_cannot_be_read(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "token.json"
    path.write_bytes(data)
    with pytest.raises(TokenKitError) as caught:
        choose(open_file(str(path)))
    assert_holds_no_secret(caught.value)


MEMBERS = {
    "no number": {"authorized_at": SECRET, "created_at": SECRET},
    "no table": {"extra": SECRET},
    "no tokens": {"access_tokens": SECRET},
}


@pytest.mark.parametrize("members", MEMBERS.values(), ids=MEMBERS)
def test_a_record_that_is_not_as_expected(members: dict[str, object]) -> None:
    record = {"v": 1, "provider": "acme", "access_tokens": {}, "code_verifier": SECRET, **members}
    for read in (grant_from_bytes, pending_from_bytes):
        with pytest.raises(BrokenRecord) as caught:
            read(json.dumps(record).encode())
        assert_holds_no_secret(caught.value)


def test_a_credential_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "tokenkit.key").write_bytes(SECRET.encode() + b"\xff")
    source = from_environment({"CREDENTIALS_DIRECTORY": str(tmp_path)}, "tokenkit")
    assert source
    with pytest.raises(KeyUnavailable) as caught:
        source.load()
    assert_holds_no_secret(caught.value)


# Whoever calls


def test_a_plugin_that_raises_an_error_of_ours_from_its_own() -> None:
    def stumbles(*_: object) -> None:
        try:
            raise LookupError(SECRET)
        except LookupError as error:
            raise InvalidAnswer("no token in the answer") from error

    with pytest.raises(InvalidAnswer) as caught:
        guarded(cast(Provider, SimpleNamespace(name="acme")), "complete", stumbles)
    assert_holds_no_secret(caught.value)


@pytest.mark.parametrize("kind", [httpx.ConnectError, httpx.LocalProtocolError])
def test_a_request_on_the_command_line(kind: type[httpx.RequestError], monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(sent: httpx.Request) -> httpx.Response:
        sent.headers["Authorization"] = SECRET
        raise kind(f"Illegal header value b'{SECRET}'" if kind is httpx.LocalProtocolError else "no", request=sent)

    def http(kit: TokenKit, account: str) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(fails))

    monkeypatch.setattr(TokenKit, "http", http)
    root = SimpleNamespace(params={"app": "tokenkit", "owner": ""})
    ctx = cast(typer.Context, SimpleNamespace(find_root=lambda: root))
    with pytest.raises(TokenKitError) as caught:
        request(ctx, "acme", "GET", "https://api.example/")
    assert_holds_no_secret(caught.value)


def test_a_form_that_cannot_be_read() -> None:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": f"client_secret={SECRET}".encode() + b"\xff"}

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", FORM.encode())]}
    with pytest.raises(TokenKitError) as caught:
        asyncio.run(read_form(WebRequest(scope, receive)))
    assert_holds_no_secret(caught.value)


def test_an_answer_that_is_no_json() -> None:
    with pytest.raises(TokenKitError) as caught:
        Response(200, body=f'{{"access_token": "{SECRET}"'.encode()).json_object()
    assert_holds_no_secret(caught.value)
