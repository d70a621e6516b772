"""A kit that is aimed at a sandbox, and a sandbox that knows where the app is mounted."""

import os
from collections.abc import Mapping
from pathlib import Path

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
