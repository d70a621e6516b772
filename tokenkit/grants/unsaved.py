"""Grants that the provider has given and the store refused: they stay in memory until they can be written (R9)."""

from contextlib import suppress

from tokenkit.account import Account
from tokenkit.errors import Conflict
from tokenkit.fork_lock import ForkLock
from tokenkit.grant import Grant
from tokenkit.grants.sealed_store import SealedStore, StoredGrant


class Unsaved:
    """The grants of one process that wait to be written, each in the place of the record that it came from."""

    def __init__(self, records: SealedStore) -> None:
        self._records = records
        self._grants: dict[Account, tuple[Grant, StoredGrant]] = {}
        self._lock = ForkLock()

    def __contains__(self, account: Account) -> bool:
        return account in self._grants

    def keep(self, account: Account, grant: Grant, replaces: StoredGrant) -> None:
        """Remember `grant`, to be written in the place of `replaces`."""
        with self._lock.lock:
            self._grants[account] = grant, replaces

    def write(self, account: Account) -> None:
        """Write what waits for the account, unless a login or a sign-out has overtaken it (R8); raises `StoreError`."""
        with self._lock.lock:
            if account in self._grants:
                with suppress(Conflict):
                    self._records.replace(account, *self._grants[account])
                del self._grants[account]

    def newest(self, account: Account, stored: StoredGrant | None) -> StoredGrant | None:
        """What waits to be written in the place of `stored`, else `stored`.

        With nothing stored it is what waits, too: if the store had told `write` of a sign-out, nothing would wait.
        """
        grant, replaces = self._grants.get(account, (None, None))
        if grant is None or replaces is None or (stored is not None and stored.version != replaces.version):
            return stored
        return replaces._replace(grant=grant)

    def forget(self, account: Account) -> None:
        """Let go what waits for the account: it was signed out."""
        with self._lock.lock:
            self._grants.pop(account, None)
