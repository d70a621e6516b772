"""``tokenkit store``: the tables of the database that several machines share."""

from typing import TYPE_CHECKING, Annotated

import typer

from tokenkit.cli.group import group
from tokenkit.cli.output import data, say
from tokenkit.cli.session import open_kit
from tokenkit.cli.store_copy import copy_store, store_variable
from tokenkit.errors import UsageError

if TYPE_CHECKING:
    from tokenkit.store.postgres.schema import Schema
    from tokenkit.store.postgres.store import PostgresStore

store = group("Keep the database that several machines share.")


@store.command("init", short_help="Make the tables, as the role that owns them.")
def init_store(
    ctx: typer.Context,
    role: Annotated[
        str,
        typer.Option("--role", metavar="ROLE", help="The role of the programs.", show_default=False),
    ] = "",
) -> None:
    """Make the tables, as the role that owns them, and let another role use them. What is there already stays."""
    address = _shared(ctx).address  # first: it says where psycopg is missing
    from tokenkit.store.postgres import schema

    _tell(schema.init(address, role))


@store.command("migrate", short_help="Change the tables to what this tokenkit needs.")
def migrate_store(ctx: typer.Context) -> None:
    """Change the tables to what this tokenkit needs, as the role that owns them. No record is touched."""
    address = _shared(ctx).address
    from tokenkit.store.postgres import schema

    _tell(schema.migrate(address))


store.command("copy", short_help="Move all accounts into this store from another one.")(copy_store)


@store.command("status", short_help="Tell whether the tables fit this tokenkit.")
def store_status(ctx: typer.Context) -> None:
    """Tell whether the tables fit this tokenkit, and whether the role owns no more than it should."""
    shared = _shared(ctx)
    from tokenkit.store.postgres import schema

    found = schema.status(shared.address)
    _tell(found)
    if found.owned:
        say(f"tokenkit: warning: the role {found.role} owns the tables, and a program needs a role that owns nothing")
        say("tokenkit: hint: CREATE ROLE tokenkit_app LOGIN; then: tokenkit store init --role tokenkit_app")
    schema.refuse_unfit(found)
    with schema.connect(shared.address) as connection:
        schema.check_rights(connection, shared.address.schema, found.role)
    from tokenkit.cli.store_losses import tell_losses
    from tokenkit.grants import fleet_key

    shared.reach()  # it connects, and compares
    tell_losses(shared.lost)
    ring = open_kit(ctx).records.ring
    if ring.source.version() is None:  # that of an administrator needs none
        return say("tokenkit: warning: this machine has no key, and programs here would need that of the others")
    fleet_key.check(shared, ring)
    return data(f"key: {ring.current().kid}")


def _tell(found: "Schema") -> None:
    data(f"tables: version {found.version}; this tokenkit needs version {found.newest}")
    data(f"role: {found.role}")


def _shared(ctx: typer.Context) -> "PostgresStore":
    """Return the store that machines share. Raises `UsageError` where the records are files."""
    kit = open_kit(ctx)
    store = kit.records.store
    if not getattr(store, "shared", False):
        raise UsageError(
            f"the records are files on this machine, in {kit.folders.tokens}",
            hint=store_variable(kit),
        )
    from tokenkit.store.postgres.store import PostgresStore

    assert isinstance(store, PostgresStore)
    return store
