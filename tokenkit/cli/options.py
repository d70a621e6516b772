"""Arguments and options that several commands take, and how a shell completes them."""

from collections.abc import Iterable
from typing import Annotated

import typer

from tokenkit.cli.session import open_kit
from tokenkit.errors import TokenKitError

CONTEXT = {"help_option_names": ["-h", "--help"]}
"""The settings of every command."""


def complete_account(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """The accounts that begin so."""
    try:
        accounts = open_kit(ctx).accounts()
    except TokenKitError:
        return ()
    return [str(account) for account in accounts if str(account).startswith(incomplete)]


def complete_provider(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """The providers that begin so."""
    return [name for name in open_kit(ctx).providers() if name.startswith(incomplete)]


AccountName = Annotated[
    str,
    typer.Argument(metavar="ACCOUNT", help="google/me@example.com, or google.", autocompletion=complete_account),
]
ProviderName = Annotated[
    str,
    typer.Argument(metavar="PROVIDER", help="See tokenkit providers.", autocompletion=complete_provider),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; docs/reference/json.md says of what shape.")]
ScopeList = Annotated[
    str, typer.Option("--scopes", metavar="A,B", help="Scopes, short or in full.", show_default=False)
]


def parse_scopes(text: str) -> list[str]:
    """The scopes of a ``--scopes`` option, separated by commas or spaces."""
    return text.replace(",", " ").split()
