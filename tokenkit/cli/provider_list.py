"""``tokenkit providers`` without an argument: a list that loads no provider, no kit and no typer."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from tokenkit.cli.errors import report, reporting
from tokenkit.cli.tables import show_table
from tokenkit.config.clients import serves
from tokenkit.configured import Configured
from tokenkit.core_dumps import forbid_core_dumps
from tokenkit.errors import TokenKitError

if TYPE_CHECKING:
    from tokenkit.plugins import Providers

T = TypeVar("T")


def print_list() -> None:
    """Print the list for a plain command line: the whole of ``tokenkit providers``, its errors too."""
    forbid_core_dumps()
    with reporting():
        show_providers(Configured("tokenkit", os.environ))


def show_providers(configured: Configured) -> None:
    """Print the providers, and say of those that cannot be loaded what is wrong."""

    def row(name: str) -> tuple[str, str, str, str]:
        short = configured.providers.in_short(name)
        registered = serves(configured.known_client(name), short)
        return name, short.title, "yes" if registered and short.needs_client else "", short.retired

    show_table(("PROVIDER", "NAME", "CLIENT", "NOTE"), each(configured.providers, row))


def each(providers: "Providers", look_at: Callable[[str], T]) -> list[T]:
    """Return what is found at each name, and say of the providers that cannot be loaded what is wrong."""
    found: list[T] = []
    for name in providers():
        try:
            found.append(look_at(name))
        except TokenKitError as error:
            report(error)
    return found
