"""Where keys come from: the interface that the sources share."""

from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager
from typing import Protocol

from tokenkit.keys.jwks import KeyList

__all__ = ["Change", "KeyList", "KeySource"]

Change = Callable[[KeyList | None], KeyList]
"""Takes the present keys, or None, and returns the keys to be."""


class KeySource(Protocol):
    """A place that holds a key list. Every method may block, is safe from any thread, and raises `StoreError` only.

    A source may have `load_version`, which returns what `load` and `version` return of one moment, or None without
    keys: then both are one look.
    """

    @property
    def writable(self) -> bool:
        """Whether the keys can be changed here: those of the environment can be changed by a person only (R29)."""
        ...

    def version(self) -> Hashable:
        """Return a value that differs after every change, without opening the keys; None where there are none."""
        ...

    def load(self) -> KeyList | None:
        """Return the keys; None only when there are none yet. Raises `KeyUnavailable` for keys that cannot be used."""
        ...

    def change(self, change: Change) -> KeyList:
        """Replace the keys durably by what `change` makes of them, and return the result. One caller at a time does so.

        A kill at any moment leaves the old keys or the new ones. Where `change` returns what it was given, nothing is
        written. Raises `UsageError` where the source is not `writable`.
        """
        ...

    def sealing(self, *, alone: bool = False) -> AbstractContextManager[None]:
        """Hold this while a record is sealed and saved: many do at once, and no key is dropped meanwhile (R29).

        With `alone` it waits until nobody else holds it: for a caller that drops a key. Raises `StoreUnavailable` when
        it was not given within half a minute.
        """
        ...

    def describe(self) -> str:
        """Say where the keys are, for people: ``the key file /home/me/.local/share/tokenkit/keys.json``."""
        ...
