"""``tokenkit audit``: its options."""

from enum import StrEnum
from functools import partial
from typing import Annotated

import typer

from tokenkit.cli.auditing import FOUND, fixed, look, open_to_look, show
from tokenkit.errors import UsageError


class FailOn(StrEnum):
    """The least severity that makes the audit fail."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


def audit(
    ctx: typer.Context,
    fix: Annotated[bool, typer.Option("--fix", help="Narrow modes and put strays aside, once you agree.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --fix: agree beforehand.")] = False,
    online: Annotated[bool, typer.Option("--online", help="Ask the providers, too; nothing is refreshed.")] = False,
    refresh: Annotated[bool, typer.Option("--refresh", help="With --online: refresh every account first.")] = False,
    deep: Annotated[bool, typer.Option("--deep", help="Look into shell histories and .env files, too.")] = False,
    fail_on: Annotated[FailOn, typer.Option(help="End with 1 from this severity on.")] = FailOn.ERROR,
    json: Annotated[bool, typer.Option("--json", help="Print JSON; docs/reference/audit-schema.json.")] = False,
    sarif: Annotated[bool, typer.Option("--sarif", help="Print SARIF 2.1.0, for code scanning tools.")] = False,
) -> None:
    """Tell the truth about the tokens on this machine, and what helps.

    It changes nothing, asks nobody and sends nothing, unless --fix or --online says so.
    """
    if json and sarif:
        raise UsageError("--json and --sarif exclude each other", hint="tokenkit audit --help")
    if (yes and not fix) or (refresh and not online):
        raise UsageError("--yes goes with --fix, and --refresh with --online", hint="tokenkit audit --help")
    from tokenkit.audit.check import Severity

    options = ctx.find_root().params
    kit, no_store = open_to_look(options["app"], options["owner"])
    if refresh and no_store is None:
        from tokenkit.audit.online import refresh_all

        refresh_all(kit)
    again = partial(look, kit, no_store, deep=deep, online=online)
    report = again()
    if fix:
        try:
            report = fixed(report, yes=yes, again=again)
        except UsageError:  # nobody can be asked here; what was found is reported all the same
            show(report, json=json, sarif=sarif)
            raise
    show(report, json=json, sarif=sarif)
    if report.fails(Severity(fail_on.value)):
        raise typer.Exit(FOUND)
