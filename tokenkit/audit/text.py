"""The report in plain lines, for a pipe: what `table` draws on a terminal, in the same words, and nothing cut.

It loads nothing that draws, which would cost as much as a third of the checks.
"""

import os
from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from tokenkit.audit.check import Check, Fault, Finding, Severity
from tokenkit.audit.report import Report
from tokenkit.consent.terminal import printable

STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
"""As rich names them."""

ID = len("TK101")
"""Columns of a check's id."""

GAP = "  "


class Item(NamedTuple):
    """What one check found about one account: `why` is empty where the check before had the same reason."""

    check: Check
    why: str
    faults: list[Fault]


def to_text(report: Report, *, home: str = "") -> str:
    """Return the report in lines. Paths below `home` are shown as ``~/...``, but whole in commands, to be copied."""
    return "\n".join(line.rstrip() for line in _lines(report, home))


def _lines(report: Report, home: str) -> Iterator[str]:
    groups = grouped(report)
    for whose, findings in groups:
        yield printable(whose)
        for item in items(findings):
            yield from _item(item, home)
        yield ""
    if len(groups) > 1:
        yield from _overview(groups)
        yield ""
    for what in report.not_checked:
        yield f"Not checked: {printable(what)}."
    yield "".join(text for text, _ in summary(report))


def _item(item: Item, home: str) -> Iterator[str]:
    first = f"{GAP}{item.check.severity:{len(Severity.WARNING)}}{GAP}{item.check.id:{ID}}{GAP}"
    yield f"{first}{title(item.check)}{item.why}"
    for fault in item.faults:
        yield f"{' ' * len(first)}{fault_words(fault, home)}"
        yield f"{' ' * len(first)}{GAP}{hint_words(fault)}"


def _overview(groups: list[tuple[str, list[Finding]]]) -> Iterator[str]:
    width = max(len("ACCOUNT"), *(len(printable(whose)) for whose, _ in groups))
    titles = [heading(severity) for severity in Severity]
    yield GAP.join(("ACCOUNT".ljust(width), *titles))
    for whose, findings in groups:
        numbers = (str(count or "-").rjust(len(head)) for head, count in zip(titles, counts(findings), strict=True))
        yield GAP.join((printable(whose).ljust(width), *numbers))


def grouped(report: Report) -> list[tuple[str, list[Finding]]]:
    """Return the findings by account."""
    return [(whose, list(findings)) for whose, findings in groupby(report.findings, key=_whose)]


def items(findings: list[Finding]) -> Iterator[Item]:
    """Yield the findings of one account by check."""
    said = ""
    for check, alike in groupby(findings, key=lambda finding: finding.check):
        yield Item(check, "" if check.why == said else f" {printable(check.why)}", [fault for _, fault in alike])
        said = check.why


def title(check: Check) -> str:
    """Return what the check is called, as a sentence."""
    return f"{printable(check.title)}."


def fault_words(fault: Fault, home: str) -> str:
    """Return what is wrong, and where."""
    where = fault.where
    if home and where.startswith(home + os.sep):
        where = "~" + where[len(home) :]
    if fault.account and fault.where not in fault.hint:  # what is wrong is the account, whichever file it lies in
        return printable(fault.what[:1].upper() + fault.what[1:])
    return f"{printable(where)}: {printable(fault.what)}"


def hint_words(fault: Fault) -> str:
    """Return the hint."""
    return f"→ {printable(fault.hint)}"


def heading(severity: Severity) -> str:
    """Return the column of a severity."""
    return severity.upper() + "S"


def counts(findings: list[Finding]) -> list[int]:
    """Return how many findings each severity has, the worst first."""
    return [sum(check.severity is severity for check, _ in findings) for severity in Severity]


def summary(report: Report) -> Iterator[tuple[str, str]]:
    """Yield the sum: pieces of a line, each with its style."""
    yield f"{_number(report.accounts, 'account')}, {_number(len(report.checks), 'check')}: ", ""
    if not report.findings:
        yield "nothing found", "bold green"
        yield ".", ""
        return
    for position, severity in enumerate(Severity):
        count = report.count(severity)
        yield ", " if position else "", ""
        yield _number(count, severity), STYLES[severity] if count else "dim"
    fixable = len({fault.fix for _, fault in report.findings if fault.fix is not None})
    yield f". tokenkit audit --fix can fix {fixable} of them." if fixable else ".", ""


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _whose(finding: Finding) -> str:
    fault = finding.fault
    if not fault.account:
        return "This machine"
    return f"{fault.account} ({fault.owner})" if fault.owner else fault.account
