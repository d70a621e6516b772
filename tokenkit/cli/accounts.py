"""``tokenkit list`` and ``tokenkit status``."""

from typing import TYPE_CHECKING, Annotated

import typer

from tokenkit.cli.account_list import accounts_there, nobody, show_accounts
from tokenkit.cli.options import AsJson, complete_account, parse_span
from tokenkit.cli.output import data, say
from tokenkit.cli.session import open_kit
from tokenkit.errors import UsageError

if TYPE_CHECKING:
    from tokenkit.errors import StoreError
    from tokenkit.grants.status import Status
    from tokenkit.kit import TokenKit


def list_accounts(ctx: typer.Context, json: AsJson = False) -> None:
    """List the accounts and how they stand.

    Nothing is refreshed, and no provider is asked.
    """
    kit = open_kit(ctx)
    if json:
        statuses, lacking = _statuses(kit)
        _print_json(statuses)
        if lacking is not None:
            raise lacking
    else:
        show_accounts(kit)


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
    statuses, lacking = ([kit.status(account)], None) if account else _statuses(kit)
    if json:
        _print_json(statuses)
    elif not check and not statuses and lacking is None:
        say(nobody(kit))
    elif not check:
        _print_blocks(kit, statuses)
    code = _check(statuses, kit.context.now(), seconds) if check else 0
    if lacking is not None:
        raise lacking
    raise typer.Exit(code)


def _statuses(kit: "TokenKit") -> "tuple[list[Status], StoreError | None]":
    from tokenkit.grants.status import statuses_of

    accounts, lacking = accounts_there(kit)
    return list(statuses_of(kit.refresher, kit.context.now, accounts)), lacking


def _print_json(statuses: "list[Status]") -> None:
    from tokenkit.cli.json_output import accounts_json

    data(accounts_json(statuses))


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
