"""``tokenkit providers`` without an argument: a list that loads no provider, no kit and no typer."""

import os
from collections.abc import Callable
from typing import TypeVar

from tokenkit.cli.errors import reporting
from tokenkit.cli.output import say_loudly
from tokenkit.cli.tables import show_table
from tokenkit.config.clients import serves
from tokenkit.configured import Configured
from tokenkit.core_dumps import forbid_core_dumps
from tokenkit.errors import TokenKitError
from tokenkit.shell import quoted

T = TypeVar("T")


def print_list() -> None:
    """Print the list for a plain command line: the whole of ``tokenkit providers``, its errors too."""
    forbid_core_dumps()
    with reporting():
        show_providers(Configured("tokenkit", os.environ))


def show_providers(configured: Configured) -> None:
    """Print the providers, and say which cannot be loaded."""

    def row(name: str) -> tuple[str, str, str, str]:
        short = configured.providers.in_short(name)
        registered = serves(configured.known_client(name), short)
        return name, short.title, "yes" if registered and short.needs_client else "", short.retired

    show_table(("PROVIDER", "NAME", "CLIENT", "NOTE"), each(configured, row))


def each(configured: Configured, look_at: Callable[[str], T]) -> list[T]:
    """Return what is found at each name, and say in a line which providers cannot be loaded, and what says why.

    Raises `ConfigurationError` for a ``config.toml`` that is wrong, which would be at fault at every name.
    """
    configured.config  # noqa: B018
    found: list[T] = []
    for name in configured.providers():
        try:
            found.append(look_at(name))
        except TokenKitError:
            say_loudly(f"tokenkit: error: {name} cannot be used; for the reason: tokenkit providers {quoted(name)}")
    return found
