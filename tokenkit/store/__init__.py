"""Where sealed records are kept: bytes under a name, compared by version. Never a token, never a key.

`Store` is the whole interface; `files`, `memory` and others are siblings of one shape, held to it by
`tokenkit.testing.StoreContract`.
"""

from collections.abc import Hashable, Iterator
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

Version = Hashable
"""Of one record: it changes with every save and never comes back."""

KINDS = ("grant", "unsaved", "pending", "client", "metadata", "quarantine")
"""The kinds of record. A refreshed grant whose record could not be written lies beside it as ``unsaved`` (R9); what was
superseded or could not be opened is kept under ``quarantine`` (R18, R30)."""


class Name(NamedTuple):
    """What a record is called: its kind, whose it is, and an id within them.

    For a grant, saved or not, the id is ``provider/account``, as in `str(Account)`; for others it is opaque.
    """

    kind: str
    owner: str
    id: str


class Stored(NamedTuple):
    """A record as it was found."""

    data: bytes
    version: Version


class Lease(Protocol):
    """The right to refresh one account, held by one caller on all processes and hosts that share the store (R5)."""

    def left(self) -> float:
        """Seconds for which the lease is certainly ours still; infinite where a kernel lock holds it."""
        ...

    @property
    def note(self) -> bytes:
        """What the last holder left to the next: shared and not secret (R8); empty at first."""
        ...

    def write_note(self, note: bytes) -> None:
        """Replace the note, at once visible to the next holder; not durable against a power cut."""
        ...

    def reserve(self, size: int) -> None:
        """Make sure now that a save of `size` bytes can succeed later (R9); raises `StoreUnavailable`."""
        ...


class Store(Protocol):
    """Bytes under a name. Every method may block, is safe from any thread and process, and raises `StoreError` only."""

    def load(self, name: Name) -> Stored | None:
        """The record, or None when there is none. What is there and cannot be read is an error, never None (R30)."""
        ...

    def save(self, name: Name, data: bytes | None, *, replaces: Version | None) -> Version | None:
        """Write durably, only over the version `replaces` (None: only where nothing is), else raise `Conflict`.

        `data` None deletes and returns None; so a record is *claimed* by deleting the version one read.
        """
        ...

    def version(self, name: Name) -> Version | None:
        """The record's version, or None when there is none: cheap, for looking whether anything changed (R1).

        For a grant whose id is a bare provider: a version of the whole set of that provider's accounts.
        """
        ...

    def names(self, kind: str, owner: str = "", *, after: str = "") -> Iterator[Name]:
        """The names of that kind and owner, by id, those beyond `after`; other owners' are never among them."""
        ...

    def owners(self) -> Iterator[str]:
        """The owners that have, or once had, records: a change of keys concerns them all (R29)."""
        ...

    def note(self, name: Name) -> bytes:
        """The note of the account's last lease, read without taking it; empty when there is none."""
        ...

    def lease(self, name: Name, *, lasts: float, wait: float) -> AbstractContextManager[Lease]:
        """Take the lease, waiting up to `wait` seconds for it; `StoreUnavailable` when it was not given.

        `lasts` (seconds) is how long a holder can need it at most. A lease of a database ends then. A kernel lock ends
        with its holder (R6); but who waits for one that has been held for longer is refused at once: its holder is
        stopped, and each new caller would wait in vain (R5).
        """
        ...
