"""One refresh under its lease, from the last check before the request to the saved record (R8, R9, R12, R13, R17).

Everything that can fail without the provider is tried before the request is sent; from then on the answer is what must
not be lost.
"""

from collections.abc import Callable
from contextlib import suppress

from tokenkit.account import Account
from tokenkit.errors import (
    Conflict,
    ConsentRequired,
    InvalidAnswer,
    ProviderBroken,
    ProviderUnavailable,
    StoreError,
    StoreUnavailable,
    TokenKitError,
    UnknownAccount,
)
from tokenkit.grant import NEEDS_CONSENT, Grant
from tokenkit.grants.bound_to import bind_late, check_bound, within
from tokenkit.grants.refresh_state import RefreshState
from tokenkit.grants.sealed_store import SealedStore, StoredGrant, grant_name
from tokenkit.plugins import guarded
from tokenkit.provider import ClientRegistration, Context, Provider
from tokenkit.shell import quoted
from tokenkit.store import Lease

RETRY_AFTER = 0.5
"""Seconds between a refresh whose outcome is unknown and its one retry: grace windows are short (R12)."""

ROOM_TO_GROW = 1024
"""Bytes that a record may have grown by: what is reserved and not used costs as much to give back."""


class NotSaved(Exception):
    """The provider has rotated and the store refuses: the `grant` that must be written in the place of `held`.

    `told` is what the caller is to get.
    """

    def __init__(self, told: StoreUnavailable, grant: Grant, held: StoredGrant) -> None:
        super().__init__(str(told))
        self.told = told
        self.grant = grant
        self.held = held


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
        *,
        needs: float,
        forced: bool,
    ) -> None:
        self.records = records
        self.ctx = context
        self.parties = parties
        self.account = account
        self.held = held
        self.lease = lease
        self.note = note
        self.needs = needs
        self.forced = forced
        self.answer_was_lost = note.attempt is not None

    def run(self) -> StoredGrant:
        """Refresh, and return the saved record; `NotSaved` carries the grant that could not be written (R9)."""
        provider, client = self.parties()
        check_bound(self.account, self.held.grant, provider, client.client_id, "refresh")
        if provider.refresh is None or not self.held.grant.refresh_token:
            raise consent_required(self.account, "the provider gave no refresh token, and the access token has ended")
        self.records.ring.current()  # before the request: it seals the answer (R29)
        self.lease.reserve(self.held.size + ROOM_TO_GROW)
        self.note = self.note.begun(self.ctx.now())
        self._write_note(self.note)
        try:
            self._check_time_left()
            grant = self._exchange(provider, client)
        except TokenKitError as error:
            other = self._brought_by_another()
            if other is not None:
                return other
            if isinstance(error, ConsentRequired):
                return self._refused(error)
            known = outcome_known(error) and not self.answer_was_lost
            self._write_note(self.note.failed(error, self.ctx.now(), outcome_known=known))
            raise
        held = self._persist(grant, provider, client)
        if held.grant.access_token is self.held.grant.access_token:
            raise self._brought_nothing(provider)
        return held

    def _check_time_left(self) -> None:
        """A lease that ends by time must outlast the request and its retry (R6)."""
        if self.lease.left() < self.needs:
            raise StoreUnavailable(
                f"the lease on {self.account} ran out before the refresh could begin", hint="try again"
            )

    def _exchange(self, provider: Provider, client: ClientRegistration) -> Grant:
        """Send the refresh; when its outcome is unknown, send the same one once more, within seconds (R12)."""
        try:
            return self._send(provider, client)
        except (ProviderUnavailable, InvalidAnswer) as error:
            if outcome_known(error) or self.held.grant.perhaps_spent or self._changed():
                raise
        self.answer_was_lost = True
        self.ctx.sleep(RETRY_AFTER)
        return self._send(provider, client)

    def _send(self, provider: Provider, client: ClientRegistration) -> Grant:
        assert provider.refresh is not None
        context = within(self.ctx, self.account, self.held.grant, provider)
        return guarded(provider, "refresh", provider.refresh, context, client, self.held.grant)

    def _changed(self) -> bool:
        """Whether the record is another by now, or may be, for all that a store in trouble tells."""
        try:
            return self.records.store.version(grant_name(self.account)) != self.held.version
        except StoreError:
            return True

    def _brought_by_another(self) -> StoredGrant | None:
        """What a login, or another refresh, has stored while we asked, if its token is good (R12, R13)."""
        with suppress(StoreError):  # why the refresh failed is what there is to tell
            other = self.records.load(self.account) if self._changed() else None
            token = None if other is None else other.grant.access_token
            if other is not None and token is not None and token.good(self.ctx.now()):
                with suppress(StoreError):  # who comes next finds the same, and notes it
                    self._write_note(self.note.ended(other.grant.generation))
                return other
        return None

    def _refused(self, refusal: ConsentRequired) -> StoredGrant:
        """``invalid_grant``: latch it (R13), unless somebody has signed in again while we asked."""
        reason = refusal.reason or str(refusal)
        if self.held.grant.perhaps_spent:
            reason += "; the answer to the refresh before was damaged, and its refresh token could not be read"
        elif self.answer_was_lost:
            reason += "; the answer to an earlier refresh was lost on the way, and with it, perhaps, its refresh token"
        latched = self.held.grant.renewed(state=NEEDS_CONSENT, reason=reason, generation=self._next_generation())
        try:
            self.records.replace(self.account, latched, self.held)
        except Conflict:  # what is stored now, if anything, is not what was refused
            other = self._brought_by_another()
            if other is not None:
                return other
        else:
            self._write_note(self.note.ended(latched.generation))
        raise consent_required(self.account, reason) from None

    def _persist(self, grant: Grant, provider: Provider, client: ClientRegistration) -> StoredGrant:
        bound = bind_late(self.held.grant, provider)
        grant = grant.renewed(generation=self._next_generation(), state="active", reason="", endpoints=bound.endpoints)
        try:
            held = self.records.replace(self.account, grant, self.held)
        except Conflict:
            return self._overtaken(grant, provider, client)
        except TokenKitError as error:
            failure = StoreUnavailable(
                f"{self.account} was refreshed, and its new grant cannot be written: {error}. "
                "This process keeps it in memory and writes it at the next call",
                hint=error.hint or "free some disk space, then ask for the token again in the same process",
                account=str(self.account),
            )
            with suppress(StoreError):  # it lies on the same disk, perhaps
                self._write_note(self.note.failed(failure, self.ctx.now(), outcome_known=False))
            raise NotSaved(failure, grant, self.held) from None
        self.note = self.note.ended(grant.generation, confirmed=self._confirms(grant))
        self._write_note(self.note)
        return held

    def _confirms(self, grant: Grant) -> bool:
        """Whether the access token that an API has rejected, now or before, is what the provider gives again (R15)."""
        before, after = self.held.grant.access_token, grant.access_token
        rejected = self.forced or self.note.confirmed == self.held.grant.generation
        if before is None or after is None or after is before:  # `before` itself: the answer brought none
            return False
        return rejected and after.value == before.value

    def _brought_nothing(self, provider: Provider) -> InvalidAnswer:
        """The answer had a refresh token, which is saved by now, and no access token: nobody can be served."""
        error = InvalidAnswer(f"{provider.title} answered without an access token that can be used")
        self._write_note(self.note.failed(error, self.ctx.now(), outcome_known=True))
        return error

    def _overtaken(self, grant: Grant, provider: Provider, client: ClientRegistration) -> StoredGrant:
        """The record changed under the refresh: a login stands, and after a sign-out what we got is revoked (R8)."""
        current = self.records.load(self.account)
        if current is not None:
            self._write_note(self.note.ended(current.grant.generation))
            return current
        revoked = self._revoked(grant, provider, client)
        raise UnknownAccount(
            f"{self.account} was signed out while it was being refreshed; what the refresh brought was "
            + ("revoked" if revoked else f"not revoked: remove the app yourself. {provider.manage_url}".rstrip()),
            hint=f"tokenkit login {quoted(str(self.account))}",
            account=str(self.account),
        )

    def _revoked(self, grant: Grant, provider: Provider, client: ClientRegistration) -> bool:
        if provider.revoke is None:
            return False
        try:
            context = within(self.ctx, self.account, grant, provider)
            return guarded(provider, "revoke", provider.revoke, context, client, grant).done
        except TokenKitError:
            return False

    def _next_generation(self) -> int:
        return max(self.held.grant.generation, self.note.newest) + 1

    def _write_note(self, note: RefreshState) -> None:
        self.lease.write_note(note.to_bytes())


def outcome_known(error: TokenKitError) -> bool:
    """Whether the provider certainly did not act on the request: it never left, or was put off (429, Retry-After)."""
    if isinstance(error, ProviderUnavailable):
        return not error.sent or error.retry_at is not None
    return not isinstance(error, (InvalidAnswer, ProviderBroken))


def consent_required(account: Account, reason: str) -> ConsentRequired:
    """The error that only the person can mend, with the command that does."""
    return ConsentRequired(
        f"{account} needs you to sign in again: {reason}",
        hint=f"tokenkit login {quoted(str(account))}",
        account=str(account),
        reason=reason,
    )
