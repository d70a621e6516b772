"""What ``tokenkit audit`` does; without typer, so that a plain one loads nothing of that."""

import os
import sys
from typing import TYPE_CHECKING

from tokenkit.cli.errors import reporting
from tokenkit.cli.output import agree, data, say, to_paste, to_stdout, waiting
from tokenkit.cli.session import one_shot
from tokenkit.core_dumps import forbid_core_dumps
from tokenkit.errors import ConfigurationError
from tokenkit.paths import folders
from tokenkit.store.files import FileStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from tokenkit.audit import Check, Report
    from tokenkit.audit.check import Fault
    from tokenkit.kit import TokenKit

FOUND = 1
"""The exit code where something was found."""


def print_audit() -> None:
    """Run the whole of a plain ``tokenkit audit``, its errors and exit code too."""
    forbid_core_dumps()
    with reporting():
        from tokenkit.audit.check import Severity

        report = look(*open_to_look())
        show(report)
        if report.fails(Severity.ERROR):
            sys.exit(FOUND)


def open_to_look(app: str = "tokenkit", owner: str = "") -> "tuple[TokenKit, ConfigurationError | None]":
    """Return the kit, and why the store that was named cannot be had: then it has the files of this machine."""
    from tokenkit.kit import TokenKit

    try:
        return one_shot(TokenKit(app, owner, background=False)), None
    except ConfigurationError as error:
        where = folders(app)
        files = FileStore(where.tokens, where.state)
        return one_shot(TokenKit(app, owner, store=files, background=False)), error


def look(
    kit: "TokenKit", no_store: "ConfigurationError | None" = None, *, deep: bool = False, online: bool = False
) -> "Report":
    """Run the checks. Without the store that was named no provider is asked: what lies here may be outdated."""
    from tokenkit.audit import Inventory, audit

    online = online and no_store is None
    with waiting("asking the providers" if online else "looking"):
        return audit(Inventory(kit, deep=deep, no_store=no_store), _online() if online else ())


def _online() -> "tuple[Check, ...]":
    from tokenkit.audit.online import CHECKS

    return CHECKS


def fixed(report: "Report", *, yes: bool, again: "Callable[[], Report]") -> "Report":
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
    return again()._replace(fixed=tuple(done))


def _to_paste(fault: "Fault") -> "Fault":
    return fault._replace(hint=to_paste(fault.hint))


def show(report: "Report", *, json: bool = False, sarif: bool = False) -> None:
    """Print what was found: a table on a terminal, lines elsewhere, or one of the two formats for programs."""
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

    from tokenkit.audit.table import show as draw

    with to_stdout():
        draw(report, Console(), home=os.path.expanduser("~"))
