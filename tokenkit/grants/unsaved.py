"""Grants that could not be saved anywhere: they stay in memory, and to save them is tried each second (R9).

A process that holds one also holds a lock, which ends with it: so others know that the newest grant still exists (R8).
"""

import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from tokenkit import signals
from tokenkit.account import Account
from tokenkit.errors import Conflict, StoreError
from tokenkit.fork_lock import ForkLock
from tokenkit.grant import Grant, grant_to_bytes
from tokenkit.grants import beside
from tokenkit.grants.holding import Kept
from tokenkit.grants.insistently import lasting
from tokenkit.grants.sealed_store import SealedStore, StoredGrant, grant_name

TRY_EVERY = 1.0
"""Seconds between two tries to save what waits."""


class _Waiting(NamedTuple):
    grant: Grant
    save: Callable[[], object]
    kept: Kept
    replaces: StoredGrant | None


class Unsaved:
    """The grants of one process that wait to be saved, each in the place of the record that it came from."""

    def __init__(self, records: SealedStore) -> None:
        self._records = records
        self._waiting: dict[Account, _Waiting] = {}
        self._lock = ForkLock()
        self._thread: threading.Thread | None = None
        self.printed: set[Account] = set()
        all_of_process.add(self)

    def __contains__(self, account: Account) -> bool:
        return account in self._waiting

    @property
    def app(self) -> str:
        """The program whose accounts these are."""
        return self._records.ring.app

    @property
    def accounts(self) -> list[Account]:
        """The accounts that have a waiting grant."""
        return [*self._waiting]

    def grant(self, account: Account) -> Grant | None:
        """Return what waits for the account; None for nothing."""
        waiting = self._waiting.get(account)
        return None if waiting is None else waiting.grant

    def keep(self, account: Account, grant: Grant, replaces: StoredGrant, kept: Kept) -> None:
        """Remember `grant`, to be saved in the place of `replaces`; what is `kept` is given back when that is over."""
        self._keep(account, _Waiting(grant, lambda: self._records.replace(account, grant, replaces), kept, replaces))

    def keep_new(self, account: Account, grant: Grant, save: Callable[[], object]) -> None:
        """Remember a grant that a person gave just now, which no record came before; `save` stores it."""
        self._keep(account, _Waiting(grant, save, Kept(), None))

    def _keep(self, account: Account, waiting: _Waiting) -> None:
        former = self._waiting.get(account)
        self._waiting[account] = waiting
        self.printed.discard(account)
        signals.only_here.add((id(self), account))
        for prepare in on_keeping:
            prepare()
        if former is not None:
            former.kept.give_back()
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._go_on, name="tokenkit-unsaved", daemon=True)
            with suppress(RuntimeError):  # none can be had: then the next call saves it
                self._thread.start()

    def write(self, account: Account) -> None:
        """Save what waits for the account, beside its record if need be. Raises `StoreError` where that fails.

        A grant that a login or a sign-out has overtaken is dropped: those are later, and win (R8).
        """
        with self._lock.lock:
            waiting = self._waiting.get(account)
            if waiting is None:
                return
            try:
                waiting.save()
            except Conflict:
                pass
            except Exception as error:
                if waiting.replaces is None:
                    raise
                failure = self._not_saved_beside(account, waiting.grant)
                if failure is not None:
                    raise min(error, failure, key=lasting) from None
            self._let_go(account)

    def newest(self, account: Account, stored: StoredGrant | None) -> StoredGrant | None:
        """Return what waits to be written in place of `stored`, here or beside it; else `stored`.

        With nothing stored, it is what waits here: after a sign-out `write` would have dropped it. Or it is what lies
        elsewhere, where the tokens are gone as a whole: a sign-out must revoke that, too (R19).
        """
        waiting = self._waiting.get(account)
        replaces = None if waiting is None else waiting.replaces
        if waiting is not None and replaces is None:
            return StoredGrant(waiting.grant, None if stored is None else stored.version, 0, beside=True)
        if waiting is not None and replaces is not None and (stored is None or stored.version == replaces.version):
            return replaces._replace(grant=waiting.grant, beside=True)
        if stored is not None:
            return beside.newest(self._records, account, stored)
        lying = beside.found(self._records, account)
        return StoredGrant(lying[0].grant, lying[0].version, 0, beside=True) if lying else None

    def forget(self, account: Account, grant: Grant | None = None) -> None:
        """Let go what waits for the account, here and beside its record: it was signed out, and had that grant."""
        with self._lock.lock:
            if account in self._waiting:
                self._let_go(account)
        beside.forget(self._records, account, grant)

    def sealed(self, account: Account) -> bytes:
        """Return what waits for the account, sealed as the record beside it would be; a new one as its record."""
        waiting = self._waiting[account]
        name = grant_name(account) if waiting.replaces is None else beside.unsaved_name(account)
        with self._records.ring.sealing_leased() as key:
            return self._records.ring.seal_record(name, grant_to_bytes(waiting.grant), key)

    def _not_saved_beside(self, account: Account, grant: Grant) -> Exception | None:
        try:
            beside.save(self._records, account, grant)
        except Exception as error:  # noqa: BLE001 - it is raised, or why the record itself cannot be written
            return error
        return None

    def _let_go(self, account: Account) -> None:
        waiting = self._waiting.pop(account)
        signals.only_here.discard((id(self), account))
        waiting.kept.give_back()

    def _hold_on(self) -> None:
        """Let others know that this process still has what waits, for as long as it does (R8)."""
        with suppress(StoreError):
            for waiting in [*self._waiting.values()]:
                waiting.kept.prolong()

    def _go_on(self) -> None:
        while self._waiting:
            time.sleep(TRY_EVERY)
            self.try_all()

    def try_all(self) -> bool:
        """Try to save all that waits; raises nothing. Tell whether to try again soon may help."""
        may_help = False
        for account in self.accounts:
            self._hold_on()  # ahead of each try: one that a locked table holds up takes twenty seconds
            try:
                self.write(account)
            except Exception as error:  # noqa: BLE001 - it waits on
                may_help |= not lasting(error)
        return may_help


all_of_process: "weakref.WeakSet[Unsaved]" = weakref.WeakSet()
"""What all kits of this process keep; `tokenkit.grants.at_exit` sees to it when the process ends."""

on_keeping: list[Callable[[], None]] = []
"""What is called when something begins to wait."""
