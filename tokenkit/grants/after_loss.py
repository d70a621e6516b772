"""What follows where a database has lost saves that it had confirmed: a failover to a replica that lagged (R10).

Then the record of before stands, its refresh token is spent, and the note that would say so is lost with the rest. The
machine that the save was confirmed to remembers it (`tokenkit.store.postgres.high_water`), and tells all of them.
"""

from collections.abc import Collection

from tokenkit.account import Account
from tokenkit.grants import signed_out
from tokenkit.grants.refresh_state import RefreshState, write_state
from tokenkit.grants.sealed_store import SealedStore, StoredGrant, grant_name
from tokenkit.store import Lease
from tokenkit.store.lost import lost_after


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


def _lost(records: SealedStore, account: Account, held: StoredGrant) -> Collection[bool]:
    """Return of the lost saves that had replaced just this record, whether each was a deletion."""
    return lost_after(records.store, grant_name(account), held.version) if records.ring.shared else ()
