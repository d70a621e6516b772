"""The statements that leave no row of an owner whose records are deleted (``tokenkit owner delete``)."""

_OF_OWNER = "owner = %(owner)s"

_NO_RECORD = """NOT EXISTS (SELECT FROM {s}.record AS r
    WHERE r.owner = %(owner)s AND r.data IS NOT NULL)"""

FORGET = (
    f"DELETE FROM {{s}}.activity WHERE {_OF_OWNER}",
    f"DELETE FROM {{s}}.lost WHERE {_OF_OWNER}",
    f"DELETE FROM {{s}}.record WHERE {_OF_OWNER} AND data IS NULL",
    f"DELETE FROM {{s}}.lease WHERE {_OF_OWNER} AND (holder IS NULL OR ends < pg_catalog.clock_timestamp())",
    f"DELETE FROM {{s}}.due WHERE {_OF_OWNER} AND {_NO_RECORD}",
    f"DELETE FROM {{s}}.accounts WHERE {_OF_OWNER} AND {_NO_RECORD}",
)
