import os

import pytest
from tokenkit.store import Name
from tokenkit.store.memory import MemoryStore
from tokenkit.testing.store_contract import StoreContract


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self):
        return MemoryStore()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_waits_for_no_lock_of_its_parents_threads():
    """R7: a child holds no lock of a thread that it does not have."""
    store, name = MemoryStore(), Name("grant", "", "google/me@example.com")
    with store.lease(name, lasts=60, wait=0), store._lock.lock:
        child = os.fork()
        if child == 0:
            with store.lease(name, lasts=60, wait=0):
                os._exit(0 if store.save(name, b"sealed", replaces=None) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
