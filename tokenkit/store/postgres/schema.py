"""The tables: made and changed by plain SQL in numbered files, and compared before they are used."""

from importlib.resources import files
from typing import Any, LiteralString, NamedTuple

import psycopg
from psycopg import errors as pg
from psycopg import sql

from tokenkit.errors import StoreUnavailable, UsageError
from tokenkit.shell import quoted
from tokenkit.store.postgres.address import Address
from tokenkit.store.postgres.errors import named, not_connected, translated, translating

RIGHTS: dict[LiteralString, str] = {
    "SELECT": "migration identity",
    "SELECT, INSERT, UPDATE, DELETE": "record accounts lease due confirmed activity server lost machine pace",
}
"""What the role of a program may do with which tables."""


LOCKED_FOR = 10
"""Seconds for which a migration waits for a table that another program holds."""


class Schema(NamedTuple):
    """What `status` has found: `version` 0 is a database without our tables; `durable` as `check` demands it.

    `owned` says that the role of this program owns the tables, and so could change them.
    """

    version: int
    newest: int
    role: str
    owned: bool
    durable: bool

    @property
    def makes_durable(self) -> str:
        """What lets the server write before it confirms."""
        return f"ALTER ROLE {named(self.role)} SET synchronous_commit = on; and fsync = on in postgresql.conf"


def migrations() -> list[tuple[int, str]]:
    """Return the numbers and the SQL of all migrations, in order."""
    folder = files("tokenkit.store.postgres") / "migrations"
    found = sorted((item.name, item.read_text(encoding="utf-8")) for item in folder.iterdir() if ".sql" in item.name)
    return [(int(name.partition("_")[0]), text) for name, text in found]


NEWEST = migrations()[-1][0]


def check(connection: "psycopg.Connection[Any]", schema: str) -> None:
    """Raise `StoreUnavailable`, with the command that helps, unless these are the tables of this tokenkit.

    So it does where the server would acknowledge what it has not written: that loses a refresh token with the power.
    """
    refuse_unfit(asked(connection, schema))


def refuse_unfit(found: Schema) -> None:
    """Raise what `check` raises, for tables that were looked at."""
    if found.version == 0:
        raise StoreUnavailable("the database has no tables of tokenkit yet", hint="tokenkit store init")
    if found.version < NEWEST:
        raise StoreUnavailable(
            f"the tables have version {found.version}, and this tokenkit needs version {NEWEST}",
            hint="tokenkit store migrate",
        )
    if found.version > NEWEST:
        raise StoreUnavailable(
            f"the tables have version {found.version}, and this tokenkit knows none above {NEWEST}",
            hint="python -m pip install --upgrade 'tokenkit-oauth[postgres]'",
        )
    if not found.durable:
        raise StoreUnavailable(
            "the database confirms what it has not written yet, which loses a sign-in when the power fails",
            hint=found.makes_durable,
        )


def status(address: Address) -> Schema:
    """Return how the tables stand. Raises `StoreUnavailable` where the database cannot be asked."""
    with connect(address) as connection:
        return asked(connection, address.schema)


def check_rights(connection: "psycopg.Connection[Any]", schema: str, role: str) -> None:
    """Raise `StoreUnavailable`, with the command that helps, unless this `role` may do all that a program does.

    Else one that lacks a right finds that out with the first answer that it cannot save.
    """
    values: dict[str, Any] = {"schema": schema, "rights": [], "tables": []}
    for rights, tables in RIGHTS.items():
        for table in tables.split():
            values["rights"] += rights.split(", ")
            values["tables"] += [table] * len(rights.split(", "))
    for right, table in translating(lambda: connection.execute(_LACKS, values).fetchall()):
        raise StoreUnavailable(
            f"the role {role} lacks the right to {right} in the table {table}, which a program needs",
            hint=f"as the role that owns them: tokenkit store init --role {quoted(role)}",
        )


def init(address: Address, role: str = "") -> Schema:
    """Make the tables, as the role that shall own them, and let `role` use them; what is there already stays.

    Raises `UsageError` for a role that is the owner, and `StoreUnavailable`.
    """
    return _changed(address, role, make=True)


def migrate(address: Address) -> Schema:
    """Make what the tables lack. Raises `StoreUnavailable`, also where there are no tables."""
    return _changed(address, "", make=False)


def _changed(address: Address, role: str, *, make: bool) -> Schema:
    schema = address.schema
    if role == "public":  # in quotes as well
        raise UsageError(
            "public is every role of the server, and each could then change the records",
            hint="CREATE ROLE tokenkit_app LOGIN; then: tokenkit store init --role tokenkit_app",
        )
    with connect(address) as connection:
        found = asked(connection, schema)
        if found.version > NEWEST or not (found.version or make):
            refuse_unfit(found)
        if found.role == role:
            raise UsageError(
                f"{role} makes the tables, and a program needs a role that owns nothing",
                hint="CREATE ROLE tokenkit_app LOGIN; then: tokenkit store init --role tokenkit_app",
            )

        def work() -> None:
            with connection.transaction():
                _migrate(connection, schema)
                _hand_over(connection, schema)
                for name in {*_users(connection, schema), *filter(None, [role])}:
                    _grant(connection, schema, name)

        translating(work, lambda error: _refused(error, connection, found, role))
        return asked(connection, schema)


def _refused(error: psycopg.Error, connection: "psycopg.Connection[Any]", found: Schema, role: str) -> StoreUnavailable:
    if isinstance(error, pg.UndefinedObject):
        return StoreUnavailable(f"there is no role {role}", hint=f"CREATE ROLE {named(role)} LOGIN")
    if isinstance(error, pg.InsufficientPrivilege):
        database, us = named(connection.info.dbname), named(found.role)
        return StoreUnavailable(
            f"the role {found.role} may not make or change tables here",
            hint=f"run it as the role that owns the schema, or, if there is none: GRANT CREATE ON DATABASE {database} "
            f"TO {us}",
        )
    if isinstance(error, pg.DuplicateObject | pg.DuplicateTable | pg.DuplicateFunction):
        return StoreUnavailable(
            "the schema holds a table of this name already, which tokenkit has not made",
            hint="name an empty database in the address",
        )
    if isinstance(error, pg.ProtocolViolation):
        return StoreUnavailable(
            "a pooler lies between, which takes single statements only",
            hint="name the database itself, past it, in the address; and then: tokenkit store init",
        )
    if isinstance(error, pg.LockNotAvailable):
        return StoreUnavailable(
            f"another program holds the tables, and after {LOCKED_FOR} seconds this one gave up: nothing was changed",
            hint="run it again; SELECT pid, usename, state, query FROM pg_stat_activity says who works there",
        )
    return translated(error)


def _migrate(connection: "psycopg.Connection[Any]", schema: str) -> None:
    """Run what is missing, in one transaction; another program that migrates waits.

    It gives up after some seconds where somebody holds a table: all that programs save would have to wait behind it.
    """
    name = sql.Identifier(schema)
    connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(f"{LOCKED_FOR}s"))
    connection.execute("SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext(%s))", (f"tokenkit {schema}",))
    connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(name))
    connection.execute(sql.SQL(_OF_MIGRATIONS).format(name))
    done = {row[0] for row in connection.execute(sql.SQL("SELECT version FROM {}.migration").format(name))}
    for version, text in migrations():
        if version not in done:
            plain: Any = text  # psycopg wants a literal, so that nobody puts values into it; this is a file of ours
            connection.execute(sql.SQL(plain).format(schema=name))
            connection.execute(
                sql.SQL("INSERT INTO {}.migration VALUES (%s, pg_catalog.clock_timestamp())").format(name), (version,)
            )


def _hand_over(connection: "psycopg.Connection[Any]", schema: str) -> None:
    """Give what a superuser has made to the role that owns the first table: it could else change the tables no more."""
    for (statement,) in connection.execute(_OF_ANOTHER, (schema,)).fetchall():
        connection.execute(statement)


def _users(connection: "psycopg.Connection[Any]", schema: str) -> list[str]:
    """Return the roles that may use the records: they need the tables that a migration has added, too."""
    return [name for (name,) in connection.execute(_USERS, (f'"{schema}".record',))]


def _grant(connection: "psycopg.Connection[Any]", schema: str, role: str) -> None:
    names = {"s": sql.Identifier(schema), "role": sql.Identifier(role)}
    connection.execute(sql.SQL("GRANT USAGE ON SCHEMA {s} TO {role}").format(**names))
    for rights, tables in RIGHTS.items():
        for table in tables.split():
            grant = sql.SQL("GRANT {rights} ON {s}.{table} TO {role}")
            connection.execute(grant.format(rights=sql.SQL(rights), table=sql.Identifier(table), **names))


_OF_MIGRATIONS = "CREATE TABLE IF NOT EXISTS {}.migration (version int PRIMARY KEY, at timestamptz NOT NULL)"

_OF_ANOTHER = """SELECT format('ALTER TABLE %%I.%%I OWNER TO %%I', n.nspname, t.relname, owner.rolname)
    FROM pg_catalog.pg_namespace AS n
    JOIN pg_catalog.pg_class AS t ON t.relnamespace = n.oid AND t.relkind = 'r'
    JOIN pg_catalog.pg_class AS first ON first.relnamespace = n.oid AND first.relname = 'migration'
    JOIN pg_catalog.pg_roles AS owner ON owner.oid = first.relowner AND owner.oid <> t.relowner
    WHERE n.nspname = %s::name AND pg_has_role(owner.oid, 'MEMBER') AND pg_has_role(t.relowner, 'MEMBER')"""

_USERS = """SELECT DISTINCT role.rolname FROM pg_catalog.pg_class AS t, pg_catalog.aclexplode(t.relacl) AS acl
    JOIN pg_catalog.pg_roles AS role ON role.oid = acl.grantee
    WHERE t.oid = to_regclass(%s) AND acl.grantee <> t.relowner"""

_STATE = """WITH ours AS (SELECT t.* FROM pg_catalog.pg_class AS t JOIN pg_catalog.pg_namespace AS n
        ON n.oid = t.relnamespace AND n.nspname = %(schema)s::name WHERE t.relkind = 'r')
    SELECT current_user, count(*) > 0, coalesce(bool_or(pg_catalog.pg_has_role(relowner, 'MEMBER')), false),
        current_setting('synchronous_commit') <> 'off' AND current_setting('fsync') = 'on',
        ARRAY(SELECT relname FROM ours WHERE relrowsecurity AND pg_catalog.row_security_active(oid) ORDER BY 1),
        ARRAY(SELECT relname FROM ours WHERE EXISTS (SELECT FROM pg_catalog.pg_trigger
            WHERE tgrelid = ours.oid AND NOT tgisinternal AND tgenabled NOT IN ('O', 'A')))
    FROM ours WHERE relname = 'migration'"""


_LACKS = """SELECT needs.a_right, needs.a_table
    FROM unnest(%(rights)s::text[], %(tables)s::text[]) AS needs (a_right, a_table)
    WHERE NOT has_table_privilege(format('%%I.%%I', %(schema)s::text, needs.a_table), needs.a_right) LIMIT 1"""


def asked(connection: "psycopg.Connection[Any]", schema: str) -> Schema:
    """Return how the tables stand, as `connection` sees them. Raises `StoreUnavailable`."""
    row = translating(lambda: connection.execute(_STATE, {"schema": schema}).fetchone())
    assert row is not None
    role, there, owned, durable, hidden, silent = row
    for table in silent:
        raise StoreUnavailable(
            f"the triggers of the table {table} are off: a sign-out would be told to no process that has the token",
            hint=f"ALTER TABLE {named(schema)}.{named(table)} ENABLE TRIGGER USER",
        )
    if hidden:
        raise StoreUnavailable(
            f"row-level security hides rows of {', '.join(hidden)} from the role {role}: accounts would seem gone",
            hint="; ".join(
                f"ALTER TABLE {named(schema)}.{named(table)} DISABLE ROW LEVEL SECURITY" for table in hidden
            ),
        )
    version = 0
    if there:
        newest = sql.SQL("SELECT coalesce(max(version), 0) FROM {}.migration").format(sql.Identifier(schema))
        version = translating(lambda: connection.execute(newest).fetchone() or (0,))[0]
    return Schema(version, NEWEST, role, owned, durable)


def connect(address: Address) -> "psycopg.Connection[Any]":
    """Return a plain connection for the work of an administrator. Raises `StoreUnavailable`."""
    made: psycopg.Connection[Any] = translating(lambda: address.connect(psycopg.Connection), not_connected)
    return made
