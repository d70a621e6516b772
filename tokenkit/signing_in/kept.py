"""A sign-in whose grant can be written nowhere is kept as a refreshed one is, and put back where it was printed (R9).

The code is spent, and some providers give a refresh token only to the first yes: to lose it would cost the person more
than another sign-in.
"""

from collections.abc import Callable
from contextlib import suppress

from tokenkit.account import Account, parse_account
from tokenkit.errors import Conflict, StoreError, StoreUnavailable, UsageError
from tokenkit.grant import Grant, grant_from_bytes
from tokenkit.grants.bound_to import same_person, same_server
from tokenkit.grants.refresh_errors import cannot_be_saved
from tokenkit.grants.refresher import Refresher
from tokenkit.grants.sealed_store import StoredGrant, grant_name
from tokenkit.seal import header
from tokenkit.shell import quoted
from tokenkit.signing_in.places import Places


def keep(
    refresher: Refresher, account: Account, grant: Grant, store: Callable[[], Account], error: Exception
) -> StoreUnavailable:
    """Keep a grant in this process until `store` succeeds, and return the error that says so.

    What another sign-in, or a sign-out, has done to the account in the meantime stands (R8).
    """
    records, places = refresher.records, Places(refresher)
    former: StoredGrant | None = None
    generation = 0
    with suppress(StoreError, UsageError):
        former = records.load(account)
        generation = max(places.ended(account), former.grant.generation if former else 0) + 1

    def save() -> None:
        held = records.load(account)
        if held is None and former is not None:
            records.save(account, grant, replaces=former.version)  # raises: it was signed out, or its folder is gone
        if held is not None and _is_later(held.grant, grant):
            raise Conflict(f"somebody has signed in to {account} since")
        refresher.activity.record("signed_in", store())

    refresher.unsaved.keep_new(account, grant.renewed(generation=generation), save)
    return cannot_be_saved(account, error, what="signed in")


def is_of_a_sign_in(sealed: bytes) -> bool:
    """Tell whether what was printed is what a sign-in brought. Raises `BrokenRecord` for what is no record."""
    return header(sealed)["typ"] == "grant"


def put_back(refresher: Refresher, asked: str, sealed: bytes) -> Account:
    """Store a grant that a sign-in has brought and that was printed, sealed, because it could be saved nowhere.

    Raises `UsageError` for one that is not that of the account `asked`, or that something has come after: another
    sign-in, or a sign-out; `BrokenRecord` and `KeyUnavailable` for one that cannot be opened.
    """
    records, places = refresher.records, Places(refresher)
    account = Account(*parse_account(asked), owner=records.owner)
    found = header(sealed)
    if (found["account"], found["owner"]) != (str(account), account.owner):
        raise UsageError(
            f"that is the grant of {found['account']}, and not of {account}",
            hint=f"tokenkit refresh {quoted(found['account'])} --restore",
        )
    grant = grant_from_bytes(records.ring.open_record(grant_name(account), sealed), account=str(account))
    held = records.load(account)
    signed_out = held is None and 0 < grant.generation <= places.ended(account)
    if signed_out or not places.stored(account, grant, lambda held: _came_before(held, grant)):
        what = "it was signed out since" if signed_out else "what is stored there is newer, or another person's"
        raise UsageError(f"that was not put back as {account}: {what}; nothing was changed")
    refresher.activity.record("signed_in", account)
    return account


def _came_before(held: Grant, grant: Grant) -> bool:
    """Tell whether what is stored is the same account's, from an earlier sign-in."""
    same = same_person(held, grant) if held.subject and grant.subject else same_server(held, grant)
    return same and (held.authorized_at or 0) < (grant.authorized_at or 0)


def _is_later(held: Grant, grant: Grant) -> bool:
    """Tell whether the same person has signed in again since."""
    return same_person(held, grant) and (held.authorized_at or 0) > (grant.authorized_at or 0)
