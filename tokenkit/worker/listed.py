"""A `Schedule` for a store that has none, such as files: all records are opened once, and again once changed."""

import heapq
from collections.abc import Iterator, Mapping
from contextlib import suppress

from tokenkit.errors import FileRefused, KeyUnavailable, StoreError, StoreUnavailable
from tokenkit.grant import NEEDS_CONSENT, grant_from_bytes
from tokenkit.grants.due import NEVER, due
from tokenkit.grants.endings import Endings
from tokenkit.grants.refresh_state import RefreshState
from tokenkit.grants.sealed_store import SealedStore
from tokenkit.store import Due, Name, Version

LOOK_EVERY = 30.0
"""Seconds between two looks at all accounts: a sign-in, or another process' refresh, is seen within them.

A look at 1,000 accounts that have not changed takes some ten milliseconds; the first one, which opens all, ten times
that.
"""

TRANSIENT = (FileRefused, KeyUnavailable, StoreUnavailable)
"""What may be well the next time, though the record has not changed."""


class ListedSchedule:
    """When the grants of all owners fall due, kept in memory. A worker elsewhere has its own; the lease is common."""

    def __init__(self, records: SealedStore) -> None:
        self._records = records
        self._endings = Endings(records.store)
        self._versions: dict[Name, Version | None] = {}
        self._at: dict[Name, float] = {}
        self._by_provider: dict[str, list[tuple[float, Name]]] = {}
        self._next_look = float("-inf")

    def look(self, now: float) -> None:
        """Read what has changed, if the last look is `LOOK_EVERY` ago."""
        if self._next_look - LOOK_EVERY <= now < self._next_look:
            return
        seen = set[Name]()
        for name in self._names():
            seen.add(name)
            version = self._records.store.version(name)
            if version != self._versions.get(name):
                with suppress(*TRANSIENT):  # the next look tries again
                    self._plan(name, self._due(name, now))
                    self._versions[name] = version
        for gone in self._versions.keys() - seen:
            del self._versions[gone]
            self._at.pop(gone, None)
        self._next_look = now + LOOK_EVERY

    def first(self) -> Mapping[str, float]:
        """Return each provider that has grants to refresh, and when the first of them falls due."""
        found: dict[str, float] = {}
        for provider, planned in self._by_provider.items():
            while planned and self._at.get(planned[0][1]) != planned[0][0]:  # it was planned anew since, or is gone
                heapq.heappop(planned)
            if planned:
                found[provider] = planned[0][0]
        return found

    def claim(self, provider: str, *, before: float, until: float, limit: int, rate: float) -> list[Due]:
        """Take what falls due `before` a time, the oldest first, and no more than `limit`."""
        claimed: list[Due] = []
        while len(claimed) < limit and self.first().get(provider, NEVER) <= before:
            name = self._by_provider[provider][0][1]
            self._plan(name, until)
            claimed.append(Due(name, until))
        return claimed

    def put_off(self, due: Due, at: float) -> None:
        """Let what was claimed fall due `at` that time."""
        if self._at.get(due.name) == due.until:
            self._plan(due.name, at)

    def _names(self) -> Iterator[Name]:
        """Yield all grants; what lies in a folder's place hides no other, and `tokenkit audit` reports it."""
        store = self._records.store
        for owner in store.owners():
            with suppress(FileRefused):
                yield from store.names("grant", owner)

    def _due(self, name: Name, now: float) -> float:
        """Return when a grant falls due; never where its record is broken, which `tokenkit audit` reports.

        Raises one of `TRANSIENT`.
        """
        try:
            found = self._records.opened(name, self._records.store.load(name))
            if found is None:
                return NEVER
            grant = grant_from_bytes(found[0])
            if grant.state == NEEDS_CONSENT:
                return self._endings.look_again(grant, RefreshState.from_bytes(self._records.store.note(name)), now)
            return due(grant)
        except TRANSIENT:
            raise
        except StoreError:
            return NEVER

    def _plan(self, name: Name, at: float) -> None:
        self._at[name] = at
        if at != NEVER:
            heapq.heappush(self._by_provider.setdefault(name.id.partition("/")[0], []), (at, name))
