"""``tokenkit list`` and ``tokenkit status``."""

from contextlib import suppress
from functools import lru_cache
from itertools import chain, islice
from typing import TYPE_CHECKING, Annotated

import typer

from tokenkit.cli.options import AsJson, complete_account, parse_span
from tokenkit.cli.output import data, say
from tokenkit.cli.session import open_kit
from tokenkit.errors import TokenKitError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tokenkit.grants.status import Status
    from tokenkit.kit import TokenKit

NOBODY = "No account is signed in. Begin with tokenkit login PROVIDER; tokenkit providers lists them."


def list_accounts(ctx: typer.Context, json: AsJson = False) -> None:
    """List the accounts and how they stand.

    Nothing is refreshed, and no provider is asked.
    """
    from tokenkit.grants.status import statuses

    kit = open_kit(ctx)
    if json:
        return _print_json(kit.statuses())
    found = statuses(kit.refresher, kit.context.now)
    first = next(found, None)
    if first is None:
        return say(NOBODY)
    return print_accounts(kit, chain([first], found))


def status(
    ctx: typer.Context,
    account: Annotated[
        str,
        typer.Argument(metavar="ACCOUNT", help="All without it.", show_default=False, autocompletion=complete_account),
    ] = "",
    check: Annotated[
        bool, typer.Option("--check", help="Say only what is wrong, and end with its exit code: 4, 5, 6 or 7.")
    ] = False,
    within: Annotated[
        str, typer.Option(metavar="TIME", help="With --check: 7 if one has to sign in again so soon (s, m, h, d, w).")
    ] = "24h",
    json: AsJson = False,
) -> None:
    """Show how accounts stand, or check them for a script.

    Nothing is refreshed, and no provider is asked.
    """
    seconds = parse_span(within)
    given = ctx.get_parameter_source("within")
    if not check and given is not None and given.name == "COMMANDLINE":
        raise UsageError("--within goes with --check", hint=f"tokenkit status --check --within {within}")
    kit = open_kit(ctx)
    statuses = [kit.status(account)] if account else kit.statuses()
    if json:
        _print_json(statuses)
    elif not check and not statuses:
        say(NOBODY)
    elif not check:
        _print_blocks(kit, statuses)
    if check:
        raise typer.Exit(_check(statuses, kit.context.now(), seconds))


def _print_json(statuses: "list[Status]") -> None:
    from tokenkit.cli.json_output import accounts_json

    data(accounts_json(statuses))


def print_accounts(kit: "TokenKit", statuses: "Iterable[Status]") -> None:
    """Print the table of accounts, the first of them while the others are looked up.

    It has a column for servers where they may tell two accounts apart.
    """
    from tokenkit.cli.status_text import end_words, scope_names, state_words
    from tokenkit.cli.tables import PART, show_table

    now, remaining = kit.context.now(), iter(statuses)
    named = lru_cache(maxsize=None)(lambda provider, scopes: ", ".join(scope_names(kit, provider, scopes)))
    first = list(islice(remaining, PART))
    servers = any(status.server for status in first) or (len(first) == PART and _has_servers(kit))
    rows = (
        (
            str(status.account),
            *((status.server,) if servers else ()),
            state_words(status, now),
            end_words(status, now),
            named(status.account.provider, status.scopes),
        )
        for status in chain(first, remaining)
    )
    show_table(("ACCOUNT", *(("SERVER",) if servers else ()), "TOKEN", "SIGN IN AGAIN", "SCOPES"), rows)


def _has_servers(kit: "TokenKit") -> bool:
    """Tell whether an account is of a provider with several servers or regions."""
    for name in {account.provider for account in kit.accounts()}:
        with suppress(TokenKitError):  # a provider that is gone has none
            if getattr(kit.provider(name), "variables", {}):
                return True
    return False


def _print_blocks(kit: "TokenKit", statuses: "list[Status]") -> None:
    from tokenkit.cli.status_text import (
        end_words,
        hint_for,
        is_fine,
        reason,
        scope_names,
        state_words,
        turns_words,
    )
    from tokenkit.cli.tables import show_block
    from tokenkit.duration import ago

    now = kit.context.now()
    for status in statuses:
        lines = {
            "server": status.server,
            "token": state_words(status, now),
            "why": reason(status),
            "fix it": "" if is_fine(status) else hint_for(status),
            "sign in again": end_words(status, now),
            "signed in": ago(now - status.authorized_at) if status.authorized_at else "",
            "scopes": ", ".join(scope_names(kit, status.account.provider, status.scopes)),
            "not granted": ", ".join(scope_names(kit, status.account.provider, status.missing)),
            "machines": turns_words(status),
        }
        show_block(str(status.account), lines)


def _check(statuses: "list[Status]", now: float, within: float) -> int:
    """Say what is wrong and what helps; return the exit code of the worst."""
    from tokenkit.cli.status_text import ENDS_SOON, SEVERITY, brief_reason, end_words, exit_code, hint_for, state_words

    codes = [exit_code(status, now, within) for status in statuses]
    for status, code in zip(statuses, codes, strict=True):
        if code:
            soon = f"one has to sign in again {end_words(status, now)}"
            why = brief_reason(status) or (soon if code == ENDS_SOON else state_words(status, now))
            say(f"{status.account}: {why}")
            say(f"  {hint_for(status)}")
    return min(codes, key=SEVERITY.index, default=0)
