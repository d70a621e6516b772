"""The life of one grant: load, judge, lease, refresh, save (R2 to R19).

A refresh is one unit - take the lease, read again, send, classify, persist - in a thread that no caller owns.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from copy import copy
from typing import TYPE_CHECKING, NamedTuple

from tokenkit.account import Account
from tokenkit.activity import Activity
from tokenkit.errors import (
    StoreError,
    StoreUnavailable,
    TokenKitError,
    UnknownAccount,
)
from tokenkit.grant import Grant
from tokenkit.grants import after_loss, beside, signed_out
from tokenkit.grants.bound_to import of
from tokenkit.grants.endings import Endings
from tokenkit.grants.events import Events
from tokenkit.grants.holding import Holding
from tokenkit.grants.hopeless import refuse_hopeless
from tokenkit.grants.quarantine import erase_old
from tokenkit.grants.refresh import Refresh
from tokenkit.grants.refresh_job import RefreshJob, RefreshOutcome
from tokenkit.grants.refresh_state import RefreshState, read_state, write_state
from tokenkit.grants.sealed_store import SealedStore, StoredGrant, grant_name
from tokenkit.grants.single_flight import SingleFlight, flown
from tokenkit.grants.unsaved import NotSaved, Unsaved
from tokenkit.provider import ClientRegistration, Context, Provider
from tokenkit.store import Lease

if TYPE_CHECKING:
    from concurrent.futures import Future

SLACK = 15.0
"""Seconds of a lease that ends by time which may be gone before the request is sent (R6)."""

ERASE_EVERY = 8
"""Refreshes of an account after which a shared store is looked through for what is too old: each look is a question."""

SERVED_WAIT = 3.0
"""Seconds for which a lease is waited for while the stored token has life left: then that is served (R14)."""


class Refresher:
    """Keeps the grants of one owner alive."""

    def __init__(
        self,
        records: SealedStore,
        context: Context,
        provider: Callable[[str], Provider],
        client: Callable[[Provider], ClientRegistration],
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
        self.events = Events(self.endings)
        self.one_shot: Callable[[Account, RefreshJob, StoredGrant | None], RefreshOutcome] | None = None
        """What refreshes instead where this process asks once and ends, see `tokenkit.grants.command_refresh`."""

    def for_owner(self, records: SealedStore) -> "Refresher":
        """Return the refresher of another owner's records, which shares threads, flights and callbacks with this one.

        Flights, grants that wait and needs are kept by account, its owner included (R37).
        """
        other = copy(self)
        other.records = records
        return other

    def provider_of(self, grant: Grant, account: Account) -> Provider:
        """Return the provider as the account uses it: at its own server, in its own region (R17)."""
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
            _seen(lease, held, self.context.now())
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
        return self._flights.run(account, lambda: self.renew_here(account, need, seen))

    def close(self) -> None:
        """Wait for the refreshes on their way, and end their threads."""
        self._flights.close()

    def refresh(self, account: Account, *, force: bool = False) -> StoredGrant:
        """Refresh now, since a person asks for it; one that begins or ends meanwhile serves as well."""
        held = self.load(account)
        need = RefreshJob(newer_than=held.grant.generation, force=force)
        while True:
            renewed = self.renew(account, need, held).result()
            if renewed.meets(need, self.context.now()):
                return renewed.held

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
            renewed = self._renew_under_lease(account, need, seen)
        except TokenKitError as error:
            self.events.failed(account, error, self.context.now())
            raise
        tell = self.events.refreshed if renewed.refreshed else self.events.seen
        tell(account, renewed.held.grant, self.context.now())
        if not need.early:  # a waiting caller gets the token
            self.activity.used(account, need.scopes)
        return renewed

    def _renew_under_lease(self, account: Account, need: RefreshJob, seen: StoredGrant | None) -> RefreshOutcome:
        began = self.context.now()
        wait = SERVED_WAIT if need.early or self._served(need, seen) else self.lease_lasts + 5
        with Holding(self.records.store, account, self.lease_lasts) as holding:
            lease = holding.lease(wait)
            self.unsaved.write(account)
            found = self._found(account, need, lease, seen)
            if found.met:
                return found.outcome
            if holding.make_sure(found.note):
                found = self._found(account, need, lease, found.held)
                if found.met:
                    return found.outcome
            if not need.force:
                refuse_hopeless(account, self.endings.reopened(found.held.grant, found.note), found.note)
                self._share_failure(account, found.note, began)
            forced = need.rejected is not None
            held = self._refresh(account, found.held, lease, found.note, holding, forced=forced)
            return RefreshOutcome(held, refreshed=True)

    def _reading(self, account: Account) -> AbstractContextManager[None]:
        """Let what `_found` reads be one question to a shared store, and not three."""
        if not self.records.ring.shared:
            return nullcontext()
        return self.records.reading(grant_name(account), beside.unsaved_name(account), signed_out.name(account))

    def _served(self, need: RefreshJob, seen: StoredGrant | None) -> bool:
        """Tell whether the stored token can be served, should the lease not be given in three seconds (R14)."""
        token = None if seen is None else seen.grant.access_token
        wanted = need.rejected is None and need.newer_than is None
        return wanted and token is not None and token.alive(self.context.now() + SERVED_WAIT)

    def _found(self, account: Account, need: RefreshJob, lease: Lease, seen: StoredGrant | None) -> "_Found":
        """Return what is stored, once what lay beside it is in its place; the caller holds the lease."""
        self.records.ring.current()  # under the lease, before anything is sealed (R29)
        with self._reading(account):
            held = beside.put_in_place(self.records, account, self.records.get(account, seen))
            note = _seen(lease, held, self.context.now())
            note = after_loss.noted(self.records, account, held, lease, note, self.context.now())
            signed_out.refuse(self.records, account, held)
        confirmed = note.confirmed == held.grant.generation
        met = need.met_by(held.grant, self.context.now(), confirmed=confirmed)
        return _Found(held, note, met, RefreshOutcome(held, refreshed=False, confirmed=confirmed))

    def _refresh(
        self,
        account: Account,
        held: StoredGrant,
        lease: Lease,
        note: RefreshState,
        holding: Holding,
        *,
        forced: bool,
    ) -> StoredGrant:
        def parties() -> tuple[Provider, ClientRegistration]:
            provider = self.provider_of(held.grant, account)
            return provider, self.client(provider)

        needs = self.lease_lasts - SLACK
        refresh = Refresh(
            self.records, self.context, parties, account, held, lease, note, self.endings, needs=needs, forced=forced
        )
        try:
            renewed = refresh.run()
        except NotSaved as loss:
            self.unsaved.keep(account, loss.grant, loss.held, holding.keep(note))
            self.activity.record("refresh_failed", account, error=type(loss.told).__name__)
            raise loss.told from None
        except TokenKitError as error:
            self.activity.record("refresh_failed", account, error=type(error).__name__)
            raise
        self.activity.record("refreshed", account)
        if refresh.saved_beside:
            self.activity.record("saved_aside", account)
        if not self.records.ring.shared or renewed.grant.generation % ERASE_EVERY == 0:
            erase_old(self.records, self.context.now())
        return renewed

    def refuse_in_vain(self, account: Account, grant: Grant) -> None:
        """Raise why a refresh would not be sent as things stand; no lease is taken for that."""
        note = self.note(account)
        refuse_hopeless(account, self.endings.reopened(grant, note), note)
        self._share_failure(account, note, self.context.now())

    def _share_failure(self, account: Account, note: RefreshState, began: float) -> None:
        """Raise the failure of the last request for those who waited for it, or come too soon after it (R5, R12).

        A failure from the future is of a clock that was stepped back since: it stops nobody.
        """
        failure, now = note.failure, self.context.now()
        if failure is not None and (began <= failure.at <= now or failure.holds(now)):
            raise failure.error(str(account))

    def _write_late(self, account: Account) -> None:
        self.unsaved.write(account)
        held = self.records.load(account)
        if held is not None:
            with suppress(StoreError), self.records.store.lease(grant_name(account), lasts=SLACK, wait=0) as lease:
                _seen(lease, held, self.context.now())  # its holder will find this grant, and note it when done


class _Found(NamedTuple):
    """What lies in the store under the lease, and whether it is all that is needed: the `outcome` then."""

    held: StoredGrant
    note: RefreshState
    met: bool
    outcome: RefreshOutcome


def _seen(lease: Lease, held: StoredGrant, now: float) -> RefreshState:
    """Return the note, once it knows of the stored grant: what it says of former grants does not count (R10)."""
    note = read_state(lease, now)
    if held.grant.generation > note.newest:
        note = note.ended(held.grant.generation)
        with suppress(StoreError):  # a good token is served all the same, and a refresh writes it before it is sent
            write_state(lease, note, now)
    return note
