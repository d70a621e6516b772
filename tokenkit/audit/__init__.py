"""The audit: the truth about the tokens on this machine, and what mends it.

A check asks one question of a `Scene` and yields a `Fault` for every bad answer; `audit` runs all of them and returns a
`Report`, which `table`, `json` and `sarif` render. What can be mended by itself is planned and done in `fix`.
"""

from tokenkit.audit.check import Check, Fault, Finding, Severity, check
from tokenkit.audit.report import Report, audit
from tokenkit.audit.scene import Scene

__all__ = ["Check", "Fault", "Finding", "Report", "Scene", "Severity", "audit", "check"]
