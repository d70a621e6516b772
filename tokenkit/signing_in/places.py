"""Where a grant is stored among one owner's accounts: over nothing, or over what is its own."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain, count

from tokenkit.account import DEFAULT_NAME, Account
from tokenkit.errors import Conflict, StoreError, UsageError
from tokenkit.grant import Grant, grant_to_bytes
from tokenkit.grants import beside, signed_out
from tokenkit.grants.refresh_state import RefreshState
from tokenkit.grants.refresher import Refresher
from tokenkit.grants.sealed_store import grant_name
from tokenkit.signing_in.survey import UNREADABLE
from tokenkit.store import Version

SHORT_WAIT = 1.0
"""Seconds that a lease is waited for, and held, where something else than a refresh takes it."""


class Places:
    """The places of one owner's accounts, for one sign-in."""

    def __init__(self, refresher: Refresher) -> None:
        self._refresher = refresher
        self._records = refresher.records
        self._ctx = refresher.context
        self.latest: Account | None = None  # what was stored here last
        self._copied: set[tuple[Account, Version | None]] = set()

    def store(
        self, name: str, grant: Grant, mine: Callable[[Grant], bool], replaces: str = "", *, server: str = ""
    ) -> Account:
        """Store a grant under the first name that is free or `mine`, beginning with `name`; return the account.

        What lay there goes to quarantine. `replaces` is the name of a record that cannot be opened and whose place it
        may take; `server` tells two of one name apart.
        """
        places = self._places(grant.provider, name, server)
        return next(place for place in places if self.stored(place, grant, mine, place.name == replaces))

    def _places(self, provider: str, name: str, server: str = "") -> Iterator[Account]:
        """Yield the account of that name, one with the name of its server, and numbered ones.

        Where the store takes no such name, a digest stands in its place.
        """
        for called in chain((name,), with_server(name, server), _numbered(name)):
            account = Account(provider, called, self._records.owner)
            try:
                self._records.store.version(grant_name(account))
            except UsageError:
                digest = hashlib.sha256(account.name.encode(errors="surrogatepass")).hexdigest()
                account = account._replace(name=digest[:16])
            yield account

    def stored(
        self, account: Account, grant: Grant, mine: Callable[[Grant], bool], replace_broken: bool = False
    ) -> bool:
        """Write over nothing, or over a grant that is `mine`, and tell the others; False where another's lies there.

        What cannot be opened counts as another's, unless `replace_broken`; a copy is kept before it is written over.

        Only what was looked at is written over: what another process has stored since is looked at again (R8, R18).
        """
        while True:
            try:
                held = self._records.load(account)
                replaced = held.version if held else None
            except UNREADABLE:
                if not replace_broken:
                    return False
                held, replaced = None, self._set_aside(account, self._records.store.version(grant_name(account)))
            if held is not None and _is(held.grant, grant):
                return True  # written before, by a try that failed afterwards
            if held is not None and not mine(held.grant):
                return False
            generation = max(self.ended(account), held.grant.generation if held else 0) + 1
            if held:
                self._set_aside(account, held.version)
            try:
                self._records.save(account, grant.renewed(generation=generation), replaces=replaced)
            except Conflict:
                continue
            self.latest = account
            with suppress(StoreError):  # otherwise it lies there, older than the record, until a refresh finds it
                beside.quarantine(self._records, account, self._ctx.now())
            self._tell(account, generation)
            return True

    def _set_aside(self, account: Account, version: Version | None) -> Version | None:
        """Copy what lies there to quarantine, once, however often a disk refuses what follows; return its version."""
        if (account, version) not in self._copied:
            version = self._records.quarantine(account, self._ctx.now())
            self._copied.add((account, version))
        return version

    def ended(self, account: Account) -> int:
        """Return the newest generation that the account ever had, stored or signed out; 0 or less for none."""
        return max(self._refresher.note(account).newest, signed_out.newest(self._records, account))

    def likely(self, name: str, grant: Grant, mine: Callable[[Grant], bool]) -> Account:
        """Return where `store` would put the grant, as far as the store says; nothing is changed."""
        places = (Account(grant.provider, called, self._records.owner) for called in chain((name,), _numbered(name)))
        return next(place for place in places if self._may_be_stored(place, mine))

    def _may_be_stored(self, place: Account, mine: Callable[[Grant], bool]) -> bool:
        waiting = self._refresher.unsaved.grant(place)
        if waiting is not None:
            return mine(waiting)
        try:
            held = self._records.load(place)
        except UNREADABLE:
            return False
        except (StoreError, UsageError):
            return True
        return held is None or mine(held.grant)

    def _tell(self, account: Account, generation: int) -> None:
        store = self._records.store
        with suppress(StoreError), store.lease(grant_name(account), lasts=SHORT_WAIT, wait=SHORT_WAIT) as lease:
            # Where a refresh holds the lease for longer: when it ends, it finds this login and notes it.
            lease.write_note(RefreshState.from_bytes(lease.note).ended(generation).to_bytes())


def _numbered(name: str) -> Iterator[str]:
    return (f"{name}-{number}" for number in count(2))


def with_server(name: str, server: str) -> Iterator[str]:
    """Yield what the account is called where another server's has the name: two Mastodons both have a ``me``."""
    if server:
        yield server if name == DEFAULT_NAME else f"{name}@{server}"


def _is(held: Grant, grant: Grant) -> bool:
    """Return whether what is stored is this very grant."""
    return grant_to_bytes(held) == grant_to_bytes(grant.renewed(generation=held.generation))
