"""A real authorization server (npm oidc-provider), the person at its consent screen, and a kit aimed at it."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from oidc import ACCESS_TTL, REFRESH_TTL, SECRET, Browser, Server
from tokenkit import OAuth2, TokenKit

from signing_in import MakeKit

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    node = shutil.which("node")
    if node is None or not (HERE / "node_modules" / "oidc-provider").is_dir():
        pytest.skip("oidc-provider is not installed: it needs node and npm, and `make test` to install it")
    settings = {"PORT": "0", "SECRET": SECRET, "ACCESS_TTL": str(ACCESS_TTL), "REFRESH_TTL": str(REFRESH_TTL)}
    with subprocess.Popen(
        [node, "server.mjs"],
        cwd=HERE,
        env={**os.environ, **settings},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        issuer = process.stdout.readline().strip()
        assert issuer, process.communicate()[1]
        server = Server(issuer)
        yield server
        server.http.close()
        process.communicate()  # ends its input, and with that the server


@pytest.fixture
def browser() -> Browser:
    return Browser()


@pytest.fixture
def make_kit(server: Server) -> MakeKit:
    """A kit for one of the server's clients, in this test's home: ``make_kit("native")``."""

    def make(client_id: str, secret: str = "", client_auth: str = "none") -> TokenKit:
        provider = OAuth2.from_issuer(
            server.context(),
            server.issuer,
            name="op",
            title="OP",
            client_auth=client_auth,
            authorization_parameters={"prompt": "consent"},
            identity_scopes=("openid", "email", "offline_access"),
            resource_hosts=(f"{server.issuer}/me",),
        )
        registration = {"TOKENKIT_OP_CLIENT_ID": client_id, "TOKENKIT_OP_CLIENT_SECRET": secret}
        environ = {**os.environ, **{name: value for name, value in registration.items() if value}}
        return TokenKit(providers={"op": provider}, context=server.context(), background=False, environ=environ)

    return make


@pytest.fixture
def kit(make_kit: MakeKit) -> TokenKit:
    """A kit for the public client."""
    return make_kit("native")
