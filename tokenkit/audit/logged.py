"""What the activity log says happened to accounts, and when they were used; a line that is odd says nothing."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

from tokenkit.chained_log import Line


class Use(NamedTuple):
    """A use in the activity log: when, and which scopes the caller named."""

    at: float
    scopes: frozenset[str]


def events(log: Iterable[Line]) -> Iterator[tuple[str, str, str]]:
    """Yield owners, accounts and what happened to them, as the sound lines say."""
    for entry in (line.entry for line in log if line.sound and line.entry):
        owner, account, event = (str(entry.get(name, "")) for name in ("owner", "account", "event"))
        yield owner, account, event


def uses(log: Iterable[Line]) -> Mapping[tuple[str, str], list[Use]]:
    """Return the uses by owner and account, the oldest first."""
    found: dict[tuple[str, str], list[Use]] = {}
    for line in log:
        entry = line.entry or {}
        if line.sound and entry.get("event") == "used":
            with suppress(ValueError, TypeError):
                use = Use(float(entry.get("at", 0.0)), frozenset(map(str, entry.get("scopes", ()))))
                found.setdefault((str(entry.get("owner", "")), str(entry.get("account", ""))), []).append(use)
    return found
