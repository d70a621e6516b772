"""What this process was told of the saves of all machines: a record that is older after a failover has lost one (R10).

It stands in for machines that were gone when the failover came: a command that had refreshed and ended, or a container
without a state folder.
"""

from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
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

    def add(self, told: str) -> list[str]:
        """Remember what a message tells, and return its digests: of the account, and of all at its provider."""
        words = told.split()
        with suppress(ValueError, IndexError):  # no date: a row was taken out by hand, or anybody's message
            account, save = words[0], _Save(float(words[2]), "-" in words)
            self._saves[account] = max(self._saves.pop(account, save), save)
        if len(self._saves) > MOST:
            self._saves.popitem(last=False)
        return words[:2]

    def values(self) -> Mapping[str, object]:
        """Return the values that `LACKING` needs."""
        saves = [*self._saves.items()]
        return {
            "digests": [digest for digest, _ in saves],
            "dates": [save.at for _, save in saves],
            "deleted": [save.deleted for _, save in saves],
        }
