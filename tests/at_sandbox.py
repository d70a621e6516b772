"""Asking the sandbox's authority as a client library would that is not ours: requests written out."""

import json
import signal
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tokenkit.provider import Request, Response
from tokenkit.sandbox import GOOGLE_CLIENT, SPOTIFY_CLIENT, Authority
from tokenkit.testing import Clock

from patience import PATIENCE

BASE = "http://127.0.0.1:9"
VERIFIER = "a-verifier-that-is-long-enough-to-be-one-000"
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
REDIRECT = {flavour: f"http://127.0.0.1:50000/callback/{flavour}" for flavour in ("google", "spotify")}
PATHS = {"google": "/google/o/oauth2/v2/auth", "spotify": "/spotify/authorize"}
TOKEN_PATHS = {"google": "/google/token", "spotify": "/spotify/api/token"}
CLIENTS = {"google": GOOGLE_CLIENT, "spotify": SPOTIFY_CLIENT}
SECRETS = {"google": {"client_secret": GOOGLE_CLIENT.client_secret}, "spotify": {}}
SCOPES = {"google": "openid email https://www.googleapis.com/auth/gmail.readonly", "spotify": "user-read-email"}


class World:
    """An authority on a clock that stands still, and the requests of one client."""

    def __init__(self, **settings: Any) -> None:
        self.clock = Clock()
        self.authority = Authority(clock=self.clock.now, sleep=self.clock.sleep, **settings)

    def get(self, path: str, token: str = "") -> Response:
        headers = (("Authorization", f"Bearer {token}"),) if token else ()
        return self.authority.handle(Request("GET", BASE + path, headers))

    def post(self, path: str, **fields: str) -> Response:
        return self.authority.handle(Request.form(BASE + path, fields))

    def post_json(self, path: str, members: Mapping[str, Any], token: str = "") -> Response:
        headers = (("Authorization", f"Bearer {token}"),) if token else ()
        return self.authority.handle(Request.json(BASE + path, members, (*headers, ("X-Accept", "application/json"))))

    def authorization_url(self, flavour: str, **changes: str | None) -> str:
        query: dict[str, str | None] = {
            "client_id": CLIENTS[flavour].client_id,
            "redirect_uri": REDIRECT[flavour],
            "response_type": "code",
            "scope": SCOPES[flavour],
            "state": "the-state",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "access_type": "offline",
            **changes,
        }
        given = {name: value for name, value in query.items() if value is not None}
        return f"{BASE}{PATHS[flavour]}?{urlencode(given)}"

    def code(self, flavour: str, as_user: str = "me@example.com", **changes: str | None) -> str:
        return query(self.authority.approve(self.authorization_url(flavour, **changes), as_user=as_user))["code"]

    def exchange(self, flavour: str, code: str, **changes: str | None) -> Response:
        fields: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT[flavour],
            "client_id": CLIENTS[flavour].client_id,
            "code_verifier": VERIFIER,
            **SECRETS[flavour],
            **changes,
        }
        return self.post(TOKEN_PATHS[flavour], **{k: v for k, v in fields.items() if v is not None})

    def tokens(self, flavour: str, as_user: str = "me@example.com", **changes: str | None) -> dict[str, Any]:
        return self.exchange(flavour, self.code(flavour, as_user, **changes)).json_object()

    def refresh(self, flavour: str, refresh_token: str, **changes: str) -> Response:
        fields = {"client_id": CLIENTS[flavour].client_id, **SECRETS[flavour], **changes}
        return self.post(TOKEN_PATHS[flavour], grant_type="refresh_token", refresh_token=refresh_token, **fields)


def query(url: str) -> dict[str, str]:
    """The parameters of a URL, none of them given twice."""
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def error(response: Response) -> tuple[int, str]:
    """Status and code of a token endpoint's error."""
    return response.status, json.loads(response.body)["error"]


def what_the_sandbox_says() -> tuple[str, str]:
    """The address that ``tokenkit sandbox`` prints, and its words to the person; it is ended by Ctrl-C."""
    code = (
        "import sys; sys.argv = ['tokenkit', 'sandbox', '--port', '0']; from tokenkit.cli.fast_path import main; main()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as serving:
        assert serving.stdout is not None
        address = serving.stdout.readline().strip()
        serving.send_signal(signal.SIGINT)
        _, said = serving.communicate(timeout=PATIENCE)
    assert serving.returncode == 0
    return address, said
