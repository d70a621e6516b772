"""The report as JSON: the shape of ``audit --json``. It changes only under another `version`.

Documented in docs/reference/audit-schema.json, which is made from these classes.
"""

import json
from importlib.metadata import version
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tokenkit.audit.check import Finding, Severity
from tokenkit.audit.report import Report


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FindingShape(_Shape):
    """One finding. `account` and `owner` are empty where it is about none; `fixable` says whether --fix can fix it."""

    id: str
    severity: Literal["error", "warning", "note"]
    title: str
    why: str
    account: str
    owner: str
    where: str
    what: str
    hint: str
    fixable: bool


class FixShape(_Shape):
    """One repair that --fix tried; `failure` is empty where it was done."""

    what: str
    failure: str


class Counts(_Shape):
    """How many findings there are of each severity."""

    error: int
    warning: int
    note: int


class Audit(_Shape):
    """What ``tokenkit audit --json`` prints. Times are Unix time in seconds, UTC. It holds no secrets."""

    version: Literal[1] = 1
    tokenkit: str = Field(description="The version of tokenkit that looked.")
    app: str
    at: float
    accounts: int = Field(description="How many accounts there are, of all owners.")
    checks: int = Field(description="How many checks were run.")
    counts: Counts
    findings: list[FindingShape]
    not_checked: list[str] = Field(description="What could not be looked at, and why, in words.")
    fixed: list[FixShape]


def to_json(report: Report) -> str:
    """Return the report as JSON, in ASCII: a file's name need not be text, and is told all the same."""
    shape = Audit(
        tokenkit=version("tokenkit-oauth"),
        app=report.app,
        at=report.at,
        accounts=report.accounts,
        checks=len(report.checks),
        counts=Counts(**{severity.value: report.count(severity) for severity in Severity}),
        findings=[_finding(finding) for finding in report.findings],
        not_checked=list(report.not_checked),
        fixed=[FixShape(what=str(done.fix), failure=done.failure) for done in report.fixed],
    )
    return json.dumps(shape.model_dump(), indent=2)


def _finding(finding: Finding) -> FindingShape:
    check, fault = finding
    return FindingShape(
        id=check.id,
        severity=check.severity.value,
        title=check.title,
        why=check.why,
        account=fault.account,
        owner=fault.owner,
        where=fault.where,
        what=fault.what,
        hint=fault.hint,
        fixable=fault.fix is not None,
    )
