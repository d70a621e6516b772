"""What follows where a database has lost saves that it had confirmed: a failover to a replica that lagged (R10).

Then the record of before stands, its refresh token is spent, and the note that would say so is lost with the rest. The
machine whose save it was remembers that (`tokenkit.store.postgres.high_water`), and writes it down for all of them.
"""

from contextlib import suppress

from tokenkit.account import Account, parse_account
from tokenkit.errors import StoreError
from tokenkit.grants import signed_out
from tokenkit.grants.refresh_state import RefreshState, read_state, write_state
from tokenkit.grants.sealed_store import SealedStore, StoredGrant, grant_name
from tokenkit.store import Lease
from tokenkit.store.lost import lost, newly_lost

LASTS = 15.0
"""Seconds for which the lease of an account is held while its note is written."""


def judged(records: SealedStore, account: Account, held: StoredGrant, note: RefreshState) -> RefreshState:
    """Return the note as it would be, had the database not lost what came after `held`; nothing is written."""
    if False in _lost(records, account, held) and note.newest <= held.grant.generation:
        return note.ended(held.grant.generation + 1)
    return note


def noted(
    records: SealedStore, account: Account, held: StoredGrant, lease: Lease, note: RefreshState, now: float
) -> RefreshState:
    """Return the note as `judged` does, and write it for the other machines; a sign-out that was lost, as well."""
    if True in _lost(records, account, held):
        signed_out.mark(records, account, held.grant.generation)
    after = judged(records, account, held, note)
    if after is not note:
        write_state(lease, after, now)
    return after


def settle(records: SealedStore, now: float) -> None:
    """Write down for all machines what was found to be lost since this was last asked; `now` is Unix time."""
    for each in newly_lost(records.store):
        with suppress(StoreError):  # a lease that is busy: its holder is told by `noted`, or finds a newer record
            account = Account(*parse_account(each.name.id), owner=each.name.owner)
            theirs = records.for_owner(account.owner)
            with records.store.lease(each.name, lasts=LASTS, wait=0) as lease:
                held = theirs.load(account)
                if held is not None:
                    noted(theirs, account, held, lease, read_state(lease, now), now)


def _lost(records: SealedStore, account: Account, held: StoredGrant) -> set[bool]:
    """Return of the lost saves that had replaced just this record, whether each was a deletion."""
    name, version = grant_name(account), str(held.version)
    return {each.deleted for each in lost(records.store) if each.name == name and each.replaced == version}
