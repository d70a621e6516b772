"""The life of one grant: load, judge, lease, refresh, save (R2 to R19).

A refresh is one unit - take the lease, read again, send, classify, persist - in a thread that no caller owns.
Everything that can fail without the provider is tried before the request is sent; from then on the answer is what must
not be lost.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import NamedTuple

from tokenkit.account import Account
from tokenkit.errors import (
    Conflict,
    ConsentRequired,
    GrantMoved,
    GrantSuperseded,
    InvalidAnswer,
    ProviderChanged,
    ProviderUnavailable,
    StoreUnavailable,
    TokenKitError,
    UnknownAccount,
)
from tokenkit.flight import Flights
from tokenkit.grant import MOVED, NEEDS_CONSENT, Grant, grant_to_bytes
from tokenkit.note import Note
from tokenkit.plugins import guarded
from tokenkit.provider import ClientRegistration, Context, Provider
from tokenkit.records import Held, Records, grant_name
from tokenkit.store import Lease, Version
from tokenkit.token import Secret

RETRY_AFTER = 0.5
"""Seconds between a refresh whose outcome is unknown and its one retry: grace windows are short (R12)."""

SEALING_OVERHEAD = 4096


class Need(NamedTuple):
    """What a caller needs of a token that is not in hand.

    `rejected` is a token value that an API has refused (R15); `early` asks for the refresh ahead of the end (R3);
    `force` tries even what is known to be hopeless (R10, R13).
    """

    min_ttl: float = 0.0
    rejected: Secret | None = None
    early: bool = False
    force: bool = False

    def met_by(self, grant: Grant, now: float) -> bool:
        """Whether the grant's access token is all that is needed."""
        token = grant.access_token
        if token is None or grant.state == MOVED or not token.good(now, self.min_ttl):
            return False
        if self.rejected is not None:
            return token.value != self.rejected.reveal()
        return not (self.early and token.closing(now))


class Renewed(NamedTuple):
    """What a flight brought back, and whether it asked the provider for it (else somebody else just had)."""

    held: Held
    refreshed: bool


class Keeper:
    """Keeps the grants of one owner alive."""

    def __init__(
        self,
        records: Records,
        context: Context,
        provider: Callable[[str], Provider],
        client: Callable[[Provider], ClientRegistration],
        *,
        deadline: float,
    ) -> None:
        self.records = records
        self.context = context
        self.provider = provider
        self.client = client
        self.lease_lasts = 2 * deadline + 30
        self._flights = Flights()
        self._unsaved: dict[Account, tuple[Grant, Version]] = {}
        self._unsaved_lock = threading.Lock()

    def load(self, account: Account) -> Held:
        """The stored grant; one that could not be written before is written first (R9). Raises `UnknownAccount`."""
        self._write_unsaved(account)
        return self.records.get(account)

    def renew(self, account: Account, need: Need) -> "Future[Renewed]":
        """Start, or join, the one refresh of the account in this process (R5)."""
        return self._flights.run(str(account), account.provider, lambda: self._renew(account, need))

    def has_unsaved(self, account: Account) -> bool:
        """Whether a refreshed grant lies in memory only, since it could not be written (R9)."""
        return account in self._unsaved

    def note(self, account: Account) -> Note:
        """What those who refresh the account last told each other."""
        return Note.from_bytes(self.records.store.note(grant_name(account)))

    def _renew(self, account: Account, need: Need) -> Renewed:
        began = self.context.now()
        store = self.records.store
        with store.lease(grant_name(account), lasts=self.lease_lasts, wait=self.lease_lasts + 5) as lease:
            held = self.load(account)
            if need.met_by(held.grant, self.context.now()):
                return Renewed(held, refreshed=False)
            note = Note.from_bytes(lease.note)
            if not need.force:
                self._refuse_hopeless(account, held.grant, note)
                self._share_failure(account, note, began)
            return Renewed(_Refresh(self, account, held, lease, note).run(), refreshed=True)

    def _refuse_hopeless(self, account: Account, grant: Grant, note: Note) -> None:
        if grant.state == MOVED:
            raise GrantMoved(
                f"the grant of {account} was moved to another place",
                hint=f"tokenkit login {account.provider}",
                account=str(account),
            )
        if grant.state == NEEDS_CONSENT:
            raise consent_required(account, grant.reason)
        if grant.generation < note.newest:
            raise GrantSuperseded(
                f"the stored grant of {account} is older than one already used: a restored backup or a synced folder",
                hint=f"tokenkit refresh {account} --force, or sign in again: tokenkit login {account.provider}",
                account=str(account),
            )

    def _share_failure(self, account: Account, note: Note, began: float) -> None:
        """One request, one failure: those who waited for it share it, and those who come too soon after (R5, R12)."""
        failure = note.failure
        if failure is not None and (began <= failure.at or failure.at <= self.context.now() < failure.retry_at):
            raise failure.error(str(account))

    def hold_unsaved(self, account: Account, grant: Grant, replaces: Version) -> None:
        """Keep in memory what could not be written, for the next chance (R9)."""
        with self._unsaved_lock:
            self._unsaved[account] = (grant, replaces)

    def _write_unsaved(self, account: Account) -> None:
        if account not in self._unsaved:
            return
        with self._unsaved_lock:
            if account not in self._unsaved:
                return
            grant, replaces = self._unsaved[account]
            with suppress(Conflict):  # a login or a sign-out has overtaken it: theirs stands (R8)
                self.records.save(account, grant, replaces=replaces)
            del self._unsaved[account]


class _Refresh:
    """One refresh under its lease, from the last check before the request to the saved record."""

    def __init__(self, keeper: Keeper, account: Account, held: Held, lease: Lease, note: Note) -> None:
        self.keeper = keeper
        self.records = keeper.records
        self.ctx = keeper.context
        self.account = account
        self.held = held
        self.lease = lease
        self.note = note
        self.answer_was_lost = note.attempt is not None

    def run(self) -> Held:
        provider = self.keeper.provider(self.account.provider)
        client = self.keeper.client(provider)
        check_unchanged(self.account, self.held.grant, provider, client)
        if provider.refresh is None or not self.held.grant.refresh_token:
            raise consent_required(self.account, "the provider gave no refresh token, and the access token has ended")
        self.records.ring.current()  # before the request: it seals the answer (R29)
        self.lease.reserve(len(grant_to_bytes(self.held.grant)) * 2 + SEALING_OVERHEAD)
        self.note = self.note.begun(self.ctx.now())
        self._write_note(self.note)
        self._check_time_left()
        try:
            grant = self._exchange(provider, client)
        except ConsentRequired as refusal:
            return self._refused(refusal)
        except TokenKitError as error:
            self._write_note(self.note.failed(error, self.ctx.now(), outcome_known=_outcome_known(error)))
            raise
        return self._persist(grant, provider, client)

    def _check_time_left(self) -> None:
        """A lease that ends by time must outlast the request and its retry (R6)."""
        if self.lease.left() < self.keeper.lease_lasts - 15:
            raise StoreUnavailable(
                f"the lease on {self.account} ran out before the refresh could begin", hint="try again"
            )

    def _exchange(self, provider: Provider, client: ClientRegistration) -> Grant:
        """Send the refresh; when its outcome is unknown, send the same one once more, within seconds (R12)."""
        try:
            return self._send(provider, client)
        except (ProviderUnavailable, InvalidAnswer) as error:
            if _outcome_known(error) or self._changed():
                raise
        self.answer_was_lost = True
        self.ctx.sleep(RETRY_AFTER)
        return self._send(provider, client)

    def _send(self, provider: Provider, client: ClientRegistration) -> Grant:
        assert provider.refresh is not None
        return guarded(provider, "refresh", provider.refresh, self.ctx, client, self.held.grant)

    def _changed(self) -> bool:
        return self.records.store.version(grant_name(self.account)) != self.held.version

    def _refused(self, refusal: ConsentRequired) -> Held:
        """``invalid_grant``: look once more, for another may have won; else latch it (R13)."""
        if self._changed():
            other = self.records.load(self.account)
            if other is not None and Need().met_by(other.grant, self.ctx.now()):
                return other
        reason = refusal.reason or str(refusal)
        if self.answer_was_lost:
            reason += "; the answer to an earlier refresh was lost on the way, and with it, perhaps, its refresh token"
        latched = self.held.grant.renewed(state=NEEDS_CONSENT, reason=reason, generation=self._next_generation())
        try:
            self.records.save(self.account, latched, replaces=self.held.version)
        except Conflict:
            pass  # signed out, or signed in again, while we asked: what is stored now is not what was refused
        else:
            self._write_note(self.note.ended(latched.generation))
        raise consent_required(self.account, reason) from None

    def _persist(self, grant: Grant, provider: Provider, client: ClientRegistration) -> Held:
        grant = grant.renewed(generation=self._next_generation(), state="active", reason="")
        try:
            held = self._save(grant)
        except Conflict:
            return self._overtaken(grant, provider, client)
        except TokenKitError as error:
            self.keeper.hold_unsaved(self.account, grant, self.held.version)
            failure = StoreUnavailable(
                f"{self.account} was refreshed, and its new grant cannot be written: {error}. "
                "This process keeps it in memory and writes it at the next call",
                hint=error.hint or "free some disk space, then ask for the token again in the same process",
                account=str(self.account),
            )
            self._write_note(self.note.failed(failure, self.ctx.now(), outcome_known=False))
            raise failure from None
        self._write_note(self.note.ended(grant.generation))
        return held

    def _save(self, grant: Grant) -> Held:
        """Save over the record that was refreshed from, even if it was sealed with another key meanwhile (R29)."""
        while True:
            try:
                return self.records.save(self.account, grant, replaces=self.held.version)
            except Conflict:
                current = self.records.load(self.account)
                if current is None or current.grant.generation != self.held.grant.generation:
                    raise
                self.held = current

    def _overtaken(self, grant: Grant, provider: Provider, client: ClientRegistration) -> Held:
        """The record changed under the refresh: a login stands, and after a sign-out what we got is revoked (R8)."""
        current = self.records.load(self.account)
        if current is not None:
            self._write_note(self.note.ended(current.grant.generation))
            return current
        if provider.revoke is not None:
            guarded(provider, "revoke", provider.revoke, self.ctx, client, grant)
        raise UnknownAccount(
            f"{self.account} was signed out while it was being refreshed; what the refresh brought was revoked",
            hint=f"tokenkit login {self.account.provider}",
            account=str(self.account),
        )

    def _next_generation(self) -> int:
        return max(self.held.grant.generation, self.note.newest) + 1

    def _write_note(self, note: Note) -> None:
        self.lease.write_note(note.to_bytes())


def _outcome_known(error: TokenKitError) -> bool:
    """Whether the provider certainly did not act on the request: it never left, or was put off (429, Retry-After)."""
    if isinstance(error, ProviderUnavailable):
        return not error.sent or error.retry_at is not None
    return not isinstance(error, InvalidAnswer)


def consent_required(account: Account, reason: str) -> ConsentRequired:
    """The error that only the person can mend, with the command that does."""
    return ConsentRequired(
        f"{account} needs you to sign in again: {reason}",
        hint=f"tokenkit login {account.provider}",
        account=str(account),
        reason=reason,
    )


def check_unchanged(account: Account, grant: Grant, provider: Provider, client: ClientRegistration) -> None:
    """Refuse to send a grant's secrets anywhere but where it came from (R17): `ProviderChanged` until a new login."""
    today = (provider.issuer, provider.token_endpoint, provider.revocation_endpoint, client.client_id)
    then = (grant.issuer, grant.token_endpoint, grant.revocation_endpoint, grant.client_id)
    names = ("issuer", "token endpoint", "revocation endpoint", "client id")
    changed = [name for name, now, before in zip(names, today, then, strict=True) if now != before]
    if changed:
        raise ProviderChanged(
            f"{account} was signed in with another {' and '.join(changed)} than {account.provider} has today",
            hint=f"put the old one back, or sign in anew: tokenkit login {account.provider}",
            account=str(account),
        )
