"""What one refresh holds: the account's lease, and the lock of who has its newest grant while that is unsaved (R8)."""

from collections.abc import Callable
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import NamedTuple, Self

from tokenkit.account import Account
from tokenkit.errors import StoreError, StoreUnavailable
from tokenkit.grants.beside import unsaved_name
from tokenkit.grants.refresh_state import RefreshState
from tokenkit.grants.sealed_store import grant_name
from tokenkit.store import Lease, Store

HOLDER_WAIT = 2.0
"""Seconds for which a process is waited for that holds the newest grant, and tries to save it (R8)."""


class Kept(NamedTuple):
    """What says that this process has the newest grant, until `give_back` is called.

    In a database that would end by time: so `prolong` is called again and again. It may raise a `StoreError`.
    """

    prolong: Callable[[], None] = lambda: None
    give_back: Callable[[], None] = lambda: None


class Holding:
    """The lease and the lock, given back at the end of a ``with``.

    On files the lock is taken ahead of each refresh: when a disk fails, none can be had any more. A lease that ends by
    time stays with who cannot give it back. So the lock, which costs two durable writes in a database, is taken only
    where an attempt has no end, and once a grant cannot be saved; where that fails as well, the lease itself is kept.
    """

    def __init__(self, store: Store, account: Account, lasts: float) -> None:
        self._store = store
        self._account = account
        self._lasts = lasts
        self._leased = ExitStack()
        self._locked = ExitStack()
        self._ends_by_time = False
        self._lease: Lease | None = None
        self._its_lock: Lease | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._locked.close()
        finally:
            self._leased.close()

    def lease(self, wait: float) -> Lease:
        """Take the account's lease, waiting up to `wait` seconds. Raises `StoreUnavailable` when it was not given."""
        self._lease = lease = self._leased.enter_context(
            self._store.lease(grant_name(self._account), lasts=self._lasts, wait=wait)
        )
        self._ends_by_time = lease.left() != float("inf")
        if not self._ends_by_time:  # ahead of the look at what is stored: then that need not be looked at again
            with suppress(StoreError):
                self._take_lock(wait=0)
        return lease

    def make_sure(self, note: RefreshState) -> bool:
        """Make sure that no other process holds the newest grant. Tell whether it may just have saved it.

        Raises `StoreUnavailable` where one does.
        """
        if self._its_lock or (self._ends_by_time and not note.unsaved and note.attempt is None):
            return False
        self._lock(note)
        return True

    def keep(self, note: RefreshState) -> Kept:
        """Let others know, beyond the ``with``, that this process has the newest grant; return what ends that."""
        if not self._its_lock:
            try:
                self._lock(note)
            except StoreError:
                self._locked.push(self._leased.pop_all())
        held = self._its_lock or self._lease
        assert held is not None
        if self._its_lock:  # else the store is away, and one more question would be waited for in vain
            with suppress(StoreError):
                held.prolong()
        return Kept(held.prolong, self._locked.pop_all().close)

    def _lock(self, note: RefreshState) -> None:
        """Take the lock of who holds the newest grant, or raise the reason why not: another process lives (R8)."""
        try:
            self._take_lock(wait=HOLDER_WAIT)
        except StoreUnavailable as error:
            who = note.unsaved or "another process"
            raise StoreUnavailable(
                f"the newest grant of {self._account} is held by {who}, which waits until it can be written ({error})",
                hint=f"{self._helps}, and do not end {who} before; then try again",
                account=str(self._account),
            ) from None

    def _take_lock(self, wait: float) -> None:
        lease = self._store.lease(unsaved_name(self._account), lasts=self._lasts, wait=wait)
        self._its_lock = self._locked.enter_context(lease)

    @property
    def _helps(self) -> str:
        return "see why the database does not save it" if self._ends_by_time else "make room for it on the disk"
