"""Who can get at the files: modes, owners, and lists of rights."""

import os
import stat
from collections.abc import Iterator

from tokenkit.audit.check import Fault, Severity, check
from tokenkit.audit.fix import OTHERS, OTHERS_WRITE, Narrow
from tokenkit.audit.found_record import FoundRecord, Opening
from tokenkit.audit.inventory import Inventory
from tokenkit.audit.modes import POSIX, is_plain, others_write
from tokenkit.audit.tree import Node, Role, roots
from tokenkit.audit.wording import about, fault_of
from tokenkit.errors import FileRefused
from tokenkit.grants.sealed_store import grant_name
from tokenkit.shell import quoted
from tokenkit.store.layout import relative


@check(
    "TK101",
    Severity.ERROR,
    "A key or client secret is open to others",
    "A program that reads the key can open every record; one that has the client secret can pass for your app.",
)
def open_secrets(inventory: Inventory) -> Iterator[Fault]:
    """Find keys and client secrets that others may read or write."""
    for node in _plain(inventory, Role.UNSEALED):
        if node.is_file and node.mode & OTHERS:
            yield _mode(node, f"others have access to it (mode {node.mode:04o})", 0o600)


@check(
    "TK102",
    Severity.ERROR,
    "Others can write where tokenkit keeps its things",
    "They could put their own grant, provider or configuration in the place of yours. tokenkit makes nothing that way.",
)
def writable(inventory: Inventory) -> Iterator[Fault]:
    """Find files and folders of ours that others may write to."""
    for node in _plain(inventory, *(role for role in Role if role not in (Role.UNSEALED, Role.ASIDE))):
        if node.mode & OTHERS_WRITE:
            narrow = node.mode & ~OTHERS_WRITE if node.role is Role.WRITTEN else _private(node)
            yield _mode(node, f"others may write to it (mode {node.mode:04o})", narrow)


@check(
    "TK103",
    Severity.WARNING,
    "Others can see sealed records, or whose they are",
    "The records are sealed, but their names and headers say which accounts you have, and a copy lasts for ever.",
)
def readable(inventory: Inventory) -> Iterator[Fault]:
    """Find files and folders of ours that others may read and not write."""
    for node in _plain(inventory, Role.RECORD, Role.TEMPORARY, Role.PART):
        if node.mode & OTHERS and not node.mode & OTHERS_WRITE:
            yield _mode(node, f"others may read it (mode {node.mode:04o})", _private(node))


@check(
    "TK104",
    Severity.ERROR,
    "Others can replace a folder above",
    "Who may write to a folder can rename what lies in it, and so put a folder of their own in the place of yours.",
)
def writable_parents(inventory: Inventory) -> Iterator[Fault]:
    """Find folders above ours, and above home, that others may write to."""
    above_home = ((path, os.lstat(path)) for path in _above(os.path.realpath(inventory.home), os.sep))
    for path, status in dict([*_parents(inventory), *above_home]).items():
        mode = stat.S_IMODE(status.st_mode)
        if others_write(status) and not stat.S_ISLNK(status.st_mode):
            mine = status.st_uid == os.geteuid()
            what = f"others may write to it (mode {mode:04o})"
            fix = Narrow(path, mode & ~OTHERS_WRITE) if mine else None
            yield Fault(path, what, f"chmod go-w {quoted(path)}", fix=fix)


@check(
    "TK105",
    Severity.ERROR,
    "A file or folder belongs to somebody else",
    "Its owner can change it at any time; tokenkit refuses it. Running tokenkit once with sudo is the usual cause.",
)
def foreign_owner(inventory: Inventory) -> Iterator[Fault]:
    """Find things of ours that another user owns, and folders above that neither we nor root do."""
    if not POSIX:
        return
    me = os.geteuid()
    for path, status in _parents(inventory):
        if status.st_uid not in (0, me):
            yield Fault(path, *_given_back(path, status, me))
    for node in inventory.nodes():
        if node.status.st_uid != me:
            yield fault_of(node, *_given_back(node.path, node.status, me))


@check(
    "TK112",
    Severity.WARNING,
    "An access control list gives others rights",
    "It works beside the mode, which does not show it; the narrow mode holds it off only until something widens that.",
)
def access_lists(inventory: Inventory) -> Iterator[Fault]:
    """Find POSIX access control lists on our files and folders (Linux; acl(5))."""
    if not hasattr(os, "getxattr"):
        return
    for node in inventory.nodes():
        if (node.is_file or node.is_folder) and _has_acl(node.path):
            yield fault_of(node, "it has an access control list", f"setfacl -b -k {quoted(node.path)}")


@check(
    "TK113",
    Severity.ERROR,
    "A file or folder of tokenkit cannot be read or written",
    "Tools that need it fail, most at the next refresh; what cannot be read was not checked.",
)
def unreadable(inventory: Inventory) -> Iterator[Fault]:
    """Find folders that cannot be listed or written to, records and logs that cannot be read, locks and notes that
    cannot be written.
    """
    _ = inventory.tree.nodes, inventory.log  # what cannot be read is known once they were looked at
    for record in inventory.records:
        if record.opening is Opening.UNREADABLE:
            yield about(record, record.said, _reach(record.where))
        if record.note_error is not None and not _is_of_another_kind(inventory, record):
            yield about(record, str(record.note_error), record.note_error.hint)
    for path, why in inventory.tree.unreadable.items():
        yield Fault(path, f"it cannot be read: {why}", _reach(path))
    told = {each.where for each in inventory.records if each.opening is Opening.UNREADABLE}
    told |= {*inventory.tree.unreadable, *(_note(inventory, each) for each in inventory.records if each.note_error)}
    for node in _plain(inventory, Role.PART, Role.RECORD):
        if node.path not in told and _is_shut(inventory, node):
            use = "read" if node.role is Role.RECORD else "read and write"
            yield fault_of(node, f"you may not {use} it (mode {node.mode:04o})", _reach(node.path))


CHECKS = (
    open_secrets,
    writable,
    readable,
    writable_parents,
    foreign_owner,
    access_lists,
    unreadable,
)


def _plain(inventory: Inventory, *roles: Role) -> Iterator[Node]:
    """Yield the plain files and folders of ours that have a mode."""
    nodes = inventory.nodes(*roles) if POSIX else iter(())
    return (node for node in nodes if node.is_file or node.is_folder)


def _is_shut(inventory: Inventory, node: Node) -> bool:
    """Tell whether its mode keeps us from what is ours, and is needed while a refresh or a sign-in is under way."""
    needed = 0o400 if node.role is Role.RECORD else _private(node)  # a record is never changed, but replaced
    if node.mode & needed == needed or not 0 != os.geteuid() == node.status.st_uid:
        return False
    kept = (inventory.tree.tokens, os.path.realpath(inventory.folders.state))
    return node.is_file or any(f"{node.path}{os.sep}".startswith(f"{folder}{os.sep}") for folder in kept)


def _is_of_another_kind(inventory: Inventory, record: FoundRecord) -> bool:
    """Tell whether no plain file of ours lies where the account's note should: other checks find that."""
    if inventory.files is None or not isinstance(record.note_error, FileRefused):
        return False
    return not is_plain(_note(inventory, record))


def _note(inventory: Inventory, record: FoundRecord) -> str:
    """Return where the note of the account's refreshes lies."""
    return os.path.join(inventory.files.notes if inventory.files else "", relative(grant_name(record.account)))


def _private(node: Node) -> int:
    return 0o700 if node.is_folder else 0o600


def _reach(path: str) -> str:
    """Return the command that gives its owner their rights back, or shows who has which."""
    try:
        status = os.lstat(path)
    except OSError:
        return f"ls -ld {quoted(os.path.dirname(path))}"
    wanted = 0o700 if stat.S_ISDIR(status.st_mode) else 0o600
    return f"{'ls -ld' if status.st_mode & wanted == wanted else 'chmod u+rwX'} {quoted(path)}"


def _given_back(path: str, status: os.stat_result, me: int) -> tuple[str, str]:
    """Say whose it is, and the command that makes it ours."""
    option = "-h " if stat.S_ISLNK(status.st_mode) else ""
    return f"it belongs to user {status.st_uid}, and you are {me}", f"sudo chown {option}{me} {quoted(path)}"


def _mode(node: Node, what: str, narrow: int) -> Fault:
    return fault_of(node, what, f"chmod {narrow:o} {quoted(node.path)}", Narrow(node.path, narrow))


def _parents(inventory: Inventory) -> Iterator[tuple[str, os.stat_result]]:
    """Yield the folders above ours, up to home or else to the root, and those behind links on the way."""
    seen = {os.path.realpath(folder) for folder in roots(inventory.folders)}
    for folder in roots(inventory.folders):
        for start in (folder, os.path.realpath(folder)):
            for path in _above(start, inventory.home):
                if path not in seen and os.path.isdir(path):
                    seen.add(path)
                    yield path, os.lstat(path)


def _above(path: str, home: str) -> Iterator[str]:
    while path not in (home, os.path.realpath(home), os.path.dirname(path)):
        path = os.path.dirname(path)
        yield path


def _has_acl(path: str) -> bool:
    for name in ("system.posix_acl_access", "system.posix_acl_default"):
        try:
            os.getxattr(path, name, follow_symlinks=False)
        except OSError:
            continue
        return True
    return False
