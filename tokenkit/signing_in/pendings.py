"""The sign-ins of one owner that are under way: sealed, found by state and binding, and claimed once (R21, R22)."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import urlsplit

from tokenkit.errors import CallbackRefused, Conflict, StoreUnavailable
from tokenkit.grants.sealed_store import SealedStore
from tokenkit.pending import PendingAuthorization, pending_from_bytes, pending_to_bytes
from tokenkit.signing_in.pending_names import digest, expiry, pending_id, pending_prefix
from tokenkit.store import Name, Version

PENDING_LASTS = 600.0
"""Seconds that a person has for the consent screen."""

PENDINGS_PER_BINDING = 20

PENDINGS_PER_OWNER = 200
"""Sign-ins that may be under way over all bindings: a caller with a new binding each time does not fill the store."""


def load_pending(records: SealedStore, name: Name) -> tuple[PendingAuthorization, Version] | None:
    """Return a pending authorization and the version by which it is claimed; None where it is gone."""
    found = records.opened(name, records.store.load(name))
    return None if found is None else (pending_from_bytes(found[0]), found[1].version)


class Pendings:
    """The pending authorizations in one owner's records. `now` returns Unix time in seconds."""

    def __init__(self, records: SealedStore, now: Callable[[], float]) -> None:
        self._records = records
        self._now = now

    def add(self, binding: str, pending: PendingAuthorization) -> None:
        """Keep a sign-in that begins, and drop those that it leaves no room for. Raises `StoreUnavailable`."""
        self._make_room(binding)
        self.put_back(binding, pending.state.reveal(), pending)

    def put_back(self, binding: str, state: str, pending: PendingAuthorization) -> None:
        """Keep a sign-in under its state and binding; also once more, where its answer was claimed in vain."""
        name = Name("pending", self._records.owner, pending_id(binding, state, pending.expires_at))
        self._records.write(name, pending_to_bytes(pending), None)

    def awaited(self, binding: str) -> Iterator[PendingAuthorization]:
        """Yield the sign-ins of this binding that are under way; nothing is consumed."""
        for name in self._records.pendings():
            if name.id.startswith(f"{digest(binding)[:32]}.") and expiry(name) > self._now():
                found = load_pending(self._records, name)
                if found is not None:
                    yield found[0]

    def claim(self, state: str, binding: str, path: str) -> PendingAuthorization:
        """Find the pending authorization of this state and binding, compare the answer with it, and delete it.

        Its name is made of their digests: without both, nothing is found (R22), and how long that takes says nothing of
        either (R21).
        """
        prefix = pending_prefix(binding, state)
        for name in self._records.pendings():
            if not name.id.startswith(prefix):
                continue
            found = load_pending(self._records, name)
            if found is not None:
                pending, version = found
                self._check(pending, path)
                try:
                    self._records.store.save(name, None, replaces=version)
                except Conflict:
                    break  # another claimed it first
                return pending
        raise CallbackRefused(
            "no sign-in of this browser or run is waiting for this answer: it was used already, has expired, "
            "or was begun elsewhere",
            hint="begin the sign-in again",
        )

    def _check(self, pending: PendingAuthorization, path: str) -> None:
        again = f"tokenkit login {pending.provider}"
        if urlsplit(pending.redirect_uri).path != path:
            raise CallbackRefused("the answer came to another path than it was awaited at", hint=again)
        if self._now() >= pending.expires_at:
            raise CallbackRefused("the sign-in took longer than ten minutes and has expired", hint=again)

    def _make_room(self, binding: str) -> None:
        """Drop what has expired; of this binding's own, the oldest beyond the bound; never another's that is alive."""
        alive: list[Name] = []
        for name in self._records.pendings():
            if expiry(name) <= self._now():
                self._drop(name)
            else:
                alive.append(name)
        own = sorted((name for name in alive if name.id.startswith(f"{digest(binding)[:32]}.")), key=expiry)
        surplus = own[: max(0, len(own) - PENDINGS_PER_BINDING + 1)]
        for name in surplus:
            self._drop(name)
        if len(alive) - len(surplus) >= PENDINGS_PER_OWNER:
            raise StoreUnavailable(
                f"{PENDINGS_PER_OWNER} sign-ins are under way already", hint="wait ten minutes: then they have expired"
            )

    def _drop(self, name: Name) -> None:
        store = self._records.store
        version = store.version(name)
        if version is not None:
            with suppress(Conflict):  # claimed or dropped by another just now
                store.save(name, None, replaces=version)
