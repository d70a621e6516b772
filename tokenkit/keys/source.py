"""Where keys come from: the interface that the sources share."""

from collections.abc import Callable, Hashable
from typing import Protocol

from tokenkit.keys.jwks import KeyList

__all__ = ["Change", "KeyList", "KeySource"]

Change = Callable[[KeyList | None], KeyList]
"""From the keys that there are, or None, to those that there are to be."""


class KeySource(Protocol):
    """A place that holds a key list. Every method may block, is safe from any thread, and raises `StoreError` only."""

    @property
    def writable(self) -> bool:
        """False where only whoever put the keys there can change them (R29)."""
        ...

    def version(self) -> Hashable:
        """Something that differs after every change, had without opening anything; None where there are no keys."""
        ...

    def load(self) -> KeyList | None:
        """The keys; None only when there are none yet. What is there and cannot be used raises `KeyUnavailable`."""
        ...

    def change(self, change: Change) -> KeyList:
        """Replace the keys durably by what `change` makes of them, and return that; one caller at a time does so.

        A kill at any moment leaves the old keys or the new. Where `change` returns what it was given, nothing is
        written. Raises `UsageError` where the source is not `writable`.
        """
        ...

    def describe(self) -> str:
        """Where the keys are, for people: ``the key file /home/me/.local/share/tokenkit/keys.json``."""
        ...
