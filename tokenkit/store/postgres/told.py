"""What this process was told of the saves of all machines: a record that is older after a failover has lost one (R10).

It stands in for machines that were gone when the failover came: a command that had refreshed and ended, or a container
without a state folder.
"""

from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from hmac import compare_digest
from typing import NamedTuple

MOST = 4096
"""Saves that are remembered: what a replica lags by is seconds."""

LACKING = """INSERT INTO {s}.lost (owner, id, version, deleted)
    SELECT r.owner, r.id, r.version, told.deleted
    FROM unnest(%(digests)s::text[], %(dates)s::float8[], %(deleted)s::bool[]) AS told (digest, at, deleted)
    JOIN {s}.record AS r ON r.kind = 'grant' AND r.data IS NOT NULL AND told.digest = pg_catalog.encode(
        substring(pg_catalog.sha256(r.owner || '\\x00'::bytea || r.id) FROM 1 FOR 12), 'hex')
    WHERE extract(epoch FROM r.changed)::float8 < told.at - 0.001 AND r.changed < (SELECT since FROM {s}.server)
    ON CONFLICT DO NOTHING"""
"""Writes down, for all machines, which records are older than what was told, and were not saved since the failover."""


class _Save(NamedTuple):
    """When the server has saved it (Unix seconds, by its clock), and whether that was a deletion."""

    at: float
    deleted: bool


class Told:
    """The newest save of each record that was told lately."""

    def __init__(self) -> None:
        self._saves: OrderedDict[str, _Save] = OrderedDict()

    def add(self, told: str, store: str) -> list[str]:
        """Remember a save that a message tells, and return its digests: of the account, and of all at its provider.

        Its date is believed with the proof that who sent it may read the tables of the `store` of that id.
        """
        said, _, proof = told.rpartition(" ")
        if compare_digest(proof.encode(), _proof(said, store)):
            with suppress(ValueError, IndexError):  # no date: a row was taken out by hand
                words = said.split()
                account, save = words[0], _Save(float(words[2]), "-" in words)
                self._saves[account] = max(self._saves.pop(account, save), save)
        if len(self._saves) > MOST:
            self._saves.popitem(last=False)
        return told.split()[:2]

    def values(self) -> Mapping[str, object]:
        """Return the values that `LACKING` needs."""
        saves = [*self._saves.items()]
        return {
            "digests": [digest for digest, _ in saves],
            "dates": [save.at for _, save in saves],
            "deleted": [save.deleted for _, save in saves],
        }


def _proof(said: str, store: str) -> bytes:
    """Return what only those can append who may read the store's id: every role of the database may send messages."""
    return sha256(f"{store} {said} {store}".encode()).hexdigest()[:24].encode()
