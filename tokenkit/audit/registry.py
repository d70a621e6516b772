"""All checks: ours, and those of plugins."""

from collections.abc import Iterable
from typing import cast

from tokenkit.audit import (
    accounts,
    code,
    files,
    foreign,
    grants,
    key_copies,
    keys,
    locations,
    misplaced,
    records,
    secrets,
    shared_store,
)
from tokenkit.audit.check import Check, Fault, Finding, Severity
from tokenkit.audit.inventory import CHECKS_GROUP, Inventory

GROUPS: dict[str, tuple[Check, ...]] = {
    "Files": (*files.CHECKS, *misplaced.CHECKS),
    "Locations": locations.CHECKS,
    "Keys": (*keys.CHECKS, *key_copies.CHECKS),
    "Records": records.CHECKS,
    "Secrets": secrets.CHECKS,
    "Other tools": foreign.CHECKS,
    "Accounts": accounts.CHECKS,
    "Grants": grants.CHECKS,
    "Code": code.CHECKS,
    "Shared store": shared_store.CHECKS,
}

FAILED = Check(
    "TK001",
    Severity.ERROR,
    "A check could not run",
    "What it would have found is not known; the other checks were run all the same.",
    lambda inventory: (),
)


def our_checks() -> list[Check]:
    """Return the checks that come with tokenkit."""
    return [check for group in GROUPS.values() for check in group]


def plugin_checks(inventory: Inventory) -> tuple[list[Check], list[Finding]]:
    """Return the checks of plugins, and what is wrong with those that cannot be used."""
    checks: list[Check] = []
    failed: list[Finding] = []
    for point in inventory.entry_points[CHECKS_GROUP]:
        try:
            found = point.load()
            given = [found] if isinstance(found, Check) else list(cast(Iterable[Check], found))
            if not all(isinstance(check, Check) and not check.id.startswith("TK") for check in given):
                raise TypeError
            checks.extend(given)
        except Exception as error:  # noqa: BLE001 - a stranger's plugin may raise anything
            failed.append(broken(f"the plugin {point.value}", error))
    return checks, failed


def broken(where: str, error: Exception) -> Finding:
    """Report a check that raised: the kind of error and its line; its words may quote a secret (R35)."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = "" if frame is None else f" at {frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}"
    return Finding(FAILED, Fault(where, f"{type(error).__name__}{place}", "tell the author of the check"))
