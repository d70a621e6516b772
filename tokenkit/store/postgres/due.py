"""When grants fall due, in a table of its own: several workers claim from it, and none takes what another has."""

import time
from collections.abc import Callable, Mapping

from tokenkit.duration import duration
from tokenkit.errors import StoreUnavailable
from tokenkit.store import Due, Name
from tokenkit.store.postgres.connections import Connections
from tokenkit.store.postgres.names import key, text

APART = 900.0
"""Seconds by which the clock of a worker's machine may differ from the server's. By one that is a year ahead, what it
refreshes would fall due in a year, and a sign-in that its provider ends when nobody refreshes it would be lost."""

_THIS = "owner = %(owner)s AND id = %(id)s"

PLANNED = """, planned AS (INSERT INTO {s}.due AS d (owner, id, provider, at)
    SELECT %(owner)s, %(id)s, %(provider)s, %(due)s FROM saved
    ON CONFLICT (owner, id) DO UPDATE SET at = excluded.at)"""
"""Part of the statement that saves a grant, named ``saved`` there."""

NOT_PLANNED = f", planned AS (DELETE FROM {{s}}.due WHERE {_THIS} AND EXISTS (SELECT FROM saved))"

_FIRST = """WITH RECURSIVE each AS (
        (SELECT provider FROM {s}.due ORDER BY provider LIMIT 1)
        UNION ALL SELECT (SELECT next.provider FROM {s}.due AS next WHERE next.provider > each.provider
            ORDER BY next.provider LIMIT 1) FROM each WHERE each.provider IS NOT NULL)
    SELECT provider, (SELECT min(at) FROM {s}.due AS d WHERE d.provider = each.provider),
        extract(epoch FROM pg_catalog.clock_timestamp())::float8 FROM each WHERE provider IS NOT NULL"""

_DUE = """SELECT owner, id, at FROM {s}.due WHERE provider = %(provider)s AND at <= %(before)s
    ORDER BY at LIMIT %(limit)s FOR UPDATE SKIP LOCKED"""

_LEVEL = """least(%(burst)s, greatest(p.level, 0) + %(rate)s * greatest(
    extract(epoch FROM excluded.filled)::float8 - extract(epoch FROM p.filled)::float8, 0))"""
"""What a bucket holds that is filled at the rate, by the clock of the statement: so each use of it is one value."""

_FILLED = """CASE WHEN p.filled > excluded.filled + interval '1 minute' THEN excluded.filled
    ELSE greatest(p.filled, excluded.filled) END"""
"""Statements do not come in the order of their times; one of minutes ahead is by a clock that was set back since."""

_CLAIM = f"""WITH found AS ({_DUE}),
    paced AS (INSERT INTO {{s}}.pace AS p (provider, level, given, filled)
        SELECT %(provider)s, %(burst)s - least(count(*), floor(%(burst)s)), least(count(*), floor(%(burst)s)),
            pg_catalog.statement_timestamp() FROM found
        ON CONFLICT (provider) DO UPDATE SET given = least(%(burst)s - excluded.level, floor({_LEVEL})),
            level = {_LEVEL} - least(%(burst)s - excluded.level, floor({_LEVEL})),
            filled = {_FILLED}
        RETURNING given),
    taken AS (SELECT owner, id FROM found ORDER BY at LIMIT (SELECT given FROM paced))
    UPDATE {{s}}.due AS d SET at = %(until)s FROM taken WHERE d.owner = taken.owner AND d.id = taken.id
    RETURNING d.owner, d.id"""

_PUT_OFF = f"UPDATE {{s}}.due SET at = %(at)s WHERE {_THIS} AND at = %(until)s"
_NEVER = f"DELETE FROM {{s}}.due WHERE {_THIS} AND at = %(until)s"


def _compare_clocks(ahead: float) -> None:
    if abs(ahead) > APART:
        raise StoreUnavailable(
            f"the clock of this machine is {duration(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} that of the "
            "database, and by a wrong one grants would fall due at a wrong time, for all machines",
            hint="set the one that is wrong: date -u on both machines tells",
        )


class PostgresSchedule:
    """The `Schedule` of a `PostgresStore`."""

    def __init__(self, connections: Connections, listen: Callable[[], None]) -> None:
        """Each question calls `listen`: who keeps grants fresh hears of the saves of all machines."""
        self._connections = connections
        self._listen = listen

    def first(self) -> Mapping[str, float]:
        """Return each provider that has grants to refresh, and when the first of them falls due.

        Raises `StoreUnavailable` also where this machine and the server do not agree what time it is.
        """
        self._listen()
        rows = self._connections.ask(_FIRST)
        for *_, there in rows[:1]:
            _compare_clocks(time.time() - there)
        return {name: at for provider, at, _ in rows if (name := text(provider)) is not None}

    def claim(self, provider: str, *, before: float, until: float, limit: int, rate: float) -> list[Due]:
        """Take what falls due `before` a time, the oldest first; who does not come back loses it `until` then.

        All who claim share the `rate`, by a row of the provider, in the same statement.
        """
        values = {"provider": provider.encode(), "before": before, "until": until, "limit": limit}
        values |= {"rate": rate, "burst": max(rate, 1.0)}
        names = (map(text, row) for row in self._connections.ask(_CLAIM, values))
        return [Due(Name("grant", owner, id), until) for owner, id in names if owner is not None and id is not None]

    def put_off(self, due: Due, at: float) -> None:
        """Let what was claimed fall due `at` that time, or never; a save that came in between stands."""
        values = {**key(due.name), "until": due.until, "at": at}
        self._connections.ask(_NEVER if at == float("inf") else _PUT_OFF, values)
