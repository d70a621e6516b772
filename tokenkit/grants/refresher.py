"""The grants of one owner: what is stored, and one refresh of each at a time, in a thread that no caller owns (R5, R7).

`tokenkit.grants.leased_refresh` says what such a refresh does.
"""

from collections.abc import Callable
from contextlib import suppress
from copy import copy
from typing import TYPE_CHECKING

from tokenkit.account import Account
from tokenkit.activity import Activity
from tokenkit.elapsed import elapsed
from tokenkit.errors import (
    StoreError,
    StoreUnavailable,
    TokenKitError,
    UnknownAccount,
)
from tokenkit.grant import Grant
from tokenkit.grants import beside, signed_out
from tokenkit.grants.endings import Endings
from tokenkit.grants.events import Events
from tokenkit.grants.quarantine import Looks, erase_old
from tokenkit.grants.refresh_job import SERVED_WAIT, RefreshJob, RefreshOutcome
from tokenkit.grants.refresh_state import RefreshState, seen_state
from tokenkit.grants.sealed_store import SealedStore, StoredGrant, grant_name
from tokenkit.grants.single_flight import SingleFlight, flown
from tokenkit.grants.unanswered import Unanswered
from tokenkit.grants.unsaved import Unsaved
from tokenkit.shell import account_options, with_options

if TYPE_CHECKING:
    from concurrent.futures import Future

    from tokenkit.grants.leased_refresh import LeasedRefresh
    from tokenkit.provider import ClientRegistration, Context, Provider

SLACK = 15.0
"""Seconds of a lease that ends by time which may be gone before the request is sent (R6)."""

ERASE_EVERY = 8
"""Refreshes of an account after which a shared store is looked through for what is too old: each look is a question."""


class Refresher:
    """Keeps the grants of one owner alive."""

    def __init__(
        self,
        records: SealedStore,
        context: "Context",
        provider: "Callable[[str], Provider]",
        client: "Callable[[Provider], ClientRegistration]",
        activity: Activity,
        *,
        deadline: float,
    ) -> None:
        self.records = records
        self.context = context
        self.provider = provider
        self.client: Callable[[Provider], ClientRegistration] = client
        self.activity = activity
        self.lease_lasts = 2 * deadline + 2 * SLACK
        self._flights = SingleFlight()
        self.unsaved = Unsaved(records)
        self.endings = Endings(records.store)
        self.events = Events(self.endings, lambda account: records.store.version(grant_name(account)))
        self._looks = Looks()
        self._unanswered = Unanswered()
        self.one_shot: Callable[[Account, RefreshJob, StoredGrant | None], RefreshOutcome] | None = None
        """What refreshes instead where this process asks once and ends, see `tokenkit.grants.command_refresh`."""

    def for_owner(self, records: SealedStore) -> "Refresher":
        """Return the refresher of another owner's records, which shares threads, flights and callbacks with this one.

        Flights, grants that wait and needs are kept by account, its owner included (R37).
        """
        other = copy(self)
        other.records = records
        return other

    def provider_of(self, grant: Grant, account: Account) -> "Provider":
        """Return the provider as the account uses it: at its own server, in its own region (R17)."""
        from tokenkit.grants.bound_to import of  # not needed for a stored token

        return of(self.provider(account.provider), grant)

    def load(self, account: Account) -> StoredGrant:
        """Return the stored grant, once a grant that waits is written (R9). Raises `UnknownAccount`."""
        if account in self.unsaved:
            self._write_late(account)
        return signed_out.load(self.records, account)

    def newest(self, account: Account) -> StoredGrant:
        """Return the newest known grant, written or not, with the stored version. Raises `UnknownAccount`."""
        with suppress(StoreError, UnknownAccount):
            self.load(account)
        return self.unsaved.newest(account, self.records.load(account)) or self.records.get(account)

    def stored(self, account: Account, *, alone: bool = False) -> StoredGrant:
        """Return the newest grant on the disk, in the record or, unless it is `alone`, beside it.

        Raises `UnknownAccount`.
        """
        held = self.records.get(account)
        newest = held if alone else beside.newest(self.records, account, held)
        return signed_out.refuse(self.records, account, newest)

    def restore(self, account: Account, sealed: bytes) -> StoredGrant:
        """Put back a grant that was printed, sealed, because it could be saved nowhere; see `beside.restore`."""
        with self.records.store.lease(grant_name(account), lasts=self.lease_lasts, wait=SERVED_WAIT) as lease:
            self.records.ring.current()  # under the lease, before anything is sealed (R29)
            held = beside.restore(self.records, account, sealed)
            seen_state(lease, held.grant.generation, self.context.now())
        return held

    def renew(self, account: Account, need: RefreshJob, seen: StoredGrant | None = None) -> "Future[RefreshOutcome]":
        """Start, or join, the one refresh of the account in this process (R5). `seen` is what the caller has found."""
        one_shot = self.one_shot
        if one_shot is not None:
            return flown(lambda: one_shot(account, need, seen))
        return self.renew_in_a_thread(account, need, seen)

    def renew_in_a_thread(
        self, account: Account, need: RefreshJob, seen: StoredGrant | None
    ) -> "Future[RefreshOutcome]":
        """Do what `renew` does in a thread, also for a command."""
        asked = elapsed()

        def in_turn() -> RefreshOutcome:
            if seen is not None and not need.force:
                self._unanswered.refuse_in_vain(seen.grant.token_endpoint, account, asked, elapsed())
            return self.renew_here(account, need, seen)

        return self._flights.run(account, in_turn)

    def close(self) -> None:
        """Wait for the refreshes on their way, and end their threads."""
        self._flights.close()

    def refresh(self, account: Account, *, force: bool = False) -> StoredGrant:
        """Refresh now, since a person asks for it; one that begins or ends meanwhile serves as well."""
        need, held = self.to_refresh(account, force=force)
        while True:
            renewed = self.renew(account, need, held).result()
            if renewed.meets(need, self.context.now()):
                return renewed.held

    def to_refresh(self, account: Account, *, force: bool) -> tuple[RefreshJob, StoredGrant]:
        """Return what a refresh now is to bring, and what is stored. Raises `UnknownAccount`."""
        held = self.load(account)
        return RefreshJob(newer_than=held.grant.generation, force=force), held

    def waits_unsaved(self, account: Account, error: TokenKitError) -> bool:
        """Tell whether a refresh that ended in this error has brought a grant that is not saved yet (R9).

        It waits in this process, or was handed back sealed by the child of a command.
        """
        return isinstance(error, StoreUnavailable) and (bool(error.sealed) or account in self.unsaved)

    def note(self, account: Account) -> RefreshState:
        """Return what the last refreshes of the account have noted."""
        return RefreshState.from_bytes(self.records.store.note(grant_name(account)))

    def renew_here(self, account: Account, need: RefreshJob, seen: StoredGrant | None) -> RefreshOutcome:
        """Do what `renew` does, in this thread, which must outlive its callers (R7)."""
        try:
            renewed = self._under_lease(account).run(need, seen)
        except TokenKitError as error:
            options = account_options(self.records.ring.app, account.owner)  # callbacks get it before it leaves a kit
            error.hint = with_options(error.hint, options)
            if seen is not None:
                self._unanswered.ended(seen.grant.token_endpoint, error, elapsed())
            self.events.failed(account, error, self.context.now())
            raise
        if renewed.refreshed:
            self._unanswered.ended(renewed.held.grant.token_endpoint, None, elapsed())
            self._erase_old(renewed.held.grant)
        tell = self.events.refreshed if renewed.refreshed else self.events.seen
        tell(account, renewed.held.grant, self.context.now())
        if not need.early:  # a waiting caller gets the token
            self.activity.used(account, need.scopes)
        return renewed

    def _erase_old(self, grant: Grant) -> None:
        """Delete what lies in the owner's quarantine for too long: now and then, and no longer under the lease."""
        now = self.context.now()
        if self.records.ring.shared:
            due = grant.generation % ERASE_EVERY == 0
        else:
            due = self._looks.due(self.records.owner, now)
        if due:
            erase_old(self.records, now)

    def _under_lease(self, account: Account) -> "LeasedRefresh":
        from tokenkit.grants.leased_refresh import LeasedRefresh  # heavy, and not needed for a stored token

        def parties(grant: Grant) -> "tuple[Provider, ClientRegistration]":
            provider = self.provider_of(grant, account)
            return provider, self.client(provider)

        return LeasedRefresh(
            self.records,
            self.context,
            parties,
            account,
            self.activity,
            self.unsaved,
            self.endings,
            lasts=self.lease_lasts,
            needs=self.lease_lasts - SLACK,
        )

    def refuse_in_vain(self, account: Account, grant: Grant) -> None:
        """Raise why a refresh would not be sent as things stand; no lease is taken for that."""
        from tokenkit.grants.hopeless import refuse_hopeless, share_failure

        note, now = self.note(account), self.context.now()
        refuse_hopeless(account, self.endings.reopened(grant, note), note)
        share_failure(account, note, now, now)

    def _write_late(self, account: Account) -> None:
        self.unsaved.write(account)
        held = self.records.load(account)
        if held is not None:
            with suppress(StoreError), self.records.store.lease(grant_name(account), lasts=SLACK, wait=0) as lease:
                # where another holds it, that one finds this grant, and notes it when done
                seen_state(lease, held.grant.generation, self.context.now())
