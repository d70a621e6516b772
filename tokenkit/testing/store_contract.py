"""The tests that every store must pass: subclass them, and return your store from the `store` fixture."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext

import pytest

from tokenkit.errors import Conflict
from tokenkit.store import Name, Store, Version
from tokenkit.testing.lease_contract import GRANT, LeaseContract

__all__ = ["GRANT", "StoreContract"]

HOSTILE = (
    "a/b", "..", ".hidden", "a\0b", "\N{PILE OF POO}", "CON", "aux.txt", "trailing. ", "a b", "%41", "@", "A", "~",
    "-rf",
)  # fmt: skip


class StoreContract(LeaseContract):
    """The tests of a `Store`::

    class TestMyStore(StoreContract):
        @pytest.fixture
        def store(self, tmp_path):
            return MyStore(tmp_path)

        @pytest.fixture
        def other(self, tmp_path):
            return MyStore(tmp_path)
    """

    @pytest.fixture
    def store(self) -> Store:
        """Return the store to test, empty."""
        raise NotImplementedError

    @pytest.fixture
    def other(self, store: Store) -> Store:
        """Return the same records as another process has them; without one, the tests have but one handle."""
        return store

    @pytest.fixture
    def losing(self) -> Callable[[bool], AbstractContextManager[object]]:
        """Return what loses the answer of the next write in a ``with``: once it was done (True), or before (False).

        A store that writes in this process has no answer to lose; any other one overrides this.
        """
        return lambda done: nullcontext()

    @pytest.fixture
    def restoring(self) -> Callable[[], AbstractContextManager[object]]:
        """Return what puts a backup from the beginning of a ``with`` in place at its end.

        A store that others may restore overrides this.
        """
        return nullcontext

    def test_what_was_saved_is_loaded_with_its_version(self, store: Store) -> None:
        """Check the plain round trip."""
        version = store.save(GRANT, b"one", replaces=None)
        assert store.load(GRANT) == (b"one", version)
        assert store.version(GRANT) == version

    def test_what_was_never_saved_is_none(self, store: Store) -> None:
        """Check that what is absent is None: the record and its version; and that its note is empty."""
        assert store.load(GRANT) is None
        assert store.version(GRANT) is None
        assert store.note(GRANT) == b""
        assert list(store.names("grant")) == []

    def test_a_save_may_say_when_the_grant_falls_due(self, store: Store) -> None:
        """Check that the time is taken, or ignored where the store offers no `Schedule`."""
        version = store.save(GRANT, b"one", replaces=None, due=float("inf"))
        version = store.save(GRANT, b"two", replaces=version, due=1.0)
        store.save(GRANT, b"three", replaces=version)
        schedule = getattr(store, "schedule", None)
        assert schedule is None or dict(schedule.first()) == {"google": 1.0}

    def test_a_save_over_another_version_conflicts_and_changes_nothing(self, store: Store) -> None:
        """Hold R8: a save compares the version that it replaces."""
        first = store.save(GRANT, b"one", replaces=None)
        second = store.save(GRANT, b"two", replaces=first)
        for stale in (None, first):
            with pytest.raises(Conflict):
                store.save(GRANT, b"three", replaces=stale)
        assert store.load(GRANT) == (b"two", second)

    def test_a_version_never_comes_back(self, store: Store) -> None:
        """Hold R8: a late write finds another version, also after the same bytes or a deletion."""
        seen: set[Version | None] = set()
        for _ in range(50):
            version = store.save(GRANT, b"same", replaces=None)
            assert version not in seen
            seen.add(version)
            version = store.save(GRANT, b"same", replaces=version)
            assert version not in seen
            seen.add(version)
            store.save(GRANT, None, replaces=version)

    def test_a_version_that_a_restore_has_taken_back_is_that_of_no_other_save(
        self, store: Store, restoring: Callable[[], AbstractContextManager[object]]
    ) -> None:
        """Hold R8, R10: who has read it from before writes over nothing that was saved since."""
        first = store.save(GRANT, b"one", replaces=None)
        with restoring():
            lost = store.save(GRANT, b"two", replaces=first)
        found = store.load(GRANT)
        assert found is not None
        again = store.save(GRANT, b"new", replaces=found.version)
        assert again != lost
        with pytest.raises(Conflict):
            store.save(GRANT, b"late", replaces=lost)
        assert store.load(GRANT) == (b"new", again)

    def test_a_record_is_claimed_by_exactly_one(self, store: Store) -> None:
        """Hold R21: of many that delete the version that they have read, one succeeds."""
        name = Name("pending", "", "abc")
        version = store.save(name, b"state", replaces=None)
        barrier = threading.Barrier(8)

        def claim(_: int) -> bool:
            barrier.wait()
            try:
                store.save(name, None, replaces=version)
            except Conflict:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(claim, range(8))) == 1
        assert store.load(name) is None

    def test_names_are_those_of_the_kind_and_owner_in_order(self, store: Store) -> None:
        """Check that owners and kinds never mix, and that `after` goes on where a listing stopped."""
        for id in ("spotify/b", "google/b", "google/a"):
            store.save(Name("grant", "", id), b"x", replaces=None)
        store.save(Name("grant", "alice", "google/a"), b"x", replaces=None)
        store.save(Name("pending", "", "p"), b"x", replaces=None)
        assert [name.id for name in store.names("grant")] == ["google/a", "google/b", "spotify/b"]
        assert [name.id for name in store.names("grant", after="google/a")] == ["google/b", "spotify/b"]
        assert list(store.names("grant", "alice")) == [Name("grant", "alice", "google/a")]
        assert list(store.names("pending")) == [Name("pending", "", "p")]
        assert list(store.names("client")) == []

    def test_a_listing_can_be_bounded(self, store: Store) -> None:
        """Check `prefix` and `most`: of a hundred thousand accounts, the two that tell several from one are read."""
        for id in ("google/a", "google/b", "googlex/a", "spotify/a"):
            store.save(Name("grant", "", id), b"x", replaces=None)
        assert [name.id for name in store.names("grant", prefix="google/")] == ["google/a", "google/b"]
        assert [name.id for name in store.names("grant", prefix="google/", after="google/a")] == ["google/b"]
        assert [name.id for name in store.names("grant", prefix="google/", most=1)] == ["google/a"]
        assert [name.id for name in store.names("grant", most=3)] == ["google/a", "google/b", "googlex/a"]
        assert list(store.names("grant", prefix="s", most=0)) == []

    def test_all_owners_can_be_listed(self, store: Store) -> None:
        """Hold R29: a change of keys must reach the records of every owner."""
        store.save(GRANT, b"x", replaces=None)
        store.save(GRANT._replace(owner="Alice/B"), b"x", replaces=None)
        assert list(store.owners()) == ["", "Alice/B"]

    def test_an_owners_record_is_not_anothers(self, store: Store) -> None:
        """Check that one id under two owners is two records."""
        alice = GRANT._replace(owner="alice")
        store.save(GRANT, b"mine", replaces=None)
        store.save(alice, b"hers", replaces=None)
        mine, hers = store.load(GRANT), store.load(alice)
        assert mine is not None
        assert hers is not None
        assert (mine.data, hers.data) == (b"mine", b"hers")

    @pytest.mark.parametrize("account", HOSTILE)
    def test_hostile_account_names_come_back_as_they_were(self, store: Store, account: str) -> None:
        """Check that a name is data: it leads to no other place, and comes back whole."""
        name = Name("grant", "", f"google/{account}")
        store.save(name, b"x", replaces=None)
        assert list(store.names("grant")) == [name]

    def test_names_that_differ_only_by_case_are_two_records(self, store: Store) -> None:
        """Check it also for file systems that ignore case."""
        store.save(Name("grant", "", "google/Me"), b"upper", replaces=None)
        store.save(Name("grant", "", "google/me"), b"lower", replaces=None)
        assert [name.id for name in store.names("grant")] == ["google/Me", "google/me"]

    def test_the_set_of_a_providers_accounts_has_a_version(self, store: Store) -> None:
        """Hold R1: for a bare provider name, one look tells whether anything has changed."""
        everyone = Name("grant", "", "google")
        before = store.version(everyone)
        version = store.save(GRANT, b"one", replaces=None)
        after = store.version(everyone)
        assert after != before
        store.save(GRANT, None, replaces=version)
        assert store.version(everyone) != after

    def test_many_are_looked_at_in_one_question(self, store: Store) -> None:
        """Hold R1: what this process has saved is seen at once, and whose record is gone has no version."""
        everyone, absent = Name("grant", "", "google"), Name("grant", "", "google/nobody")
        for data in (b"one", b"two"):
            version = store.save(GRANT, data, replaces=store.version(GRANT))
            one, none, several = store.versions([GRANT, absent, everyone])
            assert (one, none) == (version, None)
            assert several is not None
        store.save(GRANT, None, replaces=version)
        assert store.versions([GRANT]) == [None]

    def test_a_store_that_was_closed_serves_who_asks_again(self, store: Store) -> None:
        """Check that a host may close what it uses rarely."""
        version = store.save(GRANT, b"one", replaces=None)
        for _ in range(2):
            store.close()
        assert store.load(GRANT) == (b"one", version)

    def test_another_process_finds_what_this_one_has_saved(self, store: Store, other: Store) -> None:
        """Hold R8: versions are compared over all processes, and a late write finds another one."""
        first = store.save(GRANT, b"one", replaces=None)
        assert other.load(GRANT) == (b"one", first)
        second = other.save(GRANT, b"two", replaces=first)
        with pytest.raises(Conflict):
            store.save(GRANT, b"late", replaces=first)
        assert store.load(GRANT) == (b"two", second)
        assert [name.id for name in store.names("grant")] == [name.id for name in other.names("grant")]

    def test_another_process_sees_a_change_in_time(self, store: Store, other: Store) -> None:
        """Hold R1, R39: who looks knows of a save, and of a sign-out, after a second and a half at most."""
        everyone, version = Name("grant", "", "google"), store.save(GRANT, b"one", replaces=None)
        for data in (b"two", None):
            before = other.versions([GRANT, everyone])
            version = store.save(GRANT, data, replaces=version)
            end = time.monotonic() + 1.5
            while set(before) & set(other.versions([GRANT, everyone])) and time.monotonic() < end:
                time.sleep(0.01)
            after = other.versions([GRANT, everyone])
            assert after[0] == version
            assert after[1] != before[1]

    @pytest.mark.parametrize("done", [True, False], ids=["it was done", "it was not"])
    def test_a_write_whose_answer_was_lost_is_done_once(
        self, store: Store, losing: Callable[[bool], AbstractContextManager[object]], done: bool
    ) -> None:
        """Hold R8: who cannot know whether it was done finds out, and neither fails nor writes twice."""
        with losing(done):
            first = store.save(GRANT, b"one", replaces=None)
        assert store.load(GRANT) == (b"one", first)
        with losing(done):
            second = store.save(GRANT, b"two", replaces=first)
        assert store.load(GRANT) == (b"two", second)
        with losing(done):
            assert store.save(GRANT, None, replaces=second) is None
        assert store.load(GRANT) is None

    @pytest.mark.parametrize("done", [True, False], ids=["it was done", "it was not"])
    def test_a_claim_whose_answer_was_lost_is_known_to_be_ours(
        self, store: Store, other: Store, losing: Callable[[bool], AbstractContextManager[object]], done: bool
    ) -> None:
        """Hold R21: it succeeds, and no second one does."""
        name = Name("pending", "", "abc")
        version = store.save(name, b"state", replaces=None)
        with losing(done):
            store.save(name, None, replaces=version)
        for late in (store, other):
            with pytest.raises(Conflict):
                late.save(name, None, replaces=version)

    @pytest.mark.parametrize("done", [True, False], ids=["it was done", "it was not"])
    def test_a_lost_answer_hides_no_conflict(
        self, store: Store, other: Store, losing: Callable[[bool], AbstractContextManager[object]], done: bool
    ) -> None:
        """Hold R8: another's save stands, so ours was not done."""
        first = store.save(GRANT, b"one", replaces=None)
        second = other.save(GRANT, b"theirs", replaces=first)
        with losing(done), pytest.raises(Conflict):
            store.save(GRANT, b"ours", replaces=first)
        assert store.load(GRANT) == (b"theirs", second)
