"""The lines that all machines have written into their activity logs, sealed, in a table of their own."""

from collections.abc import Sequence

from tokenkit.store.postgres.connections import Connections
from tokenkit.store.postgres.names import text, to_bytes
from tokenkit.store.sealed_line import SealedLine

KEPT = 90 * 86400.0
"""Seconds after which a line is deleted."""

MOST = 1000
"""Lines that one question brings, the newest."""

_ADD = """INSERT INTO {s}.activity AS a (owner, account, slot, at, line)
    SELECT owner, account, slot, to_timestamp(at), line FROM unnest(%(owners)s::bytea[], %(accounts)s::bytea[],
        %(slots)s::bytea[], %(ats)s::double precision[], %(lines)s::bytea[]) AS new (owner, account, slot, at, line)
    WHERE owner = ''::bytea OR EXISTS (SELECT FROM {s}.accounts AS known WHERE known.owner = new.owner)
    ON CONFLICT (owner, account, slot) DO UPDATE SET at = excluded.at, line = excluded.line WHERE a.at < excluded.at"""

_SWEEP = "DELETE FROM {s}.activity WHERE at < pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => %(kept)s)"

_RECENT = f"""SELECT owner, line FROM {{s}}.activity WHERE %(owner)s::bytea IS NULL OR owner = %(owner)s
    ORDER BY at DESC LIMIT {MOST}"""


class PostgresActivity:
    """The table of these lines. Every method may raise `StoreUnavailable`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._swept = False

    def add(self, lines: Sequence[SealedLine]) -> None:
        """Store the lines, all in one statement; those of an owner who was deleted meanwhile are dropped."""
        last = {(each.owner, each.account, each.slot): each for each in sorted(lines, key=lambda each: each.at)}
        kept = [*last.values()]
        values = {
            "owners": [to_bytes(each.owner) for each in kept],
            "accounts": [to_bytes(each.account) for each in kept],
            "slots": [each.slot for each in kept],
            "ats": [each.at for each in kept],
            "lines": [each.line for each in kept],
        }
        self._connections.ask(_ADD, values)
        if not self._swept:
            self._swept = True
            self._connections.ask(_SWEEP, {"kept": KEPT})

    def recent(self, owner: str | None = None) -> list[tuple[str, bytes]]:
        """Return the newest lines, each with its owner, the newest first; of one owner, or of all."""
        rows = self._connections.ask(_RECENT, {"owner": None if owner is None else to_bytes(owner)})
        return [(who, bytes(line)) for owner, line in rows if (who := text(owner)) is not None]
