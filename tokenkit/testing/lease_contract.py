"""The tests of a store's leases and of their notes: who may refresh, and what the next holder is told."""

import os
import signal
import threading
import time

import pytest

from tokenkit.errors import StoreUnavailable
from tokenkit.store import Name, Store

GRANT = Name("grant", "", "google/me@example.com")


class LeaseContract:
    """The part of `StoreContract` that leases; `store` and `other` are its fixtures."""

    def test_a_lease_has_one_holder_at_a_time(self, store: Store) -> None:
        """Hold R5: one refresh at a time, so the second holder waits for the first."""
        order: list[str] = []
        entered, leave = threading.Event(), threading.Event()

        def first() -> None:
            with store.lease(GRANT, lasts=60, wait=10):
                entered.set()
                leave.wait(10)
                order.append("first")

        thread = threading.Thread(target=first)
        thread.start()
        entered.wait(10)
        with pytest.raises(StoreUnavailable), store.lease(GRANT, lasts=60, wait=0.02):
            raise AssertionError("two holders")
        leave.set()
        with store.lease(GRANT, lasts=60, wait=10) as lease:
            order.append("second")
            assert lease.left() > 30
        thread.join()
        assert order == ["first", "second"]

    def test_a_lease_that_is_prolonged_stays_with_its_holder(self, store: Store, other: Store) -> None:
        """Hold R8: who waits with the newest grant, which could not be saved yet, holds it for longer than a lease."""
        with store.lease(GRANT, lasts=60, wait=10) as lease:
            for _ in range(2):
                lease.prolong()
            assert lease.left() > 30
            with pytest.raises(StoreUnavailable), other.lease(GRANT, lasts=60, wait=0.1):
                raise AssertionError("two holders")
        with other.lease(GRANT, lasts=60, wait=10):
            pass

    def test_a_lease_tells_the_time_of_all_who_share_the_store(self, store: Store) -> None:
        """Hold R12, R38: the date that a holder notes is past for the next one."""
        with store.lease(GRANT, lasts=60, wait=1) as lease:
            noted = lease.now(time.time())
        with store.lease(GRANT, lasts=60, wait=1) as lease:
            assert noted <= lease.now(time.time()) < noted + 60

    def test_leases_of_different_accounts_do_not_wait_for_each_other(self, store: Store) -> None:
        """Check that one provider that hangs delays nobody else."""
        other = GRANT._replace(id="google/other")
        with store.lease(GRANT, lasts=60, wait=0.1), store.lease(other, lasts=60, wait=0.1):
            pass

    def test_a_note_is_left_to_the_next_holder(self, store: Store) -> None:
        """Hold R8: what one holder learns, the next one knows."""
        with store.lease(GRANT, lasts=60, wait=1) as lease:
            assert lease.note == b""
            lease.write_note(b'{"newest": 3}')
            assert lease.note == b'{"newest": 3}'
        with store.lease(GRANT, lasts=60, wait=1) as lease:
            assert lease.note == b'{"newest": 3}'
            lease.write_note(b"{}")
        assert store.note(GRANT) == b"{}"

    def test_a_note_that_is_left_is_there_for_the_next_holder(self, store: Store) -> None:
        """Hold R8: also one that goes with the lease; the last one that was written or left counts."""
        for notes in ((b"left",), (b"written", b"left"), (b"left", b"written")):
            with store.lease(GRANT, lasts=60, wait=1) as lease:
                for note in notes:
                    (lease.write_note if note == b"written" else lease.leave_note)(note)
                    assert lease.note == note
            assert store.note(GRANT) == notes[-1]

    def test_a_save_needs_no_lease(self, store: Store) -> None:
        """Hold R8: a sign-out does not wait for a refresh on its way."""
        version = store.save(GRANT, b"one", replaces=None)
        with store.lease(GRANT, lasts=60, wait=1) as lease:
            lease.reserve(100)
            store.save(GRANT, None, replaces=version)
            assert store.load(GRANT) is None

    def test_another_process_holds_no_lease_that_this_one_has(self, store: Store, other: Store) -> None:
        """Hold R5, R38: one holder over all processes, and what it notes is there for the next one."""
        with store.lease(GRANT, lasts=60, wait=10) as lease:
            with pytest.raises(StoreUnavailable), other.lease(GRANT, lasts=60, wait=0.1):
                raise AssertionError("two holders")
            lease.write_note(b"{}", acts=True)
        with other.lease(GRANT, lasts=60, wait=10) as lease:
            assert lease.note == b"{}"

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="this system starts no process by fork")
    @pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
    def test_a_holder_that_is_killed_is_succeeded(self, store: Store, other: Store) -> None:
        """Hold R6, R38: soon, where it has sent nothing; a lease is no lock that a dead process leaves shut."""
        if other is store:
            pytest.skip("the store ends with its process")
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            with other.lease(GRANT, lasts=60, wait=10) as lease:
                lease.write_note(b"killed")
                os.write(writing, b"x")
                time.sleep(60)
            os._exit(1)
        os.close(writing)
        assert os.read(reading, 1) == b"x"
        os.close(reading)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with store.lease(GRANT, lasts=60, wait=20) as lease:
            assert lease.note == b"killed"
