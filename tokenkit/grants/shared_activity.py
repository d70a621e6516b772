"""The activity log of all machines that share a store: each keeps its own, and tells the others in sealed lines.

A refresh is not told: its account says when it was. Of uses and of refreshes that failed, the last one of each
program on each machine is; of all else, what is no older than 90 days.
"""

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from typing import Any, Protocol, cast

from tokenkit.errors import StoreError
from tokenkit.grants.machine import this_machine
from tokenkit.keys.ring import KeyRing
from tokenkit.store import Name, Store
from tokenkit.store.sealed_line import SealedLine
from tokenkit.uses_later import UsesLater

NOT_TOLD = frozenset({"refreshed"})

REPEATED = frozenset({"used", "refresh_failed"})
"""What happens again and again."""


class Lines(Protocol):
    """Where a store keeps the lines, see `tokenkit.store.postgres.activity`."""

    def add(self, lines: Sequence[SealedLine]) -> None:
        """Store the lines."""
        ...

    def recent(self, owner: str | None = None) -> list[tuple[str, bytes]]:
        """Return the newest lines of an owner, or of all."""
        ...


class SharedActivity:
    """Tells other machines what this one logs, and reads what they do. Telling raises nothing."""

    def __init__(self, lines: Lines, ring: KeyRing, *, later: bool) -> None:
        """Take the store's `lines`. With `later` it tells within a second, in a thread of its own; else at once."""
        self._lines = lines
        self._ring = ring
        self._waiting: UsesLater[Mapping[str, object]] | None = UsesLater(self._tell) if later else None

    def tell(self, entry: Mapping[str, object]) -> None:
        """Tell a line of the log."""
        if entry["event"] in NOT_TOLD:
            return
        if self._waiting is not None:
            self._waiting.add(entry)
            return
        with suppress(StoreError):
            self._tell([entry])

    def flush(self) -> None:
        """Tell what waits, and end the thread that would do it later."""
        if self._waiting is not None:
            with suppress(StoreError):
                self._waiting.close()

    def lines(self, owner: str | None = None) -> list[Mapping[str, Any]]:
        """Return the lines of one owner, or of all, the oldest first; those that do not open are left out.

        Each has the member ``machine`` beside those of the log. Raises `StoreError`.
        """
        found: list[Mapping[str, Any]] = []
        for whose, line in reversed(self._lines.recent(owner)):
            with suppress(StoreError, ValueError):
                found.append(json.loads(self._ring.open_record(_name(whose), line)))
        return found

    def _tell(self, entries: Sequence[Mapping[str, object]]) -> None:
        self._lines.add([self._sealed(entry) for entry in entries])

    def _sealed(self, entry: Mapping[str, object]) -> SealedLine:
        machine = this_machine()
        owner = str(entry.get("owner", ""))
        line = json.dumps({**entry, "machine": machine.name}).encode()
        slot = os.urandom(16)
        if entry["event"] in REPEATED:
            who = (entry["event"], entry.get("program", ""), entry.get("tool", ""), machine.id)
            slot = sha256("\0".join(map(str, who)).encode(errors="replace")).digest()[:16]
        sealed = self._ring.seal_record(_name(owner), line)
        return SealedLine(owner, str(entry.get("account", "")), slot, float(cast(float, entry["at"])), sealed)


def shared_activity(store: Store, ring: KeyRing, *, later: bool) -> SharedActivity | None:
    """Return what tells other machines, where the store can."""
    lines = cast("Lines | None", getattr(store, "activity", None))
    return None if lines is None else SharedActivity(lines, ring, later=later)


def _name(owner: str) -> Name:
    return Name("metadata", owner, "activity")
