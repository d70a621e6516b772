"""One refresh under its lease, from the last check before the request to the saved record (R8, R9, R12, R13, R17).

Everything that can fail without the provider is tried before the request is sent; from then on the answer is what must
not be lost.
"""

import os
from collections.abc import Callable
from contextlib import suppress

from tokenkit.account import Account
from tokenkit.errors import (
    Conflict,
    ConsentRequired,
    InvalidAnswer,
    ProviderUnavailable,
    StoreError,
    TokenKitError,
    UnknownAccount,
)
from tokenkit.grant import NEEDS_CONSENT, Grant
from tokenkit.grants import beside
from tokenkit.grants.bound_to import bind_late, check_bound, within
from tokenkit.grants.endings import AGAIN, Endings
from tokenkit.grants.insistently import insistently
from tokenkit.grants.machine import this_machine
from tokenkit.grants.refresh_errors import (
    cannot_be_saved,
    consent_required,
    nothing_to_send,
    refused_with_many,
    signed_out_meanwhile,
)
from tokenkit.grants.refresh_state import RefreshState, noted_state, outcome_known, write_state
from tokenkit.grants.sealed_store import SealedStore, StoredGrant, grant_name
from tokenkit.grants.sent_refresh import check_time_left, send, while_leased
from tokenkit.provider import ClientRegistration, Context, Provider
from tokenkit.signals import sending
from tokenkit.store import Lease

RETRY_AFTER = 0.5
"""Seconds between a refresh whose outcome is unknown and its one retry: grace windows are short (R12)."""

ROOM_TO_GROW = 1024
"""Bytes that a record may have grown by: what is reserved and not used costs as much to give back."""


class Refresh:
    """One refresh under its lease, from the last check before the request to the saved record."""

    def __init__(
        self,
        records: SealedStore,
        context: Context,
        parties: Callable[[], tuple[Provider, ClientRegistration]],
        account: Account,
        held: StoredGrant,
        lease: Lease,
        note: RefreshState,
        endings: Endings,
        keep: Callable[[Grant], None],
        *,
        needs: float,
        forced: bool,
    ) -> None:
        """Prepare it; `keep` gets what can be written nowhere, and must not be lost (R9)."""
        self.records = records
        self.ctx = context
        self.parties = parties
        self.account = account
        self.held = held
        self.lease = lease
        self.note = note
        self.endings = endings
        self.keep = keep
        self.needs = needs
        self.forced = forced
        self.answer_was_lost = note.attempt is not None
        self.bound = held.grant
        self.saved_beside = False
        self.interrupted_by: BaseException | None = None
        self.acts = True

    def run(self) -> StoredGrant:
        """Refresh, and return what was saved, as the record or beside it; `keep` gets what was not (R9)."""
        provider, client = self.parties()
        check_bound(self.account, self.held.grant, provider, client.client_id, "refresh")
        if provider.refresh is None or not self.held.grant.refresh_token:
            raise nothing_to_send(self.account, self.held.grant, provider, forced=self.forced)
        self.bound = bind_late(self.held.grant, provider)
        self.acts = not (getattr(provider, "keeps_refresh_token", False) and self.note.kept)  # declared, and seen (R38)
        self.records.ring.current()  # before the request: it seals the answer (R29)
        self.lease.reserve(self.held.size + ROOM_TO_GROW)
        with sending():
            return self._run_to_the_end(provider, client)

    def _run_to_the_end(self, provider: Provider, client: ClientRegistration) -> StoredGrant:
        """Send, and save what comes: no signal ends the process in between (R7)."""
        self.note = self.note.begun(self.ctx.now(), this_machine())
        self._write_note(self.note, acts=self.acts)
        try:
            check_time_left(self.lease, self.account, self.needs)
            grant = self._exchange(provider, client)
        except TokenKitError as error:
            other = self._brought_by_another()
            if other is not None:
                return other
            if isinstance(error, ConsentRequired):
                retry_at = self.endings.not_believed(self.account.provider, error, self.note.failure, self.ctx.now())
                if retry_at is not None:
                    error = refused_with_many(self.account, provider, error.reason, retry_at)
                elif error.presumed:
                    error = consent_required(self.account, error.reason or str(error), presumed=True)
                else:
                    return self._refused(error)
            known = outcome_known(error) and not self.answer_was_lost
            self._write_note_if_possible(self.note.failed(error, self.ctx.now(), outcome_known=known))
            raise error from None
        held = self._saved(grant, provider, client)
        if self.interrupted_by is not None:
            raise self.interrupted_by
        brought = held.grant.access_token
        if brought is None or brought is self.held.grant.access_token:
            raise self._brought_nothing(provider)
        return held

    def _exchange(self, provider: Provider, client: ClientRegistration) -> Grant:
        """Send the refresh; when its outcome is unknown, send the same one once more, within seconds (R12)."""
        try:
            return self._send(provider, client)
        except (ProviderUnavailable, InvalidAnswer) as error:
            if outcome_known(error) or self.held.grant.perhaps_spent or self._changed():
                raise
            self.ctx.sleep(RETRY_AFTER)
            if not self._still_ours():
                raise
        self.answer_was_lost = True
        return self._send(provider, client)

    def _still_ours(self) -> bool:
        """Ask, right before the retry, whether the lease is: this machine may have slept, and another send (R38)."""
        left = self.lease.left()
        if left == float("inf"):
            return True
        with suppress(StoreError):
            self._write_note(self.note, acts=self.acts)
            return left >= self.needs / 2
        return False

    def _send(self, provider: Provider, client: ClientRegistration) -> Grant:
        within_the_grant = within(self.ctx, self.account, self.held.grant, provider)
        context = while_leased(within_the_grant, self.lease, self.account, self.needs / 2)
        answered = send(context, provider, client, self.held.grant)
        self.interrupted_by = answered.interrupted_by
        return answered.grant

    def _changed(self) -> bool:
        """Tell whether the record is another by now, or may be, as far as a store in trouble says."""
        try:
            return self.records.store.version(grant_name(self.account)) != self.held.version
        except StoreError:
            return True

    def _brought_by_another(self) -> StoredGrant | None:
        """Return what a login, or another refresh, has stored while we asked, if its token is good (R12, R13)."""
        with suppress(StoreError):  # why the refresh failed is what there is to tell
            other = self.records.load(self.account) if self._changed() else None
            token = None if other is None else other.grant.access_token
            if other is not None and token is not None and token.good(self.ctx.now()):
                self._write_note_if_possible(self.note.ended(other.grant.generation))
                return other
        return None

    def _refused(self, refusal: ConsentRequired) -> StoredGrant:
        """Latch ``invalid_grant`` (R13), unless somebody has signed in again while we asked."""
        reason = refusal.reason or str(refusal)
        if self.held.grant.perhaps_spent:
            reason += "; the answer to the refresh before was damaged, and its refresh token could not be read"
        elif self.answer_was_lost:
            reason += "; the answer to an earlier refresh was lost on the way, and with it, perhaps, its refresh token"
        elif self.held.grant.reason.startswith(reason):  # it was tried again, and how it came to that is known
            reason = self.held.grant.reason
        latched = self.held.grant.renewed(state=NEEDS_CONSENT, reason=reason, generation=self._next_generation())
        try:
            self.records.replace(self.account, latched, self.held, due=self.ctx.now() + AGAIN)
        except Conflict:  # what is stored now, if anything, is not what was refused
            other = self._brought_by_another()
            if other is not None:
                return other
        else:
            self._write_note_if_possible(self.note.refused(latched.generation, self.ctx.now()))
        raise consent_required(self.account, reason) from None

    def _saved(self, answered: Grant, provider: Provider, client: ClientRegistration) -> StoredGrant:
        """Save the answer, whatever is raised on the way: the provider takes nothing else from now on (R9)."""
        try:
            return self._saved_in_time(answered, provider, client)
        except UnknownAccount:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it is, the answer is kept
            return self._saved_beside(answered, error)

    def _saved_in_time(self, answered: Grant, provider: Provider, client: ClientRegistration) -> StoredGrant:
        """Write the record; after any error again, for ten seconds: most troubles of a disk pass (R9)."""
        return insistently(self.ctx, lambda: self._written(answered, provider, client), UnknownAccount)

    def _written(self, answered: Grant, provider: Provider, client: ClientRegistration) -> StoredGrant:
        grant = self._next(answered)
        kept = grant.refresh_token == self.held.grant.refresh_token
        ended = self.note.ended(grant.generation, confirmed=self._confirms(grant), kept=kept)
        last_note = noted_state(self.lease, ended, self.ctx.now())
        if grant.access_token is not self.held.grant.access_token:  # otherwise there is a failure to be noted
            self.lease.end_with_save(last_note)
        try:
            held = self.records.replace(self.account, grant, self.held, leased=True)
        except Conflict:
            return self._overtaken(grant, provider, client)
        self.note = ended
        with suppress(StoreError):
            self.lease.leave_note(last_note)
        return held

    def _saved_beside(self, answered: Grant, error: BaseException) -> StoredGrant:
        """Save the answer beside the record that cannot be written; raise `NotSaved` where that fails, too (R9)."""
        grant = self._next(answered)
        try:
            beside.save(self.records, self.account, grant)
        except BaseException:  # noqa: BLE001 - it is kept in memory, before a signal may end this process
            self.keep(grant)
            told = cannot_be_saved(self.account, error)
            waits = self.note.failed(told, self.ctx.now(), outcome_known=False)
            where = f" on {this_machine().name}" if self.records.ring.shared else ""
            self._write_note_if_possible(waits._replace(unsaved=f"process {os.getpid()}{where}"))
            raise told from None
        self.saved_beside = True
        self.note = self.note.ended(grant.generation, confirmed=self._confirms(grant))
        self._write_note_if_possible(self.note)
        if not isinstance(error, Exception):
            raise error
        return self.held._replace(grant=grant, beside=True)

    def _next(self, answered: Grant) -> Grant:
        return answered.renewed(
            generation=self._next_generation(),
            state="active",
            reason="",
            endpoints=self.bound.endpoints,
            settled=self.bound.settled,
        )

    def _confirms(self, grant: Grant) -> bool:
        """Tell whether the provider gives the access token again that an API has rejected, now or before (R15)."""
        before, after = self.held.grant.access_token, grant.access_token
        rejected = self.forced or self.note.confirmed == self.held.grant.generation
        if before is None or after is None or after is before:  # `before` itself: the answer brought none
            return False
        return rejected and after.value == before.value

    def _brought_nothing(self, provider: Provider) -> InvalidAnswer:
        """Make the error for an answer with a refresh token, saved by now, and no access token to serve."""
        error = InvalidAnswer(f"{provider.title} answered without an access token that can be used")
        self._write_note_if_possible(self.note.failed(error, self.ctx.now(), outcome_known=True))
        return error

    def _overtaken(self, grant: Grant, provider: Provider, client: ClientRegistration) -> StoredGrant:
        """Settle that the record changed meanwhile: a login stands; after a sign-out, revoke what we got (R8)."""
        current = self.records.load(self.account)
        if current is not None:
            self._write_note_if_possible(self.note.ended(current.grant.generation))
            return current
        raise signed_out_meanwhile(self.account, provider, revoked=self._revoked(grant, provider, client))

    def _revoked(self, grant: Grant, provider: Provider, client: ClientRegistration) -> bool:
        from tokenkit.grants.returned import revoked

        if provider.revoke is None:
            return False
        try:
            context = within(self.ctx, self.account, grant, provider)
            return revoked(provider, provider.revoke, context, client, grant).done
        except TokenKitError:
            return False

    def _next_generation(self) -> int:
        return max(self.held.grant.generation, self.note.newest) + 1

    def _write_note(self, note: RefreshState, *, acts: bool = False) -> None:
        write_state(self.lease, note, self.ctx.now(), acts=acts)

    def _write_note_if_possible(self, note: RefreshState) -> None:
        """Write the note of what has happened: one that cannot be written hides neither a grant nor an error."""
        with suppress(StoreError):
            self._write_note(note)
