"""A record of a grant as the audit found it: opened where that is possible, and judged with what lies beside it."""

import json
from collections.abc import Iterator, Sequence
from enum import Enum, auto
from typing import NamedTuple

from tokenkit import seal
from tokenkit.account import Account, parse_account
from tokenkit.errors import BrokenRecord, FileRefused, KeyUnavailable, StoreError
from tokenkit.grant import VERSION, Grant, grant_from_bytes
from tokenkit.grants import after_loss
from tokenkit.grants.beside import unsaved_name
from tokenkit.grants.endings import Endings
from tokenkit.grants.refresh_state import RefreshState
from tokenkit.grants.sealed_store import SealedStore, StoredGrant
from tokenkit.grants.status import State, judge
from tokenkit.keys.jwks import KeyList
from tokenkit.store import Name, Store


class Opening(Enum):
    """How the opening of a record went."""

    OPENED = auto()
    LOCKED = auto()  # no keys at hand
    UNKNOWN_KEY = auto()
    BROKEN = auto()
    LATER = auto()  # written by a later tokenkit
    REFUSED = auto()  # not plainly our file
    UNREADABLE = auto()


class Keys(NamedTuple):
    """The keys, or why there are none: locked up (a passphrase, a keyring), or unusable; and what helps then.

    `store_id` is the id that the records of a shared store name.
    """

    keys: KeyList | None
    said: str = ""
    locked: bool = False
    hint: str = ""
    store_id: str = ""


class FoundRecord(NamedTuple):
    """A record of a grant as it was found: `said` is why it did not open, `kid` the key that its header names.

    `state` is how the account stands, None where the record did not open. `beside` are newer records of the same
    account that wait to be put in its place (R9); `grant` and `state` are those of the newest then, as a refresh
    would take it. `note_error` is why its refresh state, which is another file, cannot be read.
    """

    account: Account
    opening: Opening
    grant: Grant | None = None
    where: str = ""
    said: str = ""
    kid: str = ""
    refresh_state: RefreshState = RefreshState()
    state: State | None = None
    beside: tuple["FoundRecord", ...] = ()
    note_error: StoreError | None = None


def open_record(name: Name, data: bytes, keys: Keys, app: str) -> FoundRecord:
    """Open the record of a grant; never raises."""
    account = _account(name)
    kid, plaintext = "", b""
    try:
        kid = seal.header(data)["kid"]
        if keys.keys is None:
            return FoundRecord(account, Opening.LOCKED, said=keys.said, kid=kid)
        claims = {"typ": name.kind, "app": app, "owner": name.owner, "account": name.id, "store": keys.store_id}
        plaintext = seal.open(data, keys.keys.by_kid, **claims)
        return FoundRecord(account, Opening.OPENED, grant_from_bytes(plaintext, account=str(account)), kid=kid)
    except KeyUnavailable as error:
        return FoundRecord(account, Opening.UNKNOWN_KEY, said=str(error), kid=kid)
    except BrokenRecord as error:
        opening = Opening.LATER if _version(plaintext) > VERSION else Opening.BROKEN
        return FoundRecord(account, opening, said=str(error), kid=kid)


def load_records(
    grants: Sequence[tuple[Name, str]], records: SealedStore, keys: Keys, app: str, now: float
) -> list[FoundRecord]:
    """Load the records of grants, each named and with where it lies, and what lies beside them; never raises."""

    def names(grant: tuple[Name, str]) -> tuple[Name, Name]:
        return grant[0], unsaved_name(_account(grant[0]))

    found: list[FoundRecord] = []
    try:
        for record in records.in_pages(grants, names, lambda grant: _load_record(*grant, records, keys, app, now)):
            found.append(record)
    except StoreError as error:
        found += [_refused(name, where, error) for name, where in grants[len(found) :]]
    return found


def _load_record(name: Name, where: str, records: SealedStore, keys: Keys, app: str, now: float) -> FoundRecord:
    stores = records.stores
    account = _account(name)
    try:
        stored = stores[0].load(name)
    except StoreError as error:
        return _refused(name, where, error)
    noted, note_error = _noted(stores[0], name)
    found = open_record(name, b"" if stored is None else stored.data, keys, app)
    beside = tuple(each for store in stores for each in _beside(account, store, keys, app))
    beside += tuple(_left_behind(account, found.grant, records, keys, app))
    grant = _newest(found.grant, beside)
    state = None
    if grant is not None and stored is not None:
        held = StoredGrant(grant, stored.version, len(stored.data))
        noted = after_loss.judged(records, account, held, noted)
        state = judge(account, Endings(stores[0]).reopened(grant, noted), noted, now)
    return found._replace(
        grant=grant, where=where, refresh_state=noted, state=state, beside=beside, note_error=note_error
    )


def _noted(store: Store, name: Name) -> tuple[RefreshState, StoreError | None]:
    try:
        return RefreshState.from_bytes(store.note(name)), None
    except StoreError as error:
        return RefreshState(), error


def _beside(account: Account, store: Store, keys: Keys, app: str) -> list[FoundRecord]:
    name = unsaved_name(account)
    where = f"beside the record of {account}"
    try:
        stored = store.load(name)
    except StoreError as error:
        return [_refused(name, where, error)]
    return [] if stored is None else [open_record(name, stored.data, keys, app)._replace(where=where)]


def _left_behind(
    account: Account, grant: Grant | None, records: SealedStore, keys: Keys, app: str
) -> Iterator[FoundRecord]:
    """Yield what waits where these records lay before, and not what may wait there for records that others have."""
    for store in records.left_behind:
        for each in _beside(account, store, keys, app):
            if grant is not None and each.grant is not None and each.grant.follows(grant):
                yield each


def _newest(grant: Grant | None, beside: tuple[FoundRecord, ...]) -> Grant | None:
    for each in beside:
        if grant is not None and each.grant is not None and each.grant.follows(grant):
            grant = each.grant
    return grant


def _refused(name: Name, where: str, error: StoreError) -> FoundRecord:
    opening = Opening.REFUSED if isinstance(error, FileRefused) else Opening.UNREADABLE
    return FoundRecord(_account(name), opening, where=where, said=str(error))


def _account(name: Name) -> Account:
    return Account(*parse_account(name.id), owner=name.owner)


def _version(plaintext: bytes) -> int:
    """Return the version that a record names; 0 where it names none, which its reader then says."""
    try:
        version = json.loads(plaintext)["v"]
    except (ValueError, KeyError, TypeError):
        return 0
    return version if isinstance(version, int) else 0
