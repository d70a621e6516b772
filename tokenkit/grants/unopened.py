"""To remove an account takes no key: its record is deleted unopened, and nothing of it is read or sent (R19)."""

from collections.abc import Generator
from contextlib import contextmanager, suppress

from tokenkit.account import Account
from tokenkit.errors import BrokenRecord, Conflict, KeyUnavailable, StoreError, TokenKitError
from tokenkit.grants import beside
from tokenkit.grants.quarantine import erase, set_aside
from tokenkit.grants.refresher import Refresher
from tokenkit.grants.sealed_store import grant_name
from tokenkit.shell import quoted


@contextmanager
def offering_local(account: Account) -> Generator[None]:
    """Name the command that needs no key, where a record cannot be opened."""
    try:
        yield
    except (BrokenRecord, KeyUnavailable) as error:
        local = f"to remove it only here, unopened: tokenkit logout {quoted(str(account))} --local"
        error.hint = f"{error.hint}; {local}" if error.hint else local
        raise


def remove_unopened(refresher: Refresher, account: Account, why: StoreError) -> str:
    """Delete the record of the account, and what lies beside it and in quarantine of it; return what that leaves.

    Raises `why`, where nothing is stored, and `StoreError`: what is not plainly ours is not deleted either (R26).
    """
    store, name = refresher.records.store, grant_name(account)
    stored = store.load(name)
    if stored is None and not beside.exists(refresher.records, account):
        raise why
    while stored is not None:
        with suppress(Conflict):  # another has written it just now
            store.save(name, None, replaces=stored.version)
        stored = store.load(name)
    refresher.unsaved.forget(account)
    for found in set_aside(refresher.records, account):
        erase(refresher.records, found)
    return (
        f"its record was not opened: what was granted may still work at {_until_removed(refresher, account.provider)}"
    )


def _until_removed(refresher: Refresher, name: str) -> str:
    with suppress(TokenKitError):  # a provider that is gone says nothing
        provider = refresher.provider(name)
        return f"{provider.title}, until you remove the app at {provider.manage_url}" if provider.manage_url else name
    return name
