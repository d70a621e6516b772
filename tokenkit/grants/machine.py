"""Which machine this is, so that it can be told from others that refresh the same grant (R8)."""

from functools import lru_cache
from typing import Any, NamedTuple

TURNS_COUNT_FOR = 7 * 86400.0
"""Seconds for which two machines count as taking turns after one of them has come back."""

MOST = 4
"""Machines that are remembered."""

_MARKS = ("/etc/machine-id", "/proc/sys/kernel/random/boot_id")
"""What tells machines apart beside their names: a copied disk has the first of its original, and starts on its own."""


class Machine(NamedTuple):
    """A machine that has refreshed: a digest that tells it from others, and its name."""

    id: str
    name: str


@lru_cache(maxsize=1)
def this_machine() -> Machine:
    """Return this machine as it is known until its next start; of a container, until it is made anew."""
    from hashlib import sha256
    from socket import gethostname

    name = gethostname()
    marks = "\0".join((name, *map(_line, _MARKS)))
    return Machine(sha256(marks.encode(errors="replace")).hexdigest()[:16], name[:40] or "?")


def _line(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.readline(100).strip()
    except OSError:
        return ""


class Turns(NamedTuple):
    """The machines that refreshed an account, the latest first, and when one of them last came back after another.

    A machine that is new, as a container is at each start, has not come back. `came_back` is Unix time in seconds, UTC.
    """

    machines: tuple[Machine, ...] = ()
    came_back: float | None = None

    def then(self, machine: Machine, now: float) -> "Turns":
        """Return what is so once `machine` has refreshed, at `now`."""
        others = tuple(other for other in self.machines if other.id != machine.id)
        came_back = len(others) < len(self.machines) and self.machines[0].id != machine.id
        return Turns((machine, *others)[:MOST], now if came_back else self.came_back)

    def taking(self, now: float) -> tuple[str, ...]:
        """Return the names of the two machines that take turns at `now`; none where no machine came back lately."""
        if self.came_back is None or not 0 <= now - self.came_back < TURNS_COUNT_FOR:
            return ()
        return tuple(machine.name for machine in self.machines[:2])

    def to_record(self) -> list[object]:
        """Write it as JSON can have it."""
        return [self.came_back, *map(list, self.machines)]

    @classmethod
    def from_record(cls, record: Any) -> "Turns":
        """Read it; nothing where there is none. Raises ValueError or TypeError for what was not written by this."""
        if not record:
            return cls()
        came_back, *machines = record
        known = tuple(Machine(str(id), str(name)) for id, name in machines)
        return cls(known, None if came_back is None else float(came_back))
