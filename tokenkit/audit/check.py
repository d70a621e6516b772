"""What a check is, and what it finds: the one shape that all of them have."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from tokenkit.audit.fix import Fix
from tokenkit.audit.inventory import Inventory


class Severity(StrEnum):
    """How bad it is: an `ERROR` costs a session or exposes a secret, a `WARNING` may, a `NOTE` is good to know."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Severity).index(self)


class Fault(NamedTuple):
    """What a check found.

    `where` is a file, a folder or another place; `what` says what is wrong there, in a sentence without its full stop;
    `hint` is the exact command, or in words what to do. `account` is whose it is, where it is about one, and `owner`
    whose account. `fix` is what ``--fix`` may do about it. None of them ever holds a secret (R35).
    """

    where: str
    what: str
    hint: str
    account: str = ""
    owner: str = ""
    fix: Fix | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """A question about an inventory. `find` yields a `Fault` for each bad answer, and changes nothing.

    `id` never changes its meaning; `title` names the fault, and `why` says in a sentence why it matters. Plugins give
    their own through the entry point group ``tokenkit.checks``, with ids that begin with another prefix than ``TK``.
    """

    id: str
    severity: Severity
    title: str
    why: str
    find: Callable[[Inventory], Iterable[Fault]]


class Finding(NamedTuple):
    """A fault, and the check that found it."""

    check: Check
    fault: Fault


def check(
    id: str, severity: Severity, title: str, why: str
) -> Callable[[Callable[[Inventory], Iterable[Fault]]], Check]:
    """Make a check of the function below."""
    return lambda find: Check(id, severity, title, why, find)
