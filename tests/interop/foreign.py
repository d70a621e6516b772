"""An API on loopback, a second server that must never see a token, and an account whose tokens the API takes."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tokenkit import AccessToken, ClientRegistration, Grant, OAuth2, Secret, TokenKit


class Seen(NamedTuple):
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def token(self) -> str:
        return self.headers.get("authorization", "")


Answer = Callable[[Seen], tuple[int, dict[str, str], bytes]]


class Api:
    """Answers as `answer` says, 200 with a JSON object unless told otherwise, and keeps what it was sent."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        api = self
        self.seen: list[Seen] = []
        self.answers: dict[str, Answer] = {}

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None: ...

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if self.headers.get("Transfer-Encoding") == "chunked":
                    body = b"".join(iter(self.chunk, b""))
                headers = {name.lower(): value for name, value in self.headers.items()}
                seen = Seen(self.command, self.path, headers, body)
                api.seen.append(seen)
                status, fields, data = api.answers.get(urlsplit(self.path).path, json_answer({"ok": True}))(seen)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(data)), **fields}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def chunk(self) -> bytes:
                data = self.rfile.read(int(self.rfile.readline(), 16))
                self.rfile.readline()
                return data

            do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - the names are http.server's

        self.server = ThreadingHTTPServer((host, 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://{host}:{self.server.server_port}"

    @property
    def tokens(self) -> list[str]:
        """What each API call showed; those to the token endpoint are left out."""
        return [seen.token for seen in self.seen if seen.path != "/token"]


def json_answer(members: object, status: int = 200) -> Answer:
    return lambda _: (status, {"Content-Type": "application/json"}, json.dumps(members).encode())


def redirect(to: str, status: int = 302) -> Answer:
    return lambda _: (status, {"Location": to}, b"")


@contextmanager
def serving(*hosts: str) -> Iterator[list[Api]]:
    apis = [Api(host) for host in hosts]
    threads = [threading.Thread(target=api.server.serve_forever, args=(0.02,)) for api in apis]
    for thread in threads:
        thread.start()
    try:
        yield apis
    finally:
        for api, thread in zip(apis, threads, strict=True):
            api.server.shutdown()
            thread.join()
            api.server.server_close()


def kit_for(api: Api, name: str = "acme", *, prefix: str = "/v1", **options: Any) -> TokenKit:
    """A kit with one account, whose token ``access-1`` may go below `prefix`, and is renewed at ``/token``."""
    provider = OAuth2(
        name=name,
        title=name.title(),
        authorization_endpoint=f"{api.url}/authorize",
        token_endpoint=f"{api.url}/token",
        resource_hosts=(f"{api.url}{prefix}",),
    )
    api.answers["/token"] = json_answer({"access_token": "access-2", "token_type": "Bearer", "expires_in": 3600})
    kit = TokenKit(providers={name: provider}, clients={name: ClientRegistration("client-1")}, **options)
    kit.adopt(
        Grant(
            provider=name,
            access_tokens={"": AccessToken("access-1", expires_at=32e9, obtained_at=1.0)},
            refresh_token=Secret("refresh-1"),
            client_id="client-1",
            token_endpoint=provider.token_endpoint,
        ),
        name="me",
    )
    return kit


def only_with(token: str) -> Answer:
    """Refuse every other token with 401."""
    fine, refused = json_answer({"ok": True}), json_answer({"error": "invalid_token"}, 401)
    return lambda seen: (fine if seen.token == f"Bearer {token}" else refused)(seen)
