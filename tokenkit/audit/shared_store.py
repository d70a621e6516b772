"""A store that several machines share: how its server is reached and set up, what it lost, and what was put into it."""

from collections.abc import Iterator
from datetime import UTC, datetime

from tokenkit.audit.check import Fault, Severity, check
from tokenkit.audit.inventory import Inventory
from tokenkit.audit.shared_walk import Named
from tokenkit.paths import prefix
from tokenkit.shell import quoted
from tokenkit.store.lost import lost

WHERE = "the database"


@check(
    "TK601",
    Severity.ERROR,
    "The database cannot be used",
    "No program gets a token beyond the minute for which those in memory are served.",
)
def unusable(inventory: Inventory) -> Iterator[Fault]:
    """Find a database that cannot be reached, or whose tables are of another version than this tokenkit needs."""
    if inventory.no_store is not None and not inventory.config_error:
        yield Fault(WHERE, str(inventory.no_store), inventory.no_store.hint)
    elif inventory.shared_error is not None:
        yield Fault(WHERE, str(inventory.shared_error), inventory.shared_error.hint)
    elif inventory.shared is not None and inventory.shared.schema.version != inventory.shared.schema.newest:
        found = inventory.shared.schema
        command = "migrate" if 0 < found.version < found.newest else "init"
        newer = found.version > found.newest
        hint = "upgrade tokenkit-oauth here, too" if newer else inventory.command(f"store {command}")
        yield Fault(WHERE, f"its tables have version {found.version}, and version {found.newest} is needed", hint)


@check(
    "TK602",
    Severity.ERROR,
    "The database confirms what it has not written",
    "When its power fails, refresh tokens are lost that no provider gives again.",
)
def not_durable(inventory: Inventory) -> Iterator[Fault]:
    """Find a server with ``synchronous_commit`` or ``fsync`` switched off, for the role of this program."""
    if inventory.shared is not None and not inventory.shared.schema.durable:
        yield Fault(WHERE, "synchronous_commit or fsync is off", inventory.shared.schema.makes_durable)


@check(
    "TK603",
    Severity.WARNING,
    "The role of the programs may do more than it needs",
    "A program that is taken over could drop the tables, or read what else lies in the database.",
)
def powerful_role(inventory: Inventory) -> Iterator[Fault]:
    """Find a role that owns the tables, or is a superuser."""
    shared = inventory.shared
    if shared is not None and (shared.superuser or shared.schema.owned):
        what = "is a superuser" if shared.superuser else "owns the tables"
        hint = "CREATE ROLE tokenkit_app LOGIN; then: tokenkit store init --role tokenkit_app"
        yield Fault(WHERE, f"the role {shared.schema.role} {what}", hint)


@check(
    "TK604",
    Severity.WARNING,
    "The line to the database is not protected",
    "Who reads along learns who has which account, and who poses as the server can put back old records.",
)
def unprotected_line(inventory: Inventory) -> Iterator[Fault]:
    """Find a connection that comes from another machine, as the server sees it, and without TLS: a forwarded port."""
    if inventory.shared is not None and inventory.shared.leaves and not inventory.shared.encrypted:
        hint = "name the server itself in the address, and not a forwarded port: TLS and its name are checked then"
        yield Fault(WHERE, "the server sees a connection from another machine, without TLS", hint)


@check(
    "TK605",
    Severity.WARNING,
    "The password of the database is in an environment variable",
    "Every program that is started from the same session inherits it.",
)
def password_in_environment(inventory: Inventory) -> Iterator[Fault]:
    """Find ``PGPASSWORD`` where a database is configured; an address with a password is refused in any case."""
    if inventory.is_shared and inventory.kit.configured.environ.get("PGPASSWORD"):
        hint = "put the line HOST:5432:DATABASE:USER:PASSWORD into ~/.pgpass, chmod 600 ~/.pgpass, unset PGPASSWORD"
        yield Fault("the variable PGPASSWORD", "other programs inherit it", hint)


@check(
    "TK606",
    Severity.WARNING,
    "A failover may lose a refresh",
    "A replica that lacks the last refresh has a token that is spent, and only a new sign-in helps.",
)
def replicas_may_lag(inventory: Inventory) -> Iterator[Fault]:
    """Find a server with replicas that confirms what none of them has yet."""
    if inventory.shared is not None and inventory.shared.replicas and not inventory.shared.waits:
        hint = "synchronous_standby_names = 'ANY 1 (*)' in postgresql.conf, with synchronous_commit = on"
        yield Fault(WHERE, f"it has {inventory.shared.replicas} replicas, and waits for none of them", hint)


@check(
    "TK607",
    Severity.ERROR,
    "The database lost what it had confirmed",
    "It failed over to a replica that lagged, or was restored: the refresh token that stands there is spent.",
)
def losses(inventory: Inventory) -> Iterator[Fault]:
    """Find saves of the last 30 days that were confirmed to this machine, and that the database has lost since."""
    for each in lost(inventory.kit.records.store) if inventory.shared is not None else ():
        at = datetime.fromtimestamp(each.at, UTC).strftime("%Y-%m-%d %H:%M UTC")
        what = f"{'a sign-out' if each.deleted else 'a save'} was lost, seen at {at}"
        hint = inventory.command(f"status {quoted(each.name.id)}", each.name.owner)
        yield Fault(WHERE, what, hint, each.name.id, each.name.owner)


@check(
    "TK608",
    Severity.ERROR,
    "A record was put back after a sign-out",
    "Somebody who can write to the database brought back what a person has ended; it is not used.",
)
def put_back(inventory: Inventory) -> Iterator[Fault]:
    """Find grants, of all owners, that are no newer than the last sign-out of the account."""
    if inventory.walked is not None:
        yield from _named(inventory, inventory.walked.put_back, "logout")


@check(
    "TK609",
    Severity.ERROR,
    "Records are sealed with a key that this machine lacks",
    "Accounts that other machines can use cannot be used here.",
)
def unknown_keys(inventory: Inventory) -> Iterator[Fault]:
    """Find key ids that grants of any owner name, and that are not in the key list of this machine."""
    for kid, count in sorted(inventory.walked.unknown.items()) if inventory.walked is not None else ():
        what = f"{count} grants are sealed with the key {kid!r}, which is not here"
        hint = (
            f"on a machine that has it: {inventory.command('key export')}; here: into the variable "
            f"{prefix(inventory.kit.app)}_KEY"
        )
        yield Fault(WHERE, what, hint)


@check(
    "TK610",
    Severity.ERROR,
    "A record of the database does not open",
    "It is damaged, was swapped with another's, or comes from another database; it is not used.",
)
def unopened(inventory: Inventory) -> Iterator[Fault]:
    """Find grants, of all owners but the one that is audited, that are not what was sealed under their name."""
    if inventory.walked is not None:
        yield from _named(inventory, inventory.walked.broken, "login", "--replace")


def _named(inventory: Inventory, found: Named, *command: str) -> Iterator[Fault]:
    name, *options = command
    for account, what in found.named:
        hint = inventory.command(" ".join((name, quoted(str(account)), *options)), account.owner)
        yield Fault(WHERE, what, hint, str(account), account.owner)
    more = found.count - len(found.named)
    if more:
        yield Fault(WHERE, f"and {more} more accounts", "restore the database, or look into its log")


CHECKS = (
    unusable, not_durable, powerful_role, unprotected_line, password_in_environment, replicas_may_lag, losses, put_back,
    unknown_keys, unopened,
)  # fmt: skip
