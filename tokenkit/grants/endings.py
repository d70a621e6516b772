"""How many grants of a provider end at once: a provider's bad hour signs nobody out (R13).

Over 20, and over 5 % of those that are stored, within 10 minutes is no choice of so many people. The grants that are
refused from then on are not latched but tried again later; and those that were latched in the minutes before are, too.
What is counted lies in a note of the store, so that all processes count together.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from tokenkit.errors import ConsentRequired, FileRefused, StoreError
from tokenkit.fork_lock import ForkLock
from tokenkit.grant import ACTIVE, NEEDS_CONSENT, Grant
from tokenkit.grants.refresh_state import Failure, RefreshState
from tokenkit.store import Name, Store

WITHIN = 600.0
"""Seconds within which endings count together."""

MORE_THAN = 20
ONE_IN = 20
"""Endings that are still believed, and the part of all grants that is: one in so many."""

LONGEST = 86400.0
"""Seconds after which a bad hour is over whatever comes: then the provider means it."""

PAUSES = (60.0, 120.0, 300.0, 540.0)
"""Seconds until a grant that was refused in a bad hour is tried again; the last one from then on. It is less than
`WITHIN`: the hour lasts for as long as these tries are refused."""

_BUCKET = 30.0

AGAIN = WITHIN + 2 * _BUCKET
"""Seconds after which a worker looks once more at a grant that was latched: by then it is known whether many ended."""

_KEPT = 4
_LEASE = 5.0
_WAIT = 2.0
_TURN = 10.0


class BadHour(NamedTuple):
    """A time in which many grants ended at once, the minutes before it was noticed included (Unix seconds, UTC)."""

    since: float
    until: float


class Ends(NamedTuple):
    """What is noted of a provider: how many grants ended in each half minute of late, and its bad hours."""

    counts: tuple[tuple[float, int], ...] = ()
    hours: tuple[BadHour, ...] = ()

    def one_more(self, now: float) -> "Ends":
        """Return the note with an ending at `now`; what is too old to count is left out."""
        counts = {at: count for at, count in self.counts if now - WITHIN - _BUCKET < at <= now}
        bucket = now // _BUCKET * _BUCKET
        counts[bucket] = counts.get(bucket, 0) + 1
        return self._replace(counts=tuple(sorted(counts.items())))

    @property
    def total(self) -> int:
        """Say how many ended within the time that counts."""
        return sum(count for _, count in self.counts)

    def bad(self, now: float) -> "Ends":
        """Return the note with `now` in a bad hour: in the one that lasts, else in a new one."""
        *before, last = self.hours or (BadHour(float("-inf"), float("-inf")),)
        if last.since <= now <= last.until + WITHIN:
            hours = (*before, BadHour(last.since, max(last.until, now)))
        else:
            hours = (*self.hours, BadHour(now - WITHIN - _BUCKET, now))
        return self._replace(hours=hours[-_KEPT:])

    def lasts(self, now: float) -> bool:
        """Tell whether a bad hour lasts at `now`: it goes on until ten minutes bring no ending, for a day at most."""
        return any(hour.since <= now <= hour.until + WITHIN and now < hour.since + LONGEST for hour in self.hours)

    def to_bytes(self) -> bytes:
        """Write it as JSON."""
        return json.dumps({"counts": self.counts, "hours": self.hours}).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Ends":
        """Read it; what cannot be read is as good as no note."""
        try:
            record = json.loads(data.decode() or "{}")
            return cls(
                tuple((float(at), int(count)) for at, count in record.get("counts", ())),
                tuple(BadHour(float(since), float(until)) for since, until in record.get("hours", ())),
            )
        except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
            return cls()


class Counted(NamedTuple):
    """How many grants of a provider were `found` at a time (Unix seconds), where the count went up to `most`."""

    at: float
    found: int
    most: int

    def tells(self, most: int, now: float) -> bool:
        """Tell whether it says how many there are, up to `most`: for ten minutes a count is true enough."""
        return 0 <= now - self.at < WITHIN and (self.found >= most or self.found < self.most)


class Endings:
    """Counts the grants that end, over all owners of a store. A store in trouble counts nothing, and fails nobody."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._counted: dict[str, Counted] = {}
        self._counting = ForkLock()
        self._noting = ForkLock()
        self._ahead = 0.0
        """Seconds by which the clock of the store is ahead of this machine's, as the last ending has shown (R38)."""

    def not_believed(self, provider: str, refusal: ConsentRequired, before: Failure | None, now: float) -> float | None:
        """Count an ending; return when to try again where it is one of too many to be believed, else None.

        `before` is the failure of the grant that was noted last. One that has presumably ended is tried again and
        again: it counts once.
        """
        known = before is not None and before.presumed_reason
        if (refusal.presumed and known) or not self.one_more(provider, now):
            return None
        return now + PAUSES[min(0 if before is None else before.failures, len(PAUSES) - 1)]

    def one_more(self, provider: str, now: float) -> bool:
        """Count an ending; tell whether it is one of too many to be believed."""
        name = _name(provider)
        with suppress(StoreError):
            self._count_for(provider, Ends.from_bytes(self._store.note(name)), now)
            return self._in_turn(lambda: self._one_more(provider, name, now))
        return False

    def _in_turn(self, note: Callable[[], bool]) -> bool:
        """Let the threads of this process note one after the other: many that wait for one lease give up, uncounted."""
        lock = self._noting.lock
        if not lock.acquire(timeout=_TURN):
            return False
        try:
            return note()
        finally:
            lock.release()

    def _count_for(self, provider: str, ends: Ends, here: float) -> None:
        """Count the grants before the lease is taken: of many that takes seconds, and the others would give up."""
        if ends.total >= MORE_THAN and not ends.lasts(here):
            enough = (ends.total + 1) * ONE_IN
            self._stored(provider, enough, here, count_to=2 * enough)  # of twice as many endings, none counts again

    def _one_more(self, provider: str, name: Name, here: float) -> bool:
        with self._store.lease(name, lasts=_LEASE, wait=_WAIT) as lease:
            now = lease.now(here)
            self._ahead = now - here
            ends = Ends.from_bytes(lease.note).one_more(now)
            many = ends.lasts(now) or self._too_many(provider, ends.total, here)
            ends = ends.bad(now) if many else ends
            many = many and ends.lasts(now)
            lease.write_note(ends.to_bytes())
            return many

    def in_bad_hour(self, provider: str, at: float) -> bool:
        """Tell whether a grant that ended at that time, by this machine's clock, ended with many others."""
        return self._was_bad(provider, at + self._ahead)

    def _was_bad(self, provider: str, at: float) -> bool:
        with suppress(StoreError):
            hours = Ends.from_bytes(self._store.note(_name(provider))).hours
            return any(hour.since <= at <= min(hour.until, hour.since + LONGEST) for hour in hours)
        return False

    def has_others(self, provider: str, now: float) -> bool:
        """Tell whether more than one grant ended within the time that counts, whichever process has seen it."""
        now += self._ahead
        with suppress(StoreError):
            counts = Ends.from_bytes(self._store.note(_name(provider))).counts
            return sum(count for at, count in counts if now - WITHIN - _BUCKET < at <= now) > 1
        return False

    def reopened(self, grant: Grant, note: RefreshState) -> Grant:
        """Return the grant; as active, where it was latched while many others ended: it is tried again.

        The dates of its `note` are as they stand in the store, by the store's clock.
        """
        latched = note.latched if grant.state == NEEDS_CONSENT else None
        if latched is not None and self._was_bad(grant.provider, latched):
            return grant.renewed(state=ACTIVE, reason="")
        return grant

    def look_again(self, grant: Grant, note: RefreshState, now: float) -> float:
        """Return when a worker should look at a latched grant again; infinite for never. `note` as in `reopened`."""
        if note.latched is None:
            return float("inf")
        if self._was_bad(grant.provider, note.latched):
            return note.latched + PAUSES[0]
        return note.latched + AGAIN if now < note.latched + AGAIN else float("inf")

    def has_many(self, provider: str, now: float) -> bool:
        """Tell whether so many grants of the provider are stored that too many could end."""
        with suppress(StoreError):
            return self._stored(provider, MORE_THAN + 1, now) > MORE_THAN
        return False

    def _too_many(self, provider: str, ended: int, now: float) -> bool:
        """Judge by what was counted before; where that does not say enough, the next ending does, and counts first."""
        counted = self._counted.get(provider)
        if ended <= MORE_THAN or counted is None or not counted.tells(ended * ONE_IN, now):
            return False
        return MORE_THAN < counted.found < ended * ONE_IN  # of fewer grants, some ended more than once

    def _stored(self, provider: str, most: int, now: float, *, count_to: int = 0) -> int:
        """Return how many grants of the provider all owners have, up to `most`; what a count said serves for a while.

        Where it does not say enough, they are counted up to `count_to`. Threads that come meanwhile wait for that.
        """
        with self._counting.lock:
            counted = self._counted.get(provider)
            if counted is None or not counted.tells(most, now):
                up_to = max(most, count_to)
                counted = self._counted[provider] = Counted(now, self._count(provider, up_to), up_to)
        return counted.found

    def _count(self, provider: str, most: int) -> int:
        counted: Callable[[str, int], int] | None = getattr(self._store, "grants", None)
        if counted is not None:
            return counted(provider, most)
        found = 0
        for owner in self._store.owners():
            with suppress(FileRefused):  # what lies in a folder's place holds no grants, and hides no other owner's
                found += sum(1 for _ in self._store.names("grant", owner, prefix=f"{provider}/", most=most - found))
            if found == most:
                break
        return found


def _name(provider: str) -> Name:
    """Return what the count lies under: a note without a record, among what was refused."""
    return Name("quarantine", "", f"endings/{provider}")
