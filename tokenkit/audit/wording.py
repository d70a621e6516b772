"""How checks speak of accounts and files: whose, when, and which command."""

from collections.abc import Iterator

from tokenkit.audit.check import Fault
from tokenkit.audit.fix import Fix
from tokenkit.audit.found_record import FoundRecord
from tokenkit.audit.inventory import Inventory
from tokenkit.audit.tree import Node
from tokenkit.grant import ACTIVE, Grant
from tokenkit.shell import quoted


def active(inventory: Inventory) -> Iterator[tuple[FoundRecord, Grant]]:
    """Yield the grants that work, as far as is known here."""
    return ((record, grant) for record, grant in inventory.grants if grant.state == ACTIVE)


def about(record: FoundRecord, what: str, hint: str) -> Fault:
    """Return a fault of an account."""
    return Fault(record.where, what, hint, str(record.account), record.account.owner)


def whose(record: FoundRecord) -> tuple[str, str]:
    """Return owner and account, as the activity log has them."""
    return record.account.owner, str(record.account)


def command(inventory: Inventory, record: FoundRecord, name: str, *options: str) -> str:
    """Return a command about an account."""
    return inventory.command(" ".join((name, quoted(str(record.account)), *options)), record.account.owner)


def login(inventory: Inventory, record: FoundRecord) -> str:
    """Return the command that signs in again."""
    return command(inventory, record, "login")


def fault_of(node: Node, what: str, hint: str, fix: Fix | None = None) -> Fault:
    """Return a fault of a file, with the account whose grant it is."""
    account, owner = (node.name.id, node.name.owner) if node.name and node.name.kind == "grant" else ("", "")
    return Fault(node.path, what, hint, account, owner, fix)
