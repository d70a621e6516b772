"""Client registrations in a store that machines share: one that a person gave on any of them is there on all.

They are sealed records (R31), of no owner. Each process reads them again after ten seconds.
"""

import json
import time
from collections.abc import Iterator, Mapping

from tokenkit.errors import Conflict
from tokenkit.grants.sealed_store import SealedStore
from tokenkit.provider import ClientRegistration
from tokenkit.store import Name
from tokenkit.token import Secret

FOLDER = "registered/"
"""How the ids of these records begin; the provider's name follows."""

READ_AGAIN = 10.0
"""Seconds for which a process takes what it has read for the truth."""


class SharedClients(Mapping[str, ClientRegistration]):
    """The registrations of one app in the store of `records`, by name. Looking into it raises `StoreError`.

    Safe in any thread; what this process writes it reads at once.
    """

    def __init__(self, records: SealedStore) -> None:
        self._records = records.for_owner("")
        self._read: tuple[float, Mapping[str, ClientRegistration]] | None = None

    def __getitem__(self, name: str) -> ClientRegistration:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def save(self, provider: str, client: ClientRegistration) -> None:
        """Store a registration for all machines, in place of a former one. Raises `StoreError`."""
        members = {"v": 1, "client_id": client.client_id}
        if client.client_secret:
            members["client_secret"] = client.client_secret.reveal()
        name, plaintext = _name(provider), json.dumps(members).encode()
        while True:
            try:
                self._records.write(name, plaintext, self._records.store.version(name))
                break
            except Conflict:
                continue  # another machine has written it just now, and the later one counts
        self._read = None

    def remove(self, provider: str) -> bool:
        """Delete a registration on all machines; return whether there was one. Raises `StoreError`."""
        name, store = _name(provider), self._records.store
        existed = False
        while (version := store.version(name)) is not None:
            existed = True
            try:
                store.save(name, None, replaces=version)
            except Conflict:
                continue
        self._read = None
        return existed

    def _all(self) -> Mapping[str, ClientRegistration]:
        read, now = self._read, time.monotonic()
        if read is None or now - read[0] > READ_AGAIN:
            read = self._read = now, self._loaded()
        return read[1]

    def _loaded(self) -> Mapping[str, ClientRegistration]:
        found: dict[str, ClientRegistration] = {}
        for name in self._records.store.names("client", "", after=FOLDER):
            if not name.id.startswith(FOLDER):
                break
            read = self._records.opened(name, self._records.store.load(name))
            if read is not None:
                found[name.id.removeprefix(FOLDER)] = _parsed(read[0])
        return found


def _name(provider: str) -> Name:
    return Name("client", "", FOLDER + provider)


def _parsed(plaintext: bytes) -> ClientRegistration:
    members = json.loads(plaintext)
    secret = members.get("client_secret")
    return ClientRegistration(members["client_id"], Secret(secret) if secret else None)
