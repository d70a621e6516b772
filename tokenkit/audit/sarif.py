"""The report as SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format"), which code scanning tools read."""

import json
import os
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tokenkit.audit.check import Check, Finding
from tokenkit.audit.report import Report

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

_LINE = re.compile(r"(.+):([1-9][0-9]*)")


def to_sarif(report: Report) -> str:
    """Return the report as a SARIF log of one run. Our severities are SARIF's levels."""
    rules = {check.id: check for check in report.checks} | {found.check.id: found.check for found in report.findings}
    at = datetime.fromtimestamp(report.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    run = {
        "tool": {
            "driver": {
                "name": "tokenkit audit",
                "version": version("tokenkit-oauth"),
                "rules": [_rule(check) for check in rules.values()],
            }
        },
        "invocations": [
            {
                "executionSuccessful": True,
                "endTimeUtc": at,
                "toolExecutionNotifications": [
                    {"level": "note", "message": {"text": f"Not checked: {what}"}} for what in report.not_checked
                ],
            }
        ],
        "results": _results(report.findings, list(rules)),
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _rule(check: Check) -> dict[str, Any]:
    return {
        "id": check.id,
        "shortDescription": {"text": f"{check.title}."},
        "fullDescription": {"text": check.why},
        "defaultConfiguration": {"level": check.severity.value},
    }


def _results(findings: Iterable[Finding], rules: list[str]) -> list[dict[str, Any]]:
    return [
        {
            "ruleId": check.id,
            "ruleIndex": rules.index(check.id),
            "level": check.severity.value,
            "message": {"text": f"{check.title}: {fault.what}. To hint it: {fault.hint}"},
            "locations": [_location(fault.where)],
            "partialFingerprints": {"tokenkit/v1": _fingerprint(check.id, fault.owner, fault.account, fault.where)},
            "properties": {"account": fault.account, "owner": fault.owner},
        }
        for check, fault in findings
    ]


def _location(where: str) -> dict[str, Any]:
    """Return a file, perhaps with a line, or a place that is none."""
    if not os.path.isabs(where):
        return {"logicalLocations": [{"fullyQualifiedName": where}]}
    lined = _LINE.fullmatch(where)
    path, line = (lined[1], int(lined[2])) if lined else (where, 0)
    physical: dict[str, Any] = {"artifactLocation": {"uri": Path(path).as_uri()}}
    if line:
        physical["region"] = {"startLine": line}
    return {"physicalLocation": physical}


def _fingerprint(*parts: str) -> str:
    """Return what stays the same while a finding is the same."""
    return sha256("\0".join(parts).encode(errors="surrogateescape")).hexdigest()[:32]
