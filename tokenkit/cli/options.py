"""Arguments and options that several commands take, and how a shell completes them."""

import re
from collections.abc import Iterable
from typing import Annotated

import typer

from tokenkit.cli.session import open_kit
from tokenkit.errors import TokenKitError, UsageError

CONTEXT = {"help_option_names": ["-h", "--help"]}
"""The settings of every command."""

_SPAN = re.compile(r"([0-9]{1,6})([smhdw])")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


def complete_account(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """Return the accounts that begin with these letters."""
    try:
        accounts = open_kit(ctx).accounts()
    except TokenKitError:
        return ()
    return [str(account) for account in accounts if str(account).startswith(incomplete)]


def complete_provider(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """Return the providers that begin with these letters."""
    return [name for name in open_kit(ctx).providers() if name.startswith(incomplete)]


def complete_scopes(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """Return the short scopes of the provider, or account, that was named; after a comma, those to follow."""
    done, comma, begun = incomplete.rpartition(",")
    named = str(ctx.params.get("account") or next(iter(ctx.args), ""))  # an option without its value stops the parser
    try:
        scopes = open_kit(ctx).provider(named.partition("/")[0]).scopes
    except TokenKitError:
        return ()
    taken = done.split(",")
    return [f"{done}{comma}{name}" for name in scopes if name.startswith(begun) and name not in taken]


AccountName = Annotated[
    str,
    typer.Argument(metavar="ACCOUNT", help="google/me@example.com, or google.", autocompletion=complete_account),
]
ProviderName = Annotated[
    str,
    typer.Argument(metavar="PROVIDER", help="See tokenkit providers.", autocompletion=complete_provider),
]
Unverified = Annotated[
    bool, typer.Option("--unverified", help="Go to addresses that nobody has confirmed; providers NAME shows which.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; docs/reference/json.md says of what shape.")]
ScopeList = Annotated[
    str,
    typer.Option(
        "--scopes",
        metavar="A,B",
        help="Scopes, short or in full.",
        show_default=False,
        autocompletion=complete_scopes,
    ),
]


Settings = Annotated[
    list[str],
    typer.Option("--set", metavar="NAME=VALUE", help="Which server or region, where a provider has several."),
]


def parse_settings(given: list[str]) -> dict[str, str]:
    """Return the names and values of ``--set`` options. Raises `UsageError` for what is no pair."""
    pairs = [text.partition("=") for text in given]
    for name, equals, value in pairs:
        if not (name.strip() and equals and value.strip()):
            raise UsageError(f"--set takes NAME=VALUE, and not {name!r}", hint="as in --set instance=mastodon.social")
    return {name.strip(): value.strip() for name, _, value in pairs}


def parse_span(text: str) -> float:
    """Return the seconds of ``90s``, ``15m``, ``24h``, ``7d`` or ``2w``. Raises `UsageError` for anything else."""
    found = _SPAN.fullmatch(text)
    if not found:
        raise UsageError(f"{text!r} is not a span of time", hint="write a number and s, m, h, d or w, as in 24h")
    return int(found[1]) * _SECONDS[found[2]]


def parse_scopes(text: str) -> list[str]:
    """Return the scopes of a ``--scopes`` option, separated by commas or spaces."""
    return text.replace(",", " ").split()
