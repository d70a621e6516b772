"""What lies where a file of ours should, and among them: links, devices, strays, and what a kill has left."""

import os
import stat
from collections.abc import Iterator

from tokenkit import durable_file, private_file
from tokenkit.audit.check import Fault, Severity, check
from tokenkit.audit.fix import SetAside
from tokenkit.audit.foreign import holds_tokens
from tokenkit.audit.found_record import Opening
from tokenkit.audit.inventory import Inventory
from tokenkit.audit.tree import Node, Role
from tokenkit.audit.wording import fault_of
from tokenkit.errors import StoreError
from tokenkit.os_errors import move_away
from tokenkit.shell import quoted

IN_USE = 600.0
"""Seconds for which a temporary file may be that of a write on its way: a refresh takes two minutes at most."""


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
            yield fault_of(node, what, move_away(node.path))


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
            yield fault_of(node, f"it has {node.status.st_nlink} names", f"cp -p {path} {copy} && mv {copy} {path}")


@check(
    "TK108",
    Severity.ERROR,
    "Something else lies where a file or folder of tokenkit should",
    "tokenkit refuses it, so that the account, key or lock that belongs there cannot be used.",
)
def special_files(inventory: Inventory) -> Iterator[Fault]:
    """Find FIFOs, sockets and devices among our files, a folder in the place of a file, and a file in a folder's."""
    for node in inventory.nodes():
        if not (node.is_file or node.is_folder or stat.S_ISLNK(node.status.st_mode)):
            yield fault_of(node, "it is a FIFO, a socket or a device", move_away(node.path))
        elif node.misplaced and not stat.S_ISLNK(node.status.st_mode):
            kind, other = ("folder", "file") if node.is_folder else ("file", "folder")
            yield fault_of(node, f"it is a {kind}, and a {other} belongs there", move_away(node.path))


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
        if (node.is_file or node.is_folder) and not (node.misplaced or inside_stray or holds_tokens(node.path)):
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
        if node.is_file and node.status.st_mtime < inventory.now - IN_USE and _newer_generation(inventory, node) == 0:
            fix = SetAside(node.path, inventory.tree.tokens)
            yield fault_of(node, "no write is on its way there", inventory.command("audit --fix"), fix)


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
            yield fault_of(node, f"it holds generation {generation} of the grant", hint)


CHECKS = (symlinks, hard_links, special_files, strays, leftovers, unrenamed)


def _newer_generation(inventory: Inventory, node: Node) -> int | None:
    """Return the generation of the grant in a temporary file, where it is newer than that in the record; else 0.

    None where nobody can tell, as without the key: then it may be.
    """
    if node.name is None or node.name.kind != "grant":
        return 0
    try:
        data = private_file.read(node.path) or b""
    except StoreError:
        return None
    found = inventory.open(node.name, data)
    if found.grant is None:
        return 0 if found.opening is Opening.BROKEN else None  # a part of a record, as a kill leaves
    target = node.path.removesuffix(durable_file.NEW)
    present = next((grant.generation for other, grant in inventory.grants if other.where == target), 0)
    return found.grant.generation if found.grant.generation > present else 0
