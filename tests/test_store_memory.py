import pytest
from tokenkit.store.memory import MemoryStore
from tokenkit.testing.store_contract import StoreContract


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self):
        return MemoryStore()
