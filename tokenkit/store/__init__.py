"""Where sealed records are kept: bytes under a name, compared by version. A store never sees a token or a key.

`Store` is the whole interface. `files`, `memory` and others have this one shape, which
`tokenkit.testing.StoreContract` tests.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

Version = Hashable
"""The version of one record: it changes with every save and never comes back."""

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
    """The right to refresh one account. One caller of all processes and hosts that share the store holds it (R5)."""

    def left(self) -> float:
        """Return the seconds for which the lease is certainly still ours; infinite where a kernel lock holds it."""
        ...

    def now(self, here: float) -> float:
        """Return the Unix time by the clock of all who share the store; `here` is that of this machine's clock.

        The dates in a note are by it: clocks that are minutes apart would multiply requests (R12, R38).
        """
        return here

    @property
    def note(self) -> bytes:
        """What the last holder left for the next one; empty at first. Others can read it: it holds no secret (R8)."""
        ...

    def write_note(self, note: bytes, *, acts: bool = False) -> None:
        """Replace the note, at once visible to the next holder; not durable against a power cut.

        `acts` says that next the holder sends what must not be sent twice: from then on it is not succeeded before its
        lease ends, though it seems to be gone. Raises `StoreUnavailable` where it was succeeded already (R38).
        """
        ...

    def prolong(self) -> None:
        """Hold it on for as long as it lasts from now, where it ends by time; nothing where another has it by now.

        It is for who waits with what nobody else has, and not for a request (R8). Call it often: most calls do nothing.
        """
        return

    def leave_note(self, note: bytes) -> None:
        """Leave a note for the next holder: at once, or in the write that gives the lease back."""
        self.write_note(note)

    def end_with_save(self, note: bytes) -> None:
        """Let this thread's next save, of the account that was leased, give the lease back, and leave the note.

        Only a store does that which can do it in one write with the save. `leave_note` comes after it all the same.
        """
        return

    def reserve(self, size: int) -> None:
        """Make sure now that a save of `size` bytes can succeed later. Raises `StoreUnavailable`.

        R9: a full disk must be found before the provider rotates.
        """
        ...


class Due(NamedTuple):
    """A grant that was claimed to be refreshed. It is due again at `until` (Unix seconds) if nothing is saved."""

    name: Name
    until: float


class Schedule(Protocol):
    """When grants fall due: what a shared store offers, as its `schedule`, to those who keep grants fresh.

    A claim need not be exact: the lease keeps two from refreshing one grant. All times are Unix time in seconds, UTC.
    """

    def first(self) -> Mapping[str, float]:
        """Return each provider that has grants to refresh, and when the first of them falls due."""
        ...

    def claim(self, provider: str, *, before: float, until: float, limit: int, rate: float) -> list[Due]:
        """Take what falls due `before` a time, the oldest first, and no more than `limit`.

        Of one provider, all who claim get no more than `rate` a second together, where the schedule is common to them.
        Nobody else gets it until the time `until`: by then a worker that died has lost it.
        """
        ...

    def put_off(self, due: Due, at: float) -> None:
        """Let what was claimed fall due `at` that time; infinite for never. A save that came in between stands."""
        ...


class Store(Protocol):
    """Bytes under a name. Every method may block, is safe from any thread and process, and raises `StoreError` only."""

    def load(self, name: Name) -> Stored | None:
        """Return the record, or None when there is none.

        R30: a record that is there and cannot be read is an error, since a new sign-in would overwrite it.
        """
        ...

    def save(
        self, name: Name, data: bytes | None, *, replaces: Version | None, due: float | None = None
    ) -> Version | None:
        """Write durably, only over the version `replaces` (None: only where there is nothing), else raise `Conflict`.

        `data` None deletes and returns None. So a caller *claims* a record by deleting the version that it has read.
        `due` is when a grant should be refreshed (Unix seconds, in clear): infinite for never, None to leave that as it
        is. A store without a `Schedule` ignores it.
        """
        ...

    def version(self, name: Name) -> Version | None:
        """Return the record's version, or None when there is none. It is cheap, to look whether anything changed (R1).

        For a grant whose id is a bare provider, return a version of the whole set of that provider's accounts.
        """
        ...

    def versions(self, names: Sequence[Name]) -> list[Version | None]:
        """Return what `version` returns for each, in one question; an answer may be up to 1.5 seconds old (R39).

        It is the look of R1, and nothing is decided by it but whether memory serves. Where the store is away it raises
        `StoreUnavailable` within two seconds (R14).
        """
        return [self.version(name) for name in names]

    def names(
        self, kind: str, owner: str = "", *, after: str = "", prefix: str = "", most: int | None = None
    ) -> Iterator[Name]:
        """Yield the names of that kind and owner that come after the id `after`, in order; never another owner's.

        Only those whose id begins with `prefix`, and no more than `most`.
        """
        ...

    def owners(self) -> Iterator[str]:
        """Yield the owners that have, or once had, records: a change of keys concerns them all (R29)."""
        ...

    def note(self, name: Name) -> bytes:
        """Return the note of the account's last lease, without taking the lease; empty when there is none."""
        ...

    def lease(self, name: Name, *, lasts: float, wait: float) -> AbstractContextManager[Lease]:
        """Take the lease, waiting up to `wait` seconds for it. Raises `StoreUnavailable` when it was not given.

        `lasts` (seconds) is how long a holder can need it at most. A lease of a database ends then. A kernel lock ends
        with its holder (R6). A caller that waits for one that has been held for longer is refused at once: its holder
        is stopped, and each new caller would wait in vain (R5).
        """
        ...

    def close(self) -> None:
        """End connections and threads. Who asks again afterwards starts new ones."""
        return
