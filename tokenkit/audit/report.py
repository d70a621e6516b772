"""Run the checks, and hold what they found."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tokenkit.audit.check import Check, Fault, Finding, Severity
from tokenkit.audit.fix import Done
from tokenkit.audit.found_record import Opening
from tokenkit.audit.inventory import Inventory
from tokenkit.audit.registry import broken, our_checks, plugin_checks
from tokenkit.shell import account_options, with_options


class Report(NamedTuple):
    """What an audit found at the time `at` (Unix time in seconds, UTC), what it could not look at, what was fixed."""

    app: str
    at: float
    accounts: int
    checks: tuple[Check, ...]
    findings: tuple[Finding, ...]
    not_checked: tuple[str, ...] = ()
    fixed: tuple[Done, ...] = ()

    def count(self, severity: Severity) -> int:
        """Return how many findings have that severity."""
        return Counter(finding.check.severity for finding in self.findings)[severity]

    def fails(self, worst: Severity) -> bool:
        """Tell whether a finding is as bad as `worst`, or worse."""
        return any(finding.check.severity.rank <= worst.rank for finding in self.findings)


def audit(inventory: Inventory, more: Iterable[Check] = ()) -> Report:
    """Run all checks, those of plugins too, and `more`. Nothing is changed, and nothing is sent unless `more` does."""
    plugins, failed = plugin_checks(inventory)
    checks = (*our_checks(), *plugins, *more)
    findings = [*failed, *(finding for check in checks for finding in _run(check, inventory))]
    return Report(
        app=inventory.kit.app,
        at=inventory.now,
        accounts=len(inventory.records),
        checks=checks,
        findings=tuple(sorted(findings, key=_order)),
        not_checked=tuple(_not_checked(inventory)),
    )


def _run(check: Check, inventory: Inventory) -> list[Finding]:
    try:
        return [Finding(check, _to_paste(fault, inventory.kit.app)) for fault in check.find(inventory)]
    except Exception as error:  # noqa: BLE001 - one check that fails hides no other
        return [broken(check.id, error)]


def _to_paste(fault: Fault, app: str) -> Fault:
    """Return the fault with a hint whose commands work on its owner's accounts: an error may have brought the hint."""
    options = account_options(app, fault.owner)
    return fault._replace(hint=with_options(fault.hint, options)) if options else fault


def _order(finding: Finding) -> tuple[str, str, int, str, str]:
    """Sort by account, what concerns none first; then the worst first."""
    fault: Fault = finding.fault
    return fault.owner, fault.account, finding.check.severity.rank, finding.check.id, fault.where


def _not_checked(inventory: Inventory) -> Iterator[str]:
    """Yield what could not be looked at, and why. What should be readable is also a fault: TK113 and TK133."""
    if inventory.no_store is not None:
        yield f"anything but the files of this machine, as the store that is meant cannot be had: {inventory.no_store}"
    locked = sum(record.opening is Opening.LOCKED for record in inventory.records)
    if locked:
        why = inventory.keys.said or "there are none"
        yield f"the grants of {locked} accounts, as the keys cannot be had now: {why}"
    for record in inventory.records:
        if record.opening in (Opening.REFUSED, Opening.UNREADABLE):
            yield f"the grant of {record.account}: {record.said}"
    for path, why in inventory.tree.unreadable.items():
        yield f"{path}: {why}"
    if not inventory.deep:
        yield "shell histories and .env files, into which --deep looks"
    if inventory.walked is not None and inventory.walked.others:
        yield f"{inventory.walked.others} accounts of other owners in the database: only whether their records open"
    elif inventory.files is None:
        yield "the store, which is not one of files: only the grants in it"
