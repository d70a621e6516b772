"""A refresh for a command, which asks once and ends: in a child that outlives it and saves to the last (R7, R9)."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress

from tokenkit.account import Account
from tokenkit.errors import StoreUnavailable, TokenKitError
from tokenkit.grants import outlive
from tokenkit.grants.at_exit import saved_or_sealed
from tokenkit.grants.refresh_job import RefreshJob, RefreshOutcome
from tokenkit.grants.refresher import Refresher
from tokenkit.grants.sealed_store import StoredGrant
from tokenkit.grants.unsaved import TRY_EVERY
from tokenkit.provider import ClientRegistration

GO_ON_FOR = 50.0
"""Seconds for which the child goes on to save what could be saved nowhere: with the ten under the lease, a minute."""


class CommandRefresh:
    """Refreshes for one command; `waiting` is entered, for the name of a provider, while that is waited for."""

    def __init__(self, refresher: Refresher, waiting: Callable[[str], AbstractContextManager[None]]) -> None:
        self._refresher = refresher
        self._waiting = waiting

    def renew(self, account: Account, need: RefreshJob, seen: StoredGrant | None) -> RefreshOutcome:
        """Refresh in a child that no signal to the command ends; where that cannot be, in a thread, as elsewhere."""
        refresher = self._refresher
        if not outlive.possible():
            return self._renewed_in_a_thread(account, need, seen)
        client = self._client_to_send_with(account, need, seen)

        def work(client: ClientRegistration | None = client) -> tuple[int, bool, bool]:
            if client is not None:
                refresher.client = lambda provider: client
            outcome = self._renewed_to_the_last(account, need, seen)
            return outcome.held.grant.generation, outcome.refreshed, outcome.confirmed

        try:
            generation, refreshed, confirmed = outlive.run(work, lambda: self._waiting(account.provider))
        except outlive.NoChild:
            return self._renewed_in_a_thread(account, need, seen)
        held = refresher.load(account)
        if held.grant.generation < generation:  # what the child has brought was saved beside the record
            held = refresher.stored(account)
        return RefreshOutcome(held, refreshed, confirmed)

    def _renewed_in_a_thread(self, account: Account, need: RefreshJob, seen: StoredGrant | None) -> RefreshOutcome:
        with self._waiting(account.provider):
            return self._refresher.renew_in_a_thread(account, need, seen).result()

    def _client_to_send_with(
        self, account: Account, need: RefreshJob, seen: StoredGrant | None
    ) -> ClientRegistration | None:
        """Look the client up before the fork, where a command for its secret finds the terminal; None if in vain."""
        with suppress(TokenKitError):  # the refresh finds the same, and reports it
            if seen is not None and not need.force:
                self._refresher.refuse_in_vain(account, seen.grant)
            grant = self._refresher.load(account).grant if seen is None else seen.grant
            return self._refresher.client(self._refresher.provider_of(grant, account))
        return None

    def _renewed_to_the_last(self, account: Account, need: RefreshJob, seen: StoredGrant | None) -> RefreshOutcome:
        """Refresh, in the child: it ends when what came is saved, or goes to the command sealed, in the error (R9)."""
        try:
            return self._refresher.renew_here(account, need, seen)
        except StoreUnavailable as error:
            if account not in self._refresher.unsaved:
                raise
            left = saved_or_sealed(GO_ON_FOR, outlive.told_to_end)
            while left and outlive.is_alone():  # nobody would print it: so it goes on until the kernel ends it
                time.sleep(TRY_EVERY)
                left = saved_or_sealed(0.0)
            error.sealed = tuple((str(whose), sealed) for whose, sealed in left)
            if error.sealed:
                raise
        return RefreshOutcome(self._refresher.stored(account), refreshed=True)
