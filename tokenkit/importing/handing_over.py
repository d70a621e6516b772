"""A refreshed grant gets the name of its account, and at no moment do two records of it serve (R8, R9).

Else each of them would be refreshed, and where the provider rotates, the second refresh ends the session. So the record
that it was refreshed as is marked as moved before its account is stored, as where an account moves to another store.
"""

from contextlib import suppress

from tokenkit.account import Account
from tokenkit.errors import Conflict, StoreError, StoreUnavailable, UnknownAccount
from tokenkit.grant import ACTIVE, MOVED
from tokenkit.grants import beside
from tokenkit.grants.hopeless import IMPORT_CUT_OFF
from tokenkit.grants.refresh_state import seen_state
from tokenkit.grants.refresher import Refresher
from tokenkit.grants.sealed_store import StoredGrant, grant_name


def is_handed_over(held: StoredGrant) -> bool:
    """Tell whether an import was cut off while it gave the grant its name."""
    return held.grant.state == MOVED and held.grant.reason == IMPORT_CUT_OFF


def hand_over(refresher: Refresher, place: Account) -> StoredGrant:
    """Let the account serve nothing from now on, and return what it held then: others may have refreshed it.

    Raises `StoreError` where it cannot be marked: it serves on then.
    """
    records = refresher.records
    lasts = refresher.lease_lasts
    with records.store.lease(grant_name(place), lasts=lasts, wait=lasts) as lease:
        records.ring.current()  # under the lease, before anything is sealed (R29)
        held = beside.put_in_place(records, place, records.get(place))
        if held.beside:
            raise StoreUnavailable(f"the newest grant of {place} cannot be written", hint="free some disk space")
        if is_handed_over(held):
            return held
        marked = held.grant.renewed(state=MOVED, reason=IMPORT_CUT_OFF, generation=held.grant.generation + 1)
        held = records.save(place, marked, replaces=held.version, leased=True)
        seen_state(lease, marked.generation, refresher.context.now())
        return held


def take_back(refresher: Refresher, place: Account, held: StoredGrant) -> None:
    """Let the account serve again, since it could not get its name; to run the import again does as much."""
    records = refresher.records
    serves = held.grant.renewed(state=ACTIVE, reason="", generation=held.grant.generation + 1)
    with suppress(StoreError, UnknownAccount), records.store.lease(grant_name(place), lasts=2, wait=2) as lease:
        records.ring.current()
        with suppress(Conflict):
            records.save(place, serves, replaces=held.version, leased=True)
            seen_state(lease, serves.generation, refresher.context.now())
