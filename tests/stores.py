"""Stores in memory with the troubles of others: a lease that ends by time, a full disk, a database that is away."""

from contextlib import contextmanager

from tokenkit.errors import StoreUnavailable
from tokenkit.store.memory import MemoryLease, MemoryStore


class BriefStore(MemoryStore):
    """Its leases end by time, as those of a database do."""

    left = float("inf")

    @contextmanager
    def lease(self, name, *, lasts, wait):
        with super().lease(name, lasts=lasts, wait=wait):
            yield BriefLease(self, name)


class BriefLease(MemoryLease):
    def __init__(self, store, name):
        super().__init__(store._notes, name)
        self._store = store

    def left(self):
        return self._store.left


class FullStore(MemoryStore):
    """A disk that is full for the reservation, for every save, or for that of a record but not beside it."""

    full_for_reserve = full_for_save = full_for_records = False

    def save(self, name, data, *, replaces, due=None):
        full = self.full_for_save or (self.full_for_records and name.kind == "grant")
        if full and name.kind in ("grant", "unsaved") and data is not None:
            raise disk_full()
        return super().save(name, data, replaces=replaces)

    @contextmanager
    def lease(self, name, *, lasts, wait):
        with super().lease(name, lasts=lasts, wait=wait):
            yield FullLease(self, name)


class FullLease(MemoryLease):
    def __init__(self, store, name):
        super().__init__(store._notes, name)
        self._store = store

    def reserve(self, size):
        if self._store.full_for_reserve:
            raise disk_full()


def disk_full():
    return StoreUnavailable("No space left on device", hint="free some disk space")


class AwayStore(MemoryStore):
    """A database that cannot be reached while it is `away`."""

    away = looks_fail = False

    def versions(self, names):
        if self.looks_fail:
            raise StoreUnavailable("the database did not answer in time")
        return super().versions(names)

    def load(self, name):
        self._reach()
        return super().load(name)

    def save(self, name, data, *, replaces, due=None):
        self._reach()
        return super().save(name, data, replaces=replaces, due=due)

    def version(self, name):
        self._reach()
        return super().version(name)

    def lease(self, name, *, lasts, wait):
        self._reach()
        return super().lease(name, lasts=lasts, wait=wait)

    def _reach(self):
        if self.away:
            raise StoreUnavailable("the database cannot be reached")


class OtherClockStore(MemoryStore):
    """A store whose clock is not that of the machines which share it."""

    def __init__(self, now):
        super().__init__()
        self._now = now

    @contextmanager
    def lease(self, name, *, lasts, wait):
        with super().lease(name, lasts=lasts, wait=wait):
            yield OtherClockLease(self._notes, name, self._now)


class OtherClockLease(MemoryLease):
    def __init__(self, notes, name, now):
        super().__init__(notes, name)
        self._now = now

    def now(self, here):
        return self._now()
