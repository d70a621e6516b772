"""``tokenkit store copy``."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from tokenkit.cli.output import data, say
from tokenkit.cli.session import open_kit
from tokenkit.errors import KeyUnavailable, StoreUnavailable, TokenKitError, UsageError
from tokenkit.paths import prefix
from tokenkit.shell import account_options, quoted, with_options

if TYPE_CHECKING:
    from tokenkit.kit import TokenKit
    from tokenkit.moving.account import Moved
    from tokenkit.store import Store


WITH_BOTH_KEYS = (
    "where these records are used: tokenkit key export > FILE; and here, with that file: tokenkit key import FILE "
    "(or add its key to the list that the variable or the credential has)"
)


def store_variable(kit: "TokenKit") -> str:
    """Return the command that names a database as the store."""
    return f"export {prefix(kit.app)}_STORE=postgresql://USER@HOST/DATABASE"


def copy_store(
    ctx: typer.Context,
    source: Annotated[
        str,
        typer.Argument(metavar="FROM", help="A folder of tokens, or postgresql://…; else the files of this machine."),
    ] = "",
) -> None:
    """Move all accounts of all owners into the store that TOKENKIT_STORE or config.toml names.

    Each is marked as moved where it was, and serves nothing there from then on. Run it again after it was interrupted:
    it goes on where it stopped. An account that another program refreshes at that moment is left out, and said.
    """
    from tokenkit.grants import fleet_key
    from tokenkit.moving.store import move_all

    kit = open_kit(ctx)
    if kit.owner:
        raise UsageError("the accounts of all owners are moved together", hint="leave --owner out")
    came_from = kit.records.of_store(_source(kit, source))
    counts: dict[str, int] = {}
    kit.records.ring.current()
    fleet_key.check(kit.records.store, kit.records.ring)  # now, and not at each account
    try:
        for moved in move_all(came_from, kit.records, kit.context.now()):
            counts[moved.outcome] = counts.get(moved.outcome, 0) + 1
            _tell(moved, kit.app)
    except KeyUnavailable as error:
        raise KeyUnavailable(str(error), hint=WITH_BOTH_KEYS) from None
    data(", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())) or "there is nothing to move")
    if counts.get("failed"):
        raise StoreUnavailable("not all accounts could be moved", hint="run it again")
    if counts.get("left"):
        raise TokenKitError("some accounts were left where they are", hint="see above, and run it again")


def _source(kit: "TokenKit", named: str) -> "Store":
    """Return the store to move from. Raises `UsageError` where that is the one to move into, or is none."""
    from tokenkit.store.files import FileStore

    if named.startswith(("postgresql://", "postgres://")):
        return _database(kit, named)
    if "://" in named:  # it may hold a password
        raise UsageError(
            "FROM is no address of PostgreSQL, and no folder", hint="write it as postgresql://USER@HOST/DATABASE"
        )
    store = FileStore(named or kit.folders.tokens, kit.folders.state)
    if isinstance(kit.records.store, FileStore) and _same_folder(kit.records.store.tokens, store.tokens):
        raise UsageError(
            f"the accounts are to be moved from {store.tokens} into itself",
            hint=store_variable(kit),
        )
    if not os.path.isdir(store.tokens):
        raise UsageError(f"there is no folder {store.tokens}", hint="tokenkit store copy FOLDER")
    if named and not any(next(store.names("grant", owner), None) for owner in store.owners()):
        inner = os.path.join(store.tokens, "tokens")
        meant = quoted(inner) if os.path.isdir(inner) else "FOLDER, in which a folder of each provider lies"
        raise UsageError(f"no account lies in {store.tokens}", hint=f"tokenkit store copy {meant}")
    return store


def _same_folder(one: str, other: str) -> bool:
    """Tell whether it is one folder, also where a link or a mount calls it otherwise: its leases would wait for it."""
    return one == other or (os.path.isdir(one) and os.path.isdir(other) and os.path.samefile(one, other))


def _database(kit: "TokenKit", named: str) -> "Store":
    from tokenkit.store.postgres.address import Address

    address = Address(named, "FROM", kit.app)  # first: it says where psycopg is missing
    from tokenkit.store.postgres.store import PostgresStore

    other, into = PostgresStore(address), kit.records.ring.store_id()
    try:
        same = other.identity() == into
    except StoreUnavailable as error:
        raise StoreUnavailable(f"FROM: {error}", hint="correct the address after: tokenkit store copy") from None
    if same:
        raise UsageError("the accounts are to be moved from a database into itself", hint=store_variable(kit))
    return other


def _tell(moved: "Moved", app: str) -> None:
    who = str(moved.account) + (f" of {moved.account.owner}" if moved.account.owner else "")
    if moved.outcome == "moved":
        say(f"Moved {who}.")
    elif moved.outcome != "moved before":
        say(f"tokenkit: warning: {who} was not moved: {moved.reason}")
        say(f"tokenkit: hint: {with_options(moved.hint, account_options(app, moved.account.owner))}")
