"""What PostgreSQL's errors mean here. Their own words are not repeated where they could hold a value (R35)."""

from collections.abc import Callable
from typing import TypeVar

import psycopg
from psycopg import errors as pg

from tokenkit.errors import StoreUnavailable

PERMANENT = (
    pg.InvalidAuthorizationSpecification,
    pg.InvalidCatalogName,
    pg.InsufficientPrivilege,
    pg.UndefinedTable,
    pg.InvalidSchemaName,
    pg.UndefinedColumn,
)


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
        return NotDone("the database takes no changes: it is a replica, or was set to read only", hint="try again")
    if isinstance(error, pg.InsufficientPrivilege):
        return StoreUnavailable(
            "the role of this program may not use the tables of tokenkit",
            hint="as the role that owns them: tokenkit store init --role ROLE",
        )
    if isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)) and not isinstance(error, pg.DiskFull):
        return AnswerLost("the connection to the database ended, or it did not answer in time", hint="try again")
    return StoreUnavailable(
        f"the database refused: {type(error).__name__}, SQLSTATE {error.sqlstate or 'none'}",
        hint="tokenkit store status",
    )


def not_connected(error: psycopg.Error) -> StoreUnavailable:
    """Return our error for a connection that could not be made."""
    words = str(error).strip().splitlines() or [type(error).__name__]
    reason = words[-1 if "\n" not in str(error).strip() else 0].rpartition(" failed: ")[2].strip()
    hint = "check that the server runs, and that its address is right"
    if "password" in reason:
        hint = "put the line HOST:5432:DATABASE:USER:PASSWORD into ~/.pgpass, and chmod 600 ~/.pgpass"
    return NotDone(f"the database cannot be reached: {reason}", hint=hint)


def translating(work: Callable[[], T], translate: Callable[[psycopg.Error], StoreUnavailable] = translated) -> T:
    """Return what `work` returns. Psycopg's error may know the whole address, so it is no context of ours."""
    try:
        return work()
    except psycopg.Error as error:
        failed = translate(error)
    raise failed
