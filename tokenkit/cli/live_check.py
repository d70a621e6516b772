"""``tokenkit providers check --live``: compares a declaration with the document that the server publishes."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import typer

from tokenkit.cli.output import data, say
from tokenkit.errors import InvalidAnswer, UsageError
from tokenkit.oauth2 import OAuth2

if TYPE_CHECKING:
    from tokenkit.kit import TokenKit

_COMPARED = (
    "issuer", "authorization_endpoint", "token_endpoint", "revocation_endpoint", "introspection_endpoint",
    "device_authorization_endpoint", "userinfo_endpoint",
)  # fmt: skip


def check_live(kit: "TokenKit", name: str) -> None:
    """Ask the server of the provider for its metadata (RFC 8414), and say what has moved: exit code 1 where that is so.

    Raises `UsageError` for what is not declared, `InvalidAnswer` where the server publishes no metadata, and
    `ProviderUnavailable`.
    """
    from tokenkit.flows.discovery import discover

    provider = kit.authorizations.settle(name)
    if not isinstance(provider, OAuth2):
        raise UsageError(
            f"{provider.title} is not described by data, so there is nothing to compare",
            hint=f"tokenkit providers {name}",
        )
    try:
        found = discover(kit.context, provider.issuer or _origin(provider.authorization_endpoint))
    except InvalidAnswer as error:
        raise InvalidAnswer(
            f"{provider.title} cannot be compared: {error}",
            hint=f"its documentation: {provider.console_url}" if provider.console_url else f"tokenkit providers {name}",
        ) from None
    moved = list(_moved(provider, {key: str(value) for key, value in found.items()}))
    for line in moved:
        data(line)
    if moved:
        raise typer.Exit(1)
    say(f"tokenkit: {provider.title} is where its metadata says")


def _moved(provider: OAuth2, found: Mapping[str, str]) -> Iterator[str]:
    for field in _COMPARED:
        here, there = getattr(provider, field), found[field]
        if there and here and here != there:
            yield f"{field}: {here} is here, {there} is published"
        elif there and not here:
            yield f"{field}: nothing is here, {there} is published"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
