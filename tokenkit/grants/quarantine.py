"""What lies in quarantine: grants that a sign-in superseded, and records that could not be opened (R18, R19, R30).

They are kept in case they are wanted back, and not for long: some of them are live at the provider.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from tokenkit.account import Account
from tokenkit.errors import Conflict, StoreError
from tokenkit.grant import Grant, grant_from_bytes
from tokenkit.grants.sealed_store import SealedStore, grant_name, quarantine_folder
from tokenkit.seal import header
from tokenkit.store import Name, Version

KEPT = 30 * 86400.0
"""Seconds for which a superseded grant is kept (R19)."""


LOOK_EVERY = 3600.0
"""Seconds between two looks at an owner's quarantine for what is too old: at thousands one takes many refreshes."""


class Looks:
    """Which owners' quarantines this process has looked through of late; it remembers those of one hour."""

    def __init__(self) -> None:
        self._since = float("-inf")
        self._owners: set[str] = set()

    def due(self, owner: str, now: float) -> bool:
        """Tell whether to look now, and take note of that."""
        if not 0 <= now - self._since < LOOK_EVERY:
            self._since, self._owners = now, set()
        if owner in self._owners:
            return False
        self._owners.add(owner)
        return True


class SetAside(NamedTuple):
    """A record in quarantine: its name and version, and its grant, None where it cannot be opened."""

    name: Name
    version: Version
    grant: Grant | None


def set_aside(records: SealedStore, account: Account) -> Iterator[SetAside]:
    """Yield what lies in quarantine of the account, the oldest first."""
    folder = quarantine_folder(account)
    for name in records.store.names("quarantine", account.owner, prefix=folder):
        stored = records.store.load(name)
        if stored is not None:
            yield SetAside(name, stored.version, _opened(records, account, stored.data))


def _opened(records: SealedStore, account: Account, data: bytes) -> Grant | None:
    try:
        name = grant_name(account)._replace(kind=header(data)["typ"])  # it may have lain beside its record (R9)
        return grant_from_bytes(records.ring.open_record(name, data), account=str(account))
    except StoreError:
        return None


def erase(records: SealedStore, found: SetAside) -> None:
    """Delete a record in quarantine; one that another has deleted or put there anew is left to them."""
    with suppress(Conflict):
        records.store.save(found.name, None, replaces=found.version)


def erase_old(records: SealedStore, now: float) -> None:
    """Delete what has lain in quarantine for longer than `KEPT`; `now` is Unix time in seconds, UTC.

    It is done beside other work, which its failure does not stop.
    """
    with suppress(StoreError):
        for name in list(records.store.names("quarantine", records.owner)):
            version = records.store.version(name) if _since(name, now) < now - KEPT else None
            if version is not None:
                with suppress(Conflict):
                    records.store.save(name, None, replaces=version)


def _since(name: Name, now: float) -> float:
    """Return when it was put there; just now for a name that does not say."""
    try:
        return float(name.id.rpartition("/")[2])
    except ValueError:
        return now
