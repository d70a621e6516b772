"""The audit: the truth about the tokens on this machine, and what fixes it.

A check asks one question of an `Inventory` and yields a `Fault` for every bad answer; `audit` runs all of them and
returns a `Report`, which `table`, `json` and `sarif` render. What can be fixed automatically is planned in `fix`.
"""

from tokenkit.audit.check import Check, Fault, Finding, Severity, check
from tokenkit.audit.inventory import Inventory
from tokenkit.audit.report import Report, audit

__all__ = ["Check", "Fault", "Finding", "Inventory", "Report", "Severity", "audit", "check"]
