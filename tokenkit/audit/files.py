"""Who can get at the files: modes, owners, links, lists of rights, and what else lies among them."""

import os
import stat
from collections.abc import Iterator

from tokenkit import durable_file, private_file
from tokenkit.audit.check import Fault, Severity, check
from tokenkit.audit.fix import OTHERS, OTHERS_WRITE, Fix, Narrow, SetAside
from tokenkit.audit.foreign import holds_tokens
from tokenkit.audit.found_record import Opening
from tokenkit.audit.inventory import Inventory
from tokenkit.audit.modes import POSIX, others_write
from tokenkit.audit.tree import Node, Role, roots
from tokenkit.audit.wording import about
from tokenkit.errors import StoreError
from tokenkit.os_errors import move_away
from tokenkit.shell import quoted

IN_USE = 600.0
"""Seconds for which a temporary file may be that of a write on its way: a refresh takes two minutes at most."""


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
    for node in _plain(inventory, *(role for role in Role if role is not Role.UNSEALED)):
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
            yield _fault(node, *_given_back(node.path, node.status, me))


@check(
    "TK106",
    Severity.ERROR,
    "A symbolic link lies where a file or folder of tokenkit should",
    "tokenkit follows none: the account behind it cannot be used, and a link may lead a write somewhere else.",
)
def symlinks(inventory: Inventory) -> Iterator[Fault]:
    """Find links among our files."""
    for node in inventory.nodes():
        if stat.S_ISLNK(node.status.st_mode) and node.role is not Role.WRITTEN:
            what = f"it is a link to {os.readlink(node.path)}"
            yield _fault(node, what, move_away(node.path))


@check(
    "TK107",
    Severity.ERROR,
    "A file has a second name",
    "tokenkit refuses hard links: a change through the other name would go unnoticed.",
)
def hard_links(inventory: Inventory) -> Iterator[Fault]:
    """Find files of ours with more than one name."""
    for node in inventory.nodes(Role.RECORD, Role.UNSEALED, Role.TEMPORARY, Role.PART):
        if node.is_file and node.status.st_nlink > 1:
            path = quoted(node.path)
            copy = quoted(node.path + ".copy")
            yield _fault(node, f"it has {node.status.st_nlink} names", f"cp -p {path} {copy} && mv {copy} {path}")


@check(
    "TK108",
    Severity.ERROR,
    "Something that is no file lies where one should",
    "tokenkit refuses it, so that the account, key or lock that belongs there cannot be used.",
)
def special_files(inventory: Inventory) -> Iterator[Fault]:
    """Find FIFOs, sockets and devices among our files."""
    for node in inventory.nodes():
        if not (node.is_file or node.is_folder or stat.S_ISLNK(node.status.st_mode)):
            yield _fault(node, "it is a FIFO, a socket or a device", move_away(node.path))


@check(
    "TK109",
    Severity.WARNING,
    "A stray lies among the tokens",
    "tokenkit wrote no such file; a copy made by hand or by a synchroniser may hold a grant that still works.",
)
def strays(inventory: Inventory) -> Iterator[Fault]:
    """Find files and folders in the tokens folder that are none of ours. Those with plaintext tokens are TK201."""
    for node in inventory.nodes(Role.STRAY):
        inside_stray = os.path.dirname(node.path) in {other.path for other in inventory.nodes(Role.STRAY)}
        if (node.is_file or node.is_folder) and not inside_stray and not holds_tokens(node.path):
            fix = SetAside(node.path, inventory.tree.tokens)
            yield Fault(node.path, "tokenkit writes no file of that name", inventory.command("audit --fix"), fix=fix)


@check(
    "TK110",
    Severity.WARNING,
    "A write that was interrupted left its file",
    "The next write of that account takes it over; until then it takes room, and may hold an older copy of the grant.",
)
def leftovers(inventory: Inventory) -> Iterator[Fault]:
    """Find temporary files of no write on its way, but those that hold the newest grant (TK111)."""
    for node in inventory.nodes(Role.TEMPORARY):
        if node.is_file and node.status.st_mtime < inventory.now - IN_USE and not _newer_generation(inventory, node):
            fix = SetAside(node.path, inventory.tree.tokens)
            yield _fault(node, "no write is on its way there", inventory.command("audit --fix"), fix)


@check(
    "TK111",
    Severity.ERROR,
    "The newest grant is not in its place",
    "The process was killed between writing and renaming: the provider may know only this newer refresh token.",
)
def unrenamed(inventory: Inventory) -> Iterator[Fault]:
    """Find temporary files with a newer grant than the record beside them."""
    for node in inventory.nodes(Role.TEMPORARY):
        generation = _newer_generation(inventory, node)
        if generation and node.status.st_mtime < inventory.now - IN_USE:
            target = node.path.removesuffix(durable_file.NEW)
            hint = f"mv {quoted(node.path)} {quoted(target)}"
            yield _fault(node, f"it holds generation {generation} of the grant", hint)


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
            yield _fault(node, "it has an access control list", f"setfacl -b -k {quoted(node.path)}")


@check(
    "TK113",
    Severity.ERROR,
    "A file or folder of tokenkit cannot be read",
    "What lies there was not checked, so that nobody knows how it stands; tools that need it fail.",
)
def unreadable(inventory: Inventory) -> Iterator[Fault]:
    """Find folders that cannot be listed, records and logs that cannot be read."""
    _ = inventory.tree.nodes, inventory.log  # what cannot be read is known once they were looked at
    for record in inventory.records:
        if record.opening is Opening.UNREADABLE:
            yield about(record, record.said, _reach(record.where))
    for path, why in inventory.tree.unreadable.items():
        yield Fault(path, f"it cannot be read: {why}", _reach(path))


CHECKS = (
    open_secrets,
    writable,
    readable,
    writable_parents,
    foreign_owner,
    symlinks,
    hard_links,
    special_files,
    strays,
    leftovers,
    unrenamed,
    access_lists,
    unreadable,
)


def _plain(inventory: Inventory, *roles: Role) -> Iterator[Node]:
    """Yield the plain files and folders of ours that have a mode."""
    nodes = inventory.nodes(*roles) if POSIX else iter(())
    return (node for node in nodes if node.is_file or node.is_folder)


def _private(node: Node) -> int:
    return 0o700 if node.is_folder else 0o600


def _fault(node: Node, what: str, hint: str, fix: Fix | None = None) -> Fault:
    """Return a fault of a file, with the account whose grant it is."""
    account, owner = (node.name.id, node.name.owner) if node.name and node.name.kind == "grant" else ("", "")
    return Fault(node.path, what, hint, account, owner, fix)


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
    return _fault(node, what, f"chmod {narrow:o} {quoted(node.path)}", Narrow(node.path, narrow))


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


def _newer_generation(inventory: Inventory, node: Node) -> int:
    """Return the generation of the grant in a temporary file, where it is newer than that in the record; else 0."""
    if node.name is None or node.name.kind != "grant":
        return 0
    try:
        data = private_file.read(node.path) or b""
    except StoreError:
        return 0
    found = inventory.open(node.name, data)
    if found.grant is None:
        return 0
    target = node.path.removesuffix(durable_file.NEW)
    present = next((grant.generation for other, grant in inventory.grants if other.where == target), 0)
    return found.grant.generation if found.grant.generation > present else 0


def _has_acl(path: str) -> bool:
    for name in ("system.posix_acl_access", "system.posix_acl_default"):
        try:
            os.getxattr(path, name, follow_symlinks=False)
        except OSError:
            continue
        return True
    return False
