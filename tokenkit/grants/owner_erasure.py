"""All that is kept of one owner is revoked and erased, and what could not be revoked is said."""

from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from tokenkit.account import Account, parse_account
from tokenkit.errors import BrokenRecord, Conflict, GrantSuperseded, KeyUnavailable, TokenKitError, UnknownAccount
from tokenkit.grants.refresher import Refresher
from tokenkit.grants.sealed_store import grant_name
from tokenkit.grants.sign_out import end_set_aside, sign_out
from tokenkit.provider import Context
from tokenkit.seal import header
from tokenkit.store import KINDS, Name, Store
from tokenkit.store.forget import forget_owner

UNREADABLE = (BrokenRecord, KeyUnavailable, GrantSuperseded)


class Erased(NamedTuple):
    """An account that was erased: whether it was `revoked` at the provider, and what there is to say, in words."""

    account: Account
    revoked: bool
    note: str = ""


def erase_owner(refresher: Refresher, context: Context) -> Iterator[Erased]:
    """Sign out of each account of the refresher's owner, yield what came of it, and erase all other records at the end.

    `context` sends the revocations, as in `sign_out`. A provider that cannot be reached keeps nothing here. Raises
    `StoreUnavailable`; what was erased by then is erased, and running it again goes on.
    """
    records = refresher.records
    for account in records.accounts():
        with suppress(UnknownAccount):  # signed out by another just now
            yield _erased(refresher, account, context)
    yield from _set_aside(refresher, context)
    for store in records.stores:
        for kind in KINDS:
            for name in list(store.names(kind, records.owner)):
                _erase(store, name)
        forget_owner(store, records.owner)


def _erased(refresher: Refresher, account: Account, context: Context) -> Erased:
    try:
        outcome = sign_out(refresher, account, context)
        return Erased(account, outcome.revoked, outcome.note)
    except UNREADABLE as error:
        note = f"{end_set_aside(refresher, account, context)} Its record could not be opened ({error})."
        _erase(refresher.records.store, grant_name(account))
        return Erased(account, False, note.strip())


def _set_aside(refresher: Refresher, context: Context) -> Iterator[Erased]:
    """Revoke what lies in quarantine of accounts that are gone."""
    records = refresher.records
    for name in list(records.store.names("quarantine", records.owner)):
        stored = records.store.load(name)
        with suppress(TokenKitError):  # what cannot be read is erased with the rest
            if stored is not None:
                account = Account(*parse_account(header(stored.data)["account"]), owner=records.owner)
                note = end_set_aside(refresher, account, context)
                yield Erased(account, not note, note)


def _erase(store: Store, name: Name) -> None:
    while (version := store.version(name)) is not None:
        with suppress(Conflict):  # another has written it just now
            store.save(name, None, replaces=version)
