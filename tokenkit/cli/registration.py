"""A client registration that a person gives: read from a file, and stored."""

from typing import TYPE_CHECKING

from tokenkit.cli.output import read_stdin, say
from tokenkit.errors import UsageError
from tokenkit.shell import quoted

if TYPE_CHECKING:
    from tokenkit.kit import TokenKit
    from tokenkit.provider import ClientRegistration, Provider


def save_registration(kit: "TokenKit", provider: "Provider", registration: "ClientRegistration") -> None:
    """Store a registration, and say where, and what it replaces."""
    from tokenkit.config import save_client

    former = kit.known_client(provider.name)
    path = save_client(kit.folders.config, provider.name, registration)
    if former is not None and former.source == path and former.client_id != registration.client_id:
        say(f"It takes the place of {former.client_id}; accounts that were signed in with that need it still.")
    say(f"Stored in {path}. Next: tokenkit login {provider.name}")


def read_file(path: str) -> bytes:
    """Return what a file holds, or stdin for ``-``."""
    if path == "-":
        return read_stdin()
    try:
        with open(path, "rb") as file:
            return file.read(1 << 20)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", hint=f"ls -l {quoted(path)}") from None
