"""The report for people: what was found, grouped by account, and at the end, where the eye falls, what it comes to."""

import os
import re
from collections.abc import Iterator
from itertools import groupby

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tokenkit.audit.check import Fault, Finding, Severity
from tokenkit.audit.report import Report

STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def show(report: Report, console: Console, *, home: str = "") -> None:
    """Print the report. Paths below `home` are shown as ``~/...``, but not in commands, which are to be copied."""
    groups = [(whose, list(findings)) for whose, findings in groupby(report.findings, key=_whose)]
    for whose, findings in groups:
        console.print(Text(_plain(whose), style="bold"), Padding(_details(findings, home), (0, 0, 1, 2)), sep="\n")
    if len(groups) > 1:
        console.print(Padding(_overview(groups), (0, 0, 1, 0)))
    for what in report.not_checked:
        console.print(Text(f"Not checked: {_plain(what)}.", style="yellow"))
    console.print(_summary(report))


def _details(findings: list[Finding], home: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(width=len(Severity.WARNING))
    table.add_column(width=len("TK101"), overflow="fold")
    table.add_column(overflow="fold", ratio=1)
    said = ""
    for check, alike in groupby(findings, key=lambda finding: finding.check):
        title = Text(_plain(check.title) + ".", style="bold")
        if check.why != said:  # several checks in a row may have one reason
            title.append(f" {_plain(check.why)}", style="not bold")
        said = check.why
        faults = [line for _, fault in alike for line in _fault(fault, home)]
        table.add_row(Text(check.severity, style=STYLES[check.severity]), Text(check.id), Group(title, *faults))
    return table


def _fault(fault: Fault, home: str) -> Iterator[RenderableType]:
    where = fault.where
    if home and where.startswith(home + os.sep):
        where = "~" + where[len(home) :]
    if fault.account and fault.where not in fault.mend:  # what is wrong is the account, whichever file it lies in
        yield Text(_plain(fault.what[:1].upper() + fault.what[1:]))
    else:
        yield Text(f"{_plain(where)}: {_plain(fault.what)}")
    yield Padding(Text(f"→ {_plain(fault.mend)}", style="green"), (0, 0, 0, 2))


def _overview(groups: list[tuple[str, list[Finding]]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("ACCOUNT", overflow="fold")
    for severity in Severity:
        table.add_column(severity.upper() + "S", justify="right")
    for whose, findings in groups:
        counts = {severity: sum(check.severity is severity for check, _ in findings) for severity in Severity}
        cells = [Text(str(count or "-"), style=STYLES[each] if count else "dim") for each, count in counts.items()]
        table.add_row(Text(_plain(whose)), *cells)
    return table


def _summary(report: Report) -> Text:
    said = Text(f"{_number(report.accounts, 'account')}, {_number(len(report.checks), 'check')}: ")
    if not report.findings:
        return said.append("nothing found", style="bold green").append(".")
    for position, severity in enumerate(Severity):
        count = report.count(severity)
        said.append(", " if position else "")
        said.append(_number(count, severity), style=STYLES[severity] if count else "dim")
    fixable = len({fault.repair for _, fault in report.findings if fault.repair is not None})
    return said.append(f". tokenkit audit --fix mends {fixable} of them." if fixable else ".")


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _whose(finding: Finding) -> str:
    fault = finding.fault
    if not fault.account:
        return "This machine"
    return f"{fault.account} ({fault.owner})" if fault.owner else fault.account


def _plain(text: str) -> str:
    """Without what could steer a terminal: a file may be called anything."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
