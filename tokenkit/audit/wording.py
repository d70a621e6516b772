"""How the checks of accounts speak: whose, when, and which command."""

from collections.abc import Iterator
from shlex import quote

from tokenkit.audit.check import Fault
from tokenkit.audit.inventory import Inventory, Seen
from tokenkit.grant import ACTIVE, Grant

UNITS = ((86400.0, "day"), (3600.0, "hour"), (60.0, "minute"))


def active(scene: Inventory) -> Iterator[tuple[Seen, Grant]]:
    """The grants that work, as far as is known here."""
    return ((seen, grant) for seen, grant in scene.grants if grant.state == ACTIVE)


def about(seen: Seen, what: str, hint: str) -> Fault:
    """A fault of an account."""
    return Fault(seen.where, what, hint, str(seen.account), seen.account.owner)


def whose(seen: Seen) -> tuple[str, str]:
    """Owner and account, as the activity log has them."""
    return seen.account.owner, str(seen.account)


def command(scene: Inventory, seen: Seen, name: str, *options: str) -> str:
    """A command about an account."""
    return scene.command(" ".join((name, quote(str(seen.account)), *options)), seen.account.owner)


def login(scene: Inventory, seen: Seen) -> str:
    """The command that signs in again."""
    return command(scene, seen, "login")


def ago(seconds: float) -> str:
    """``3 days ago``."""
    return f"{span(seconds)} ago"


def within(seconds: float) -> str:
    """``in 3 days``."""
    return f"in {span(seconds)}"


def span(seconds: float) -> str:
    """``3 days``: the largest unit that fits, rounded down."""
    for size, unit in UNITS:
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "moments"
