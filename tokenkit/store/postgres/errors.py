"""What PostgreSQL's errors mean here. Their own words are not repeated where they could hold a value (R35)."""

import os
import re
from collections.abc import Callable
from typing import TypeVar

import psycopg
from psycopg import errors as pg
from psycopg import sql

from tokenkit.errors import StoreUnavailable
from tokenkit.shell import quoted

WRITABLE = "ALTER ROLE ROLE SET default_transaction_read_only = off"

READ_ONLY = "try again; if that does not help, name the primary server in the address"

PASSWORDS = "~/.pgpass"
"""Where libpq looks for a password, if nobody says otherwise."""

CAUSES = (
    (r"[Pp]eer authentication|Ident authentication", "connect as the user of this system, or with @localhost"),
    (r"password", f"put the line HOST:5432:DATABASE:USER:PASSWORD into {PASSWORDS}, and chmod 600 {PASSWORDS}"),
    (r'database "(.+)" does not exist', "correct its name in the address, or as an administrator: createdb {shell}"),
    (r'role "(.+)" does not exist', "correct its name in the address, or as an administrator: createuser {shell}"),
    (r'role "(.+)" is not permitted to log in', "as an administrator: ALTER ROLE {sql} LOGIN"),
    (r'too many connections for role "(.+)"', "as an administrator: ALTER ROLE {sql} CONNECTION LIMIT -1"),
    (r'permission denied for database "(.+)"', "as an administrator: GRANT CONNECT ON DATABASE {sql} TO ROLE"),
    (r'database "(.+)" is not currently accepting', "as an administrator: ALTER DATABASE {sql} ALLOW_CONNECTIONS true"),
    (r"is starting up|is shutting down|in recovery mode|not yet accepting", "try again in some seconds"),
    (r"pg_hba.conf", "let pg_hba.conf of the server admit this role from this machine, by hostssl"),
    (r"max_client_conn", "raise max_client_conn in the settings of PgBouncer"),
    (r"too many clients|too many connections|connection slots", "raise max_connections, or put PgBouncer before it"),
    (r"unsupported startup parameter", "take it out of the address, or into ignore_startup_parameters of PgBouncer"),
    (r"certificate.* does not match host name", "write the host in the address as the server's certificate names it"),
    (r'private key file "(.+)" has group or world access', "chmod 600 {shell}"),
    (
        r"client certificate|certificate authentication|private key file",
        "name the certificate of this role and its key, without a passphrase, in the address: sslcert=FILE&sslkey=FILE",
    ),
    (
        r"certificate",
        "name the authority of the server's certificate in the address: sslrootcert=FILE; or that certificate has "
        "ended, and the server needs a new one; or the clock here is wrong",
    ),
    (r"does not support SSL", "let the server speak TLS (ssl = on); on this machine, take sslmode out of the address"),
    (
        r"read-only|recovery|standby|primary|system is not accepting",
        f"name the primary server in the address; or, if it is: {WRITABLE}",
    ),
    (r"failed to resolve|translate host name", "correct the name of the host in the address"),
    (
        r"\b(invalid|bad value|not found|missing|unrecognized|could not match|may not be used)\b",
        "correct it in the address, or in the variable PG... that says it",
    ),
)
"""What libpq and the server say of a connection that they refuse, and what helps."""

TIME_OUTS = {"57014": "statement_timeout", "55P03": "lock_timeout", "25P04": "transaction_timeout"}
"""What ends a statement that takes too long, by SQLSTATE, and its setting."""

T = TypeVar("T")


class NotDone(StoreUnavailable):
    """The statement was certainly not done: it may be sent again."""


class AnswerLost(StoreUnavailable):
    """The connection ended before the answer came: the statement may have been done, or be done yet."""


def translated(error: psycopg.Error) -> StoreUnavailable:
    """Return our error for one of a statement."""
    if isinstance(error, (pg.SerializationFailure, pg.DeadlockDetected)):
        return NotDone("other programs change the same records of the database", hint="try again")
    if isinstance(error, pg.ReadOnlySqlTransaction):
        return NotDone("the database takes no changes: it is a replica, or was set to read only", hint=READ_ONLY)
    if error.sqlstate in TIME_OUTS:
        return NotDone(
            "the database gave a statement up: its time-out is too short, or an administrator ended it",
            hint=f"for the role of this program: ALTER ROLE ROLE SET {TIME_OUTS[error.sqlstate]} = '10s'",
        )
    if isinstance(error, pg.DiskFull):
        return StoreUnavailable("the disk of the database server is full", hint="free some space on that machine")
    if isinstance(error, (pg.UndefinedTable, pg.UndefinedColumn)):
        return StoreUnavailable(
            "a table of tokenkit lacks in the database, or a part of it", hint="restore all its tables from a backup"
        )
    if isinstance(error, pg.InsufficientPrivilege):
        return StoreUnavailable(
            "the role of this program may not use the tables of tokenkit",
            hint="as the role that owns them: tokenkit store init --role ROLE",
        )
    if isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)) and _ends_the_line(error):
        return AnswerLost("the connection to the database ended, or it did not answer in time", hint="try again")
    return StoreUnavailable(
        f"the database refused: {type(error).__name__}, SQLSTATE {error.sqlstate or 'none'}",
        hint="tokenkit store status",
    )


def _ends_the_line(error: psycopg.Error) -> bool:
    """Tell an error of a connection from that of a statement, of which a server without memory has some."""
    return error.sqlstate is None or error.sqlstate[:2] in ("08", "57")


def not_connected(error: psycopg.Error, by: str = "") -> StoreUnavailable:
    """Return our error for a connection that could not be made, `by` an address that is not the store's only one."""
    words = str(error).strip().splitlines() or [type(error).__name__]
    reason = re.split(r'(?:port \d+|"|connection) failed: |connection is bad: ', words[0])[-1].strip()
    hint = "check that the server runs, and that its address is right"
    for cause, helps in CAUSES:
        found = re.search(cause, reason)
        if found:
            name = found[1] if found.re.groups else ""
            hint = _where_it_was_looked_for(helps.format(shell=quoted(name), sql=named(name)), error)
            break
    return NotDone(f"the database cannot be reached{f' by {by}' if by else ''}: {reason}", hint=hint)


def _where_it_was_looked_for(hint: str, error: psycopg.Error) -> str:
    """Return the hint with the place where libpq has looked for a password, where it is about one."""
    if PASSWORDS not in hint:
        return hint
    if os.environ.get("PGPASSWORD"):
        return "correct the variable PGPASSWORD, and start this program anew"
    found = re.search(r'password retrieved from file "(.+)"', str(error))
    file = found[1] if found else os.environ.get("PGPASSFILE")
    return hint.replace(PASSWORDS, quoted(file)) if file else hint


def named(name: str) -> str:
    """Return the name of a role, or of something else, as a statement has it."""
    return sql.Identifier(name).as_string(None)


def translating(work: Callable[[], T], translate: Callable[[psycopg.Error], StoreUnavailable] = translated) -> T:
    """Return what `work` returns. Psycopg's error may know the whole address, so it is no context of ours."""
    try:
        return work()
    except psycopg.Error as error:
        failed = translate(error)
    raise failed
