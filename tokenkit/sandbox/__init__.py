"""The sandbox: an authority to develop and test against, which plays Google, Spotify and Pocket on this machine.

    authority = Authority(access_lifetime=60)
    with serve(authority) as sandbox:
        kit = TokenKit(providers=providers(sandbox.base_url), clients=CLIENTS)

Without a socket, `Authority.handle` is a `Context.send`, and `Authority.approve` plays the person.
"""

import os
from collections.abc import Generator
from contextlib import contextmanager
from typing import NamedTuple

from tokenkit.net.loopback import LoopbackServer
from tokenkit.plugins import load_provider
from tokenkit.provider import Provider
from tokenkit.sandbox.authority import Authority
from tokenkit.sandbox.declared import moved
from tokenkit.sandbox.known import CLIENTS
from tokenkit.sandbox.registry import FLAVOURS, GOOGLE_CLIENT, POCKET_CLIENT, POCKET_READER, SPOTIFY_CLIENT, Client

__all__ = [
    "CLIENTS",
    "FLAVOURS",
    "GOOGLE_CLIENT",
    "POCKET_CLIENT",
    "POCKET_READER",
    "SPOTIFY_CLIENT",
    "Authority",
    "Client",
    "Served",
    "moved",
    "providers",
    "serve",
]


class Served(NamedTuple):
    """A sandbox that listens: `base_url` is ``http://127.0.0.1:port``."""

    base_url: str
    authority: Authority


@contextmanager
def serve(authority: Authority, *, port: int = 0) -> Generator[Served]:
    """Serve the authority on loopback; raises `ConfigurationError` when a fixed port is taken."""
    with LoopbackServer(authority.handle, port=port) as server:
        yield Served(server.url, authority)


def providers(base_url: str) -> dict[str, Provider]:
    """Return the installed providers, with their addresses at a sandbox at `base_url`."""
    nowhere = os.devnull  # no folder with provider files: only the installed providers are meant
    return {
        name: load_provider(name, config_folder=nowhere, options={"base_url": f"{base_url}/{name}"})
        for name in FLAVOURS
    }
