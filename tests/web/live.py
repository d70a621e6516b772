"""Real parts for the tests with a browser: a sandbox, a kit aimed at it, and an app that is served."""

import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp
from tokenkit import TokenKit
from tokenkit.sandbox import CLIENTS, Authority, providers
from tokenkit.store import Store

BASE = "http://127.0.0.1:9"
"""Where a sandbox is said to be that is asked in this process."""


def registrations() -> dict[str, str]:
    """The sandbox's clients, as the environment gives them."""
    found = {}
    for name, client in CLIENTS.items():
        found[f"TOKENKIT_{name.upper()}_CLIENT_ID"] = client.client_id
        if client.client_secret:
            found[f"TOKENKIT_{name.upper()}_CLIENT_SECRET"] = client.client_secret.reveal()
    return found


def sandbox_kit(
    base_url: str, home: Path, *, owner: str = "", store: Store | None = None, clients: Mapping[str, str] | None = None
) -> TokenKit:
    """A kit in that home whose providers are the sandbox's."""
    environ = {"HOME": str(home), "PATH": os.environ["PATH"], **(registrations() if clients is None else clients)}
    return TokenKit(owner=owner, store=store, providers=providers(base_url), environ=environ, background=False)


def allow_redirects(authority: Authority, prefix: str) -> None:
    """Register the redirect URIs of an app that is mounted there."""
    for name, tail in (("google", ""), ("spotify", ""), ("pocket", "/*")):
        authority.registry.redirect_uris[name].append(f"http://127.0.0.1{prefix}/callback/{name}{tail}")


@contextmanager
def served(make: Callable[[int], ASGIApp]) -> Iterator[str]:
    """Serve the app that `make` makes for a port, on 127.0.0.1; yields its base URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    quiet = {"log_level": "critical", "access_log": False, "lifespan": "off", "timeout_graceful_shutdown": 1}
    server = uvicorn.Server(uvicorn.Config(make(port), **quiet))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
