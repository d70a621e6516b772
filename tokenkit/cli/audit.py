"""``tokenkit audit``."""

import os
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from tokenkit.cli.output import agree, data, say, to_paste, to_stdout, waiting
from tokenkit.cli.session import open_kit
from tokenkit.errors import UsageError

if TYPE_CHECKING:
    from tokenkit.audit import Check, Report
    from tokenkit.audit.check import Fault
    from tokenkit.kit import TokenKit

FOUND = 1
"""The exit code where something was found."""


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

    kit = open_kit(ctx)
    if refresh:
        from tokenkit.audit.online import refresh_all

        refresh_all(kit)
    report = _look(kit, deep=deep, online=online)
    if fix:
        try:
            report = _fixed(kit, report, yes=yes, deep=deep, online=online)
        except UsageError:  # nobody can be asked here; what was found is reported all the same
            _print(report, json=json, sarif=sarif)
            raise
    _print(report, json=json, sarif=sarif)
    if report.fails(Severity(fail_on.value)):
        raise typer.Exit(FOUND)


def _look(kit: "TokenKit", *, deep: bool, online: bool) -> "Report":
    from tokenkit.audit import Inventory, audit

    with waiting("asking the providers" if online else "looking"):
        return audit(Inventory(kit, deep=deep), _online() if online else ())


def _online() -> "tuple[Check, ...]":
    from tokenkit.audit.online import CHECKS

    return CHECKS


def _fixed(kit: "TokenKit", report: "Report", *, yes: bool, deep: bool, online: bool) -> "Report":
    """Show the plan, carry it out once the person agrees, and look again."""
    from tokenkit.audit.fix import act, plan

    fixes = plan(fault.fix for _, fault in report.findings)
    if not fixes:
        say("Nothing was found that --fix can fix.")
        return report
    say("This is what --fix does:")
    for fix in fixes:
        say(f"  {fix}")
    if not yes and not agree("Nothing is deleted.", otherwise="tokenkit audit --fix --yes"):
        return report
    done = act(fixes)
    for each in done:
        if each.failure:
            say(f"This failed: {each.fix}: {each.failure}")
    return _look(kit, deep=deep, online=online)._replace(fixed=tuple(done))


def _to_paste(fault: "Fault") -> "Fault":
    return fault._replace(hint=to_paste(fault.hint))


def _print(report: "Report", *, json: bool, sarif: bool) -> None:
    findings = (finding._replace(fault=_to_paste(finding.fault)) for finding in report.findings)
    report = report._replace(findings=tuple(findings))
    if json:
        from tokenkit.audit.json import to_json

        data(to_json(report))
    elif sarif:
        from tokenkit.audit.sarif import to_sarif

        data(to_sarif(report))
    elif sys.stdout and sys.stdout.isatty():
        _show_rich(report)
    else:
        from tokenkit.audit.text import to_text

        data(to_paste(to_text(report, home=os.path.expanduser("~"))))


def _show_rich(report: "Report") -> None:
    from rich.console import Console

    from tokenkit.audit.table import show

    with to_stdout():
        show(report, Console(), home=os.path.expanduser("~"))
