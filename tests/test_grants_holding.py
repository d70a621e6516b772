"""What a refresh holds: so that nobody refreshes a grant whose newest state waits in another process (R8)."""

from contextlib import contextmanager

import pytest
from tokenkit import Account
from tokenkit.errors import StoreUnavailable
from tokenkit.grants import holding
from tokenkit.grants.beside import unsaved_name
from tokenkit.grants.holding import Holding
from tokenkit.grants.refresh_state import RefreshState
from tokenkit.grants.sealed_store import grant_name
from tokenkit.store.memory import MemoryStore

from stores import BriefStore

ME = Account("google", "me@example.com")
OPEN = RefreshState(attempt=5.0)


class Listening(MemoryStore):
    """A store that says which leases are held."""

    def __init__(self):
        super().__init__()
        self.held = []

    @contextmanager
    def lease(self, name, *, lasts, wait):
        with super().lease(name, lasts=lasts, wait=wait) as lease:
            self.held.append(name)
            try:
                yield lease
            finally:
                self.held.remove(name)


class Timed(Listening, BriefStore):
    """Its leases end by time, as those of a database do."""

    left = 80.0

    def __init__(self):
        super().__init__()
        self.prolonged = []

    @contextmanager
    def lease(self, name, *, lasts, wait):
        with super().lease(name, lasts=lasts, wait=wait) as lease:
            lease.prolong = lambda: self.prolonged.append(name)
            yield lease


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(holding, "HOLDER_WAIT", 0.0)


def test_a_kernel_lock_is_taken_ahead_of_each_refresh():
    """When a disk fails, no lock can be had any more."""
    store = Listening()
    with Holding(store, ME, 90) as held:
        held.lease(0)
        assert not held.make_sure(RefreshState()), "nothing was looked at before the lock was taken"
        assert store.held == [grant_name(ME), unsaved_name(ME)]
    assert store.held == []


def test_who_had_the_lock_at_the_first_look_may_have_saved_since():
    """R8: so what is stored is looked at once more."""
    store = Listening()
    with Holding(store, ME, 90) as held:
        with store.lease(unsaved_name(ME), lasts=90, wait=0):
            held.lease(0)
        assert held.make_sure(RefreshState())
        assert not held.make_sure(RefreshState()), "and from then on it is ours"


def test_a_lease_that_ends_by_time_needs_no_lock_besides():
    """In a database it would be two more durable writes for each refresh."""
    store = Timed()
    with Holding(store, ME, 90) as held:
        held.lease(0)
        assert not held.make_sure(RefreshState())
        assert store.held == [grant_name(ME)]
    assert store.held == []


@pytest.mark.parametrize("note", [OPEN, RefreshState(unsaved="process 7")], ids=["an attempt without an end", "told"])
def test_where_a_grant_may_wait_in_another_process_that_one_is_looked_for(note):
    """R8: the note that says so may not have been written, but that of the attempt was."""
    store = Timed()
    with Holding(store, ME, 90) as held:
        held.lease(0)
        assert held.make_sure(note), "who held it may just have saved it"
    with store.lease(unsaved_name(ME), lasts=90, wait=0), Holding(store, ME, 90) as held:
        held.lease(0)
        with pytest.raises(StoreUnavailable, match=r"the newest grant of .* is held by"):
            held.make_sure(note)


@pytest.mark.parametrize("kind", [Listening, Timed])
def test_a_grant_that_cannot_be_saved_is_held_beyond_the_refresh_and_the_lease_is_free(kind):
    """R8: others are told why, and need not wait for the lease."""
    store = kind()
    with Holding(store, ME, 90) as held:
        held.lease(0)
        held.make_sure(RefreshState())
        kept = held.keep(RefreshState())
    assert store.held == [unsaved_name(ME)]
    kept.give_back()
    assert store.held == []


def test_what_is_kept_in_a_database_is_held_on_for_as_long_as_its_process_lives():
    """R8: it would end by time, and who comes next would send the spent refresh token."""
    store = Timed()
    with Holding(store, ME, 90) as held:
        held.lease(0)
        kept = held.keep(RefreshState())
    kept.prolong()
    assert store.prolonged == [unsaved_name(ME)] * 2, "at once, and when it is told to"


def test_where_the_store_is_away_by_then_the_lease_itself_is_kept():
    """This process tries each second to save, and holds it on once the store is back."""
    store = Timed()
    with Holding(store, ME, 90) as held:
        held.lease(0)
        held.make_sure(RefreshState())
        with store.lease(unsaved_name(ME), lasts=90, wait=0):
            kept = held.keep(RefreshState())
    assert store.held == [grant_name(ME)]
    assert store.prolonged == []
    kept.prolong()
    assert store.prolonged == [grant_name(ME)]
    kept.give_back()
    assert store.held == []
