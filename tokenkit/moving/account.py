"""One account goes into another store, in steps of which each is durable, and after each of which a kill loses nothing.

1. The other store gets a copy that is marked as moved: it serves nothing.
2. The record here is marked as moved: from now on it serves nothing either.
3. The copy becomes the grant.
4. The record here loses its tokens.

To run it again goes on where it stopped. The account's lease is held all the time, so that no refresh is on its way.
"""

from contextlib import ExitStack
from typing import Literal, NamedTuple

from tokenkit.account import Account
from tokenkit.errors import StoreUnavailable
from tokenkit.grant import ACTIVE, IMPORTED, MOVED, NEEDS_CONSENT, Grant, grant_to_bytes
from tokenkit.grants import beside, signed_out
from tokenkit.grants.hopeless import IMPORT_CUT_OFF
from tokenkit.grants.refresh_state import read_state, write_state
from tokenkit.grants.sealed_store import SealedStore, StoredGrant, grant_name
from tokenkit.store import Lease

LASTS = 60.0
"""Seconds for which the lease of one account is held at most; after a kill, the next run waits that long for it."""

WAIT = 2.0
"""Seconds for which a refresh that is under way is waited for."""

ONE_OF_TWO = "sign out of one: tokenkit logout ACCOUNT --local"
"""To revoke it would end the other one, too, at a provider that ends all of an app together (R19)."""

Outcome = Literal["moved", "moved before", "left", "failed"]


class Moved(NamedTuple):
    """What came of one account, and why where it is still served from here; `hint` is what helps."""

    account: Account
    outcome: Outcome
    reason: str = ""
    hint: str = ""


def move(source: SealedStore, target: SealedStore, account: Account, now: float) -> Moved:
    """Move one account; `now` is Unix time in seconds. Raises `StoreError`, also where another process holds it."""
    with ExitStack() as hold:
        here = hold.enter_context(source.store.lease(grant_name(account), lasts=LASTS, wait=WAIT))
        hold.enter_context(source.store.lease(beside.unsaved_name(account), lasts=LASTS, wait=WAIT))
        there = hold.enter_context(target.store.lease(grant_name(account), lasts=LASTS, wait=LASTS + WAIT))
        held = beside.put_in_place(source, account, signed_out.refuse(source, account, source.get(account)))
        if held.beside:
            raise StoreUnavailable(f"the newest grant of {account} cannot be written", hint="free some disk space")
        return _Move(source, target, account, here, there, now).run(held)


class _Move:
    """One move under its leases: `here` is that of the source, `there` that of the target."""

    def __init__(
        self, source: SealedStore, target: SealedStore, account: Account, here: Lease, there: Lease, now: float
    ) -> None:
        self._source = source
        self._target = target
        self._account = account
        self._here = here
        self._there = there
        self._now = now

    def run(self, held: StoredGrant) -> Moved:
        mine, copy = held.grant, self._target.load(self._account)
        if mine.state == MOVED and not _secrets(mine):
            return Moved(self._account, "moved before")
        if copy is not None and not _same_sign_in(mine, copy.grant):
            return self._left("the other store has another sign-in of it", ONE_OF_TWO)
        if mine.state == MOVED and mine.reason == IMPORT_CUT_OFF:
            return self._left(f"{IMPORT_CUT_OFF} before it had its name", "where it is now: tokenkit import FILE")
        if mine.state != MOVED:
            if copy is not None and copy.grant.state != MOVED and copy.grant.generation <= mine.generation:
                return self._left("both stores serve it", ONE_OF_TWO)
            if copy is None or copy.grant.state == MOVED:
                if mine.generation < read_state(self._here, self._now).newest:
                    return self._left("it is older than one already used: a restored backup", "tokenkit login ACCOUNT")
                copy = self._stage(mine, copy)
            held = self._mark(held)
        if copy is None or (copy.grant.state == MOVED and _secrets(copy.grant) != _secrets(held.grant)):
            return self._left("it was moved before, and not into that store", "tokenkit login ACCOUNT")
        if copy.grant.state == MOVED:
            self._let_serve(copy)
        self._strip(held)
        return Moved(self._account, "moved")

    def _stage(self, grant: Grant, over: StoredGrant | None) -> StoredGrant:
        """Write the copy, with what the refreshes have noted, newer than what the other store has known (R10)."""
        noted, known = read_state(self._here, self._now), read_state(self._there, self._now)
        ended = signed_out.newest(self._target, self._account)
        generation = max(grant.generation, known.newest, ended + 1)
        write_state(self._there, noted._replace(newest=generation), self._now)
        return self._written(grant.renewed(state=MOVED, generation=generation), over)

    def _mark(self, held: StoredGrant) -> StoredGrant:
        """Mark the record here. A backup of before is older than what is noted then, and refreshes nothing (R10)."""
        marked = held.grant.renewed(state=MOVED, generation=held.grant.generation + 1)
        held = self._source.save(self._account, marked, replaces=held.version)
        noted = read_state(self._here, self._now)
        write_state(self._here, noted.ended(marked.generation), self._now)
        return held

    def _let_serve(self, copy: StoredGrant) -> None:
        state = NEEDS_CONSENT if copy.grant.reason else ACTIVE  # a reason is given for nothing else
        self._written(copy.grant.renewed(state=state, generation=copy.grant.generation + 1), copy)

    def _strip(self, held: StoredGrant) -> None:
        """Take the tokens out of the record here: nobody needs them, and a sign-out must not revoke what is moved.

        What says that a file was imported stays: imported here again, its spent token could end the session (R9).
        """
        kept = {IMPORTED: held.grant.extra[IMPORTED]} if IMPORTED in held.grant.extra else {}
        bare = held.grant.renewed(
            access_tokens={}, refresh_token=None, extra=kept, unknown={}, generation=held.grant.generation + 1
        )
        self._source.save(self._account, bare, replaces=held.version)
        write_state(self._here, read_state(self._here, self._now).ended(bare.generation), self._now)

    def _written(self, grant: Grant, over: StoredGrant | None) -> StoredGrant:
        """Write a grant into the other store, and make sure that it gives it back."""
        self._target.save(self._account, grant, replaces=None if over is None else over.version)
        found = self._target.load(self._account)
        if found is None or grant_to_bytes(found.grant) != grant_to_bytes(grant):
            raise StoreUnavailable(
                f"the other store does not give back what was written for {self._account}", hint="run it again"
            )
        return found

    def _left(self, reason: str, hint: str) -> Moved:
        return Moved(self._account, "left", reason, hint.replace("ACCOUNT", str(self._account)))


def _same_sign_in(one: Grant, other: Grant) -> bool:
    return (one.authorized_at, one.client_id, one.token_endpoint, one.subject) == (
        other.authorized_at,
        other.client_id,
        other.token_endpoint,
        other.subject,
    )


def _secrets(grant: Grant) -> set[str]:
    """Return what a moved record has been stripped of, once another store serves it."""
    tokens = {token.value for token in grant.access_tokens.values()}
    return tokens | ({grant.refresh_token.reveal()} if grant.refresh_token else set())
