"""Saves that a database has confirmed and lost since: what a store of many machines may know of them (R10)."""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple, cast

from tokenkit.store import Name, Store, Version


class Server(NamedTuple):
    """Which server it was: its system identifier, and its timeline, which a failover moves; empty and 0 if unknown."""

    system: str = ""
    timeline: int = 0


class LostSave(NamedTuple):
    """A save that was confirmed and is gone: of which record, and the version that it had replaced (empty for none).

    `deleted` says that it was a deletion; `at` (Unix time in seconds, UTC) when that was found, between which servers.
    """

    name: Name
    replaced: str
    deleted: bool
    at: float
    before: Server
    after: Server


def lost(store: Store) -> Sequence[LostSave]:
    """Return what this machine knows to be lost; nothing for a store that cannot lose what it has confirmed."""
    return cast(Sequence[LostSave], getattr(store, "lost", ()))


def lost_after(store: Store, name: Name, version: Version) -> Collection[bool]:
    """Return of the saves that had replaced this version and are gone, whether each was a deletion.

    It is what all machines have said, and one question, or none within `reading`.
    """
    asked = cast("Callable[[Name, Version], Collection[bool]] | None", getattr(store, "lost_after", None))
    return asked(name, version) if asked else ()
