"""One refresh of an account, from its lease on: take it, look again, judge, send, save (R2 to R19)."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

from tokenkit.account import Account
from tokenkit.activity import Activity
from tokenkit.context import Context
from tokenkit.errors import TokenKitError
from tokenkit.grant import Grant
from tokenkit.grants import after_loss, beside, signed_out
from tokenkit.grants.endings import Endings
from tokenkit.grants.holding import Holding
from tokenkit.grants.hopeless import refuse_hopeless, share_failure
from tokenkit.grants.refresh import Refresh
from tokenkit.grants.refresh_job import SERVED_WAIT, RefreshJob, RefreshOutcome
from tokenkit.grants.refresh_state import RefreshState, seen_state, stored_state
from tokenkit.grants.sealed_store import SealedStore, StoredGrant, grant_name
from tokenkit.grants.unsaved import Unsaved
from tokenkit.provider import ClientRegistration, Provider
from tokenkit.store import Lease


class LeasedRefresh:
    """One refresh of an account, from its lease on."""

    def __init__(
        self,
        records: SealedStore,
        context: Context,
        parties: Callable[[Grant], tuple[Provider, ClientRegistration]],
        account: Account,
        activity: Activity,
        unsaved: Unsaved,
        endings: Endings,
        *,
        lasts: float,
        needs: float,
    ) -> None:
        """Prepare it: `parties` are the provider and the client of a grant; times are in seconds.

        A lease `lasts` so long, and a request is sent only while so much of it is left as it `needs`.
        """
        self.records = records
        self.context = context
        self.parties = parties
        self.account = account
        self.activity = activity
        self.unsaved = unsaved
        self.endings = endings
        self.lasts = lasts
        self.needs = needs

    def run(self, need: RefreshJob, seen: StoredGrant | None) -> RefreshOutcome:
        """Return what meets the need: what others have stored meanwhile, or what a refresh brought.

        `seen` is what the caller has found.
        """
        began = self.context.now()
        wait = SERVED_WAIT if need.early or self._served(need, seen) else self.lasts + 5
        with Holding(self.records.store, self.account, self.lasts) as holding:
            lease = holding.lease(wait)
            self.unsaved.write(self.account)
            found = self._found(need, lease, seen)
            if not found.met and holding.make_sure(found.note):
                found = self._found(need, lease, found.held)
            if found.met:
                return found.outcome
            if not need.force:
                now = self.context.now()
                grant = self.endings.reopened(found.held.grant, stored_state(lease, found.note, now))
                refuse_hopeless(self.account, grant, found.note)
                share_failure(self.account, found.note, began, now)
            held = self._refresh(found, lease, holding, forced=need.rejected is not None)
            return RefreshOutcome(held, refreshed=True)

    def _reading(self) -> AbstractContextManager[None]:
        """Let what `_found` reads be one question to a shared store, and not three."""
        if not self.records.ring.shared:
            return nullcontext()
        names = grant_name(self.account), beside.unsaved_name(self.account), signed_out.name(self.account)
        return self.records.reading(*names)

    def _served(self, need: RefreshJob, seen: StoredGrant | None) -> bool:
        """Tell whether the stored token can be served, should the lease not be given in three seconds (R14)."""
        token = None if seen is None else seen.grant.access_token
        wanted = need.rejected is None and need.newer_than is None
        return wanted and token is not None and token.alive(self.context.now() + SERVED_WAIT)

    def _found(self, need: RefreshJob, lease: Lease, seen: StoredGrant | None) -> "_Found":
        """Return what is stored, once what lay beside it is in its place; the lease is held."""
        self.records.ring.current()  # under the lease, before anything is sealed (R29)
        with self._reading():
            held = beside.put_in_place(self.records, self.account, self.records.get(self.account, seen))
            held = beside.finish_cut_off(self.records, self.account, held)
            note = seen_state(lease, held.grant.generation, self.context.now())
            note = after_loss.noted(self.records, self.account, held, lease, note, self.context.now())
            signed_out.refuse(self.records, self.account, held)
        confirmed = note.confirmed == held.grant.generation
        met = need.met_by(held.grant, self.context.now(), confirmed=confirmed)
        return _Found(held, note, met, RefreshOutcome(held, refreshed=False, confirmed=confirmed))

    def _refresh(self, found: "_Found", lease: Lease, holding: Holding, *, forced: bool) -> StoredGrant:
        held, note = found.held, found.note
        refresh = Refresh(
            self.records,
            self.context,
            lambda: self.parties(held.grant),
            self.account,
            held,
            lease,
            note,
            self.endings,
            lambda grant: self.unsaved.keep(self.account, grant, held, holding.keep(note)),
            needs=self.needs,
            forced=forced,
        )
        try:
            renewed = refresh.run()
        except TokenKitError as error:
            self.activity.record("refresh_failed", self.account, error=type(error).__name__)
            raise
        self.activity.record("refreshed", self.account)
        if refresh.saved_beside:
            self.activity.record("saved_aside", self.account)
        return renewed


class _Found(NamedTuple):
    """What lies in the store under the lease, and whether it is all that is needed: the `outcome` then."""

    held: StoredGrant
    note: RefreshState
    met: bool
    outcome: RefreshOutcome
