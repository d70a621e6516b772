"""``tokenkit token``, for the command lines that the fast path does not understand."""

from typing import Annotated

import typer

from tokenkit.cli.options import AccountName, AsJson, ScopeList, parse_scopes
from tokenkit.cli.output import data
from tokenkit.cli.print_token import ask
from tokenkit.cli.session import open_kit
from tokenkit.errors import UsageError
from tokenkit.shell import quoted


def token(
    ctx: typer.Context,
    account: AccountName,
    min_ttl: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="How long it must be good for.", show_default=False)
    ] = 0.0,
    scopes: ScopeList = "",
    header: Annotated[bool, typer.Option("--header", help="Print it as a header: Authorization: Bearer ...")] = False,
    env: Annotated[
        bool, typer.Option("--env", help="Print it as a line for the shell: export ..._ACCESS_TOKEN=...")
    ] = False,
    json: AsJson = False,
) -> None:
    """Print an access token that works, refreshed if need be.

    It never opens a browser and never asks: it ends with 4 when you have to sign in, with 5 when the provider cannot be
    reached.
    """
    if header + env + json > 1:
        raise UsageError("--header, --env and --json exclude each other", hint="tokenkit token --help")
    from tokenkit.net.hosts import require_bearer, require_header_token

    kit = open_kit(ctx)
    whose, found = ask(kit, account, parse_scopes(scopes), min_ttl)
    if json:
        from tokenkit.cli.json_output import token_json

        return data(token_json(whose, found))
    require_bearer(found, whose)
    if header:
        require_header_token(kit.provider(whose.provider), whose)
        return data(f"Authorization: {found.type} {found.value}")
    return data(f"export {_variable(whose.provider)}={quoted(found.value)}" if env else found.value)


def _variable(provider: str) -> str:
    """Return the name of the shell variable for a provider's token: ``GOOGLE_ACCESS_TOKEN``."""
    name = "".join(character if character.isalnum() else "_" for character in provider)
    return f"{'_' if name[0].isdigit() else ''}{name.upper()}_ACCESS_TOKEN"
