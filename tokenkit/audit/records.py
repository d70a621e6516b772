"""The sealed records and the activity log: whether they can be read, and are what was written."""

import hmac
import os
from collections import defaultdict
from collections.abc import Iterator

from tokenkit.audit.check import Fault, Severity, check
from tokenkit.audit.found_record import FoundRecord, Opening
from tokenkit.audit.inventory import Inventory
from tokenkit.audit.modes import is_plain
from tokenkit.audit.tree import Role
from tokenkit.audit.wording import about, command, login
from tokenkit.os_errors import move_away
from tokenkit.paths import activity_folder
from tokenkit.shell import quoted

QUARANTINED = 90 * 86400.0
"""Seconds after which what lies in quarantine is hardly wanted back."""


@check(
    "TK141",
    Severity.ERROR,
    "A record cannot be opened",
    "It is damaged, or was changed or moved by hand; the account cannot be used, and nothing is overwritten.",
)
def broken(inventory: Inventory) -> Iterator[Fault]:
    """Find records that are damaged, or belong to another name."""
    for record in _unopened(inventory, Opening.BROKEN):
        again = command(inventory, record, "login", "--replace")
        yield about(record, record.said, f"restore {quoted(record.where)} from a backup, or: {again}")
    for record in _unopened(inventory, Opening.REFUSED):
        if is_plain(record.where):
            yield about(record, record.said, f"{move_away(record.where)}, then: {command(inventory, record, 'login')}")
    for record in inventory.records:
        for each in record.beside:
            if each.grant is None:
                what = f"what lies beside it cannot be opened, and may be newer: {each.said}"
                yield about(record, what, command(inventory, record, "login"))


@check(
    "TK142",
    Severity.ERROR,
    "A record is sealed with a key that is not here",
    "The account cannot be used until that key is back.",
)
def unknown_key(inventory: Inventory) -> Iterator[Fault]:
    """Find records whose key id is not in the key list."""
    for record in _unopened(inventory, Opening.UNKNOWN_KEY):
        yield about(record, record.said, inventory.command("key import FILE, from a backup of the keys"))


@check(
    "TK143",
    Severity.ERROR,
    "A record was written by a later tokenkit",
    "This one would lose what it does not understand, and so leaves the account alone.",
)
def later_version(inventory: Inventory) -> Iterator[Fault]:
    """Find records that a later version has written."""
    for record in _unopened(inventory, Opening.LATER):
        yield about(record, record.said, "upgrade tokenkit-oauth in this environment, too")


@check(
    "TK144",
    Severity.ERROR,
    "Two accounts share one refresh token",
    "One of them is a copy: as soon as either is refreshed, a provider that rotates ends both.",
)
def shared_refresh_tokens(inventory: Inventory) -> Iterator[Fault]:
    """Find grants with the same refresh token, compared by a keyed hash that is made for this look alone."""
    key = os.urandom(32)
    holders: dict[bytes, list[FoundRecord]] = defaultdict(list)
    for record, grant in inventory.grants:
        if grant.refresh_token:
            holders[hmac.digest(key, grant.refresh_token.reveal().encode(), "sha256")].append(record)
    for first, *others in holders.values():
        for record in others:
            hint = command(inventory, record, "logout", "--local")
            yield about(record, f"it has the refresh token of {first.account}", hint)


@check(
    "TK145",
    Severity.NOTE,
    "Old grants lie in quarantine",
    "Grants that were replaced are kept, and not revoked; after some months nobody wants them back.",
)
def old_quarantine(inventory: Inventory) -> Iterator[Fault]:
    """Find quarantined records that are older than three months."""
    old: dict[str, int] = defaultdict(int)
    for node in inventory.nodes(Role.RECORD):
        if node.name and node.name.kind == "quarantine" and node.status.st_mtime < inventory.now - QUARANTINED:
            old[os.path.dirname(node.path)] += 1
    for folder, count in old.items():
        hint = f"find {quoted(folder)} -name '*.jwe' -mtime +90 -delete"
        yield Fault(folder, f"{count} older than three months", hint)


@check(
    "TK146",
    Severity.WARNING,
    "The activity log was changed or damaged",
    "A line is not as it was written, or the one before it is gone; a crash or a full disk does that, and so do edits.",
)
def damaged_log(inventory: Inventory) -> Iterator[Fault]:
    """Find lines of the activity log that do not follow from those before them."""
    for line in inventory.log:
        if not line.sound:
            where = os.path.join(activity_folder(inventory.folders), line.segment)
            yield Fault(f"{where}:{line.number}", "the chain is broken here", inventory.command("log --verify"))


@check(
    "TK147",
    Severity.WARNING,
    "A refreshed grant waits until its record can be written",
    "The disk refused it, and it lies sealed beside the record: the next refresh puts it in its place.",
)
def waiting(inventory: Inventory) -> Iterator[Fault]:
    """Find grants that lie beside their records (R9), and accounts whose newest grant only a process has (R8)."""
    for record in inventory.records:
        again = command(inventory, record, "refresh")
        for each in record.beside:
            if each.grant:
                yield about(record, "it is saved beside the record", f"make room on the disk, then: {again}")
        if record.refresh_state.unsaved and not record.beside:
            what = f"{record.refresh_state.unsaved} holds it, and nothing else does"
            yield about(record, what, f"make room on the disk, do not end that process, then: {again}")


@check(
    "TK148",
    Severity.WARNING,
    "Two machines refresh one account in turns",
    "As soon as their copies differ, a provider that replaces refresh tokens ends the session of both.",
)
def taking_turns(inventory: Inventory) -> Iterator[Fault]:
    """Find accounts that two machines with one home, or with copies of it, have refreshed in turns this week (R8)."""
    for record in inventory.records:
        machines = record.refresh_state.turns.taking(inventory.now)
        if machines:
            what = f"{' and '.join(machines)} refresh it in turns"
            yield about(record, what, f"on one of the two: {login(inventory, record)}")


CHECKS = (broken, unknown_key, later_version, shared_refresh_tokens, old_quarantine, damaged_log, waiting, taking_turns)


def _unopened(inventory: Inventory, opening: Opening) -> Iterator[FoundRecord]:
    return (record for record in inventory.records if record.opening is opening)
