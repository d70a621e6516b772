"""The report for people: what was found, grouped by account, and at the end, where the eye falls, what it comes to."""

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tokenkit.audit.check import Fault, Finding, Severity
from tokenkit.audit.report import Report
from tokenkit.audit.text import (
    ID,
    STYLES,
    counts,
    fault_words,
    grouped,
    heading,
    hint_words,
    items,
    summary,
    title,
)
from tokenkit.consent.terminal import printable


def show(report: Report, console: Console, *, home: str = "") -> None:
    """Print the report. Paths below `home` are shown as ``~/...``, but not in commands, which are to be copied."""
    groups = grouped(report)
    for whose, findings in groups:
        console.print(Text(printable(whose), style="bold"), Padding(_details(findings, home), (0, 0, 1, 2)), sep="\n")
    if len(groups) > 1:
        console.print(Padding(_overview(groups), (0, 0, 1, 0)))
    for what in report.not_checked:
        console.print(Text(f"Not checked: {printable(what)}.", style="yellow"))
    console.print(Text.assemble(*summary(report)))


def _details(findings: list[Finding], home: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(width=len(Severity.WARNING))
    table.add_column(width=ID, overflow="fold")
    table.add_column(overflow="fold", ratio=1)
    for check, why, faults in items(findings):
        head = Text.assemble((title(check), "bold"), why)
        lines = [line for fault in faults for line in _fault(fault, home)]
        table.add_row(Text(check.severity, style=STYLES[check.severity]), Text(check.id), Group(head, *lines))
    return table


def _fault(fault: Fault, home: str) -> Iterator[RenderableType]:
    yield Text(fault_words(fault, home))
    yield Padding(Text(hint_words(fault), style="green"), (0, 0, 0, 2))


def _overview(groups: list[tuple[str, list[Finding]]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("ACCOUNT", overflow="fold")
    for severity in Severity:
        table.add_column(heading(severity), justify="right")
    for whose, findings in groups:
        cells = (
            Text(str(count or "-"), style=STYLES[severity] if count else "dim")
            for severity, count in zip(Severity, counts(findings), strict=True)
        )
        table.add_row(Text(printable(whose)), *cells)
    return table
