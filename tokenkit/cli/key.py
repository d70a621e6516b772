"""``tokenkit key``: the keys that seal what is stored. None is dropped while a record needs it (R29)."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tokenkit.cli.group import group
from tokenkit.cli.options import AsJson
from tokenkit.cli.output import data, say, waiting
from tokenkit.cli.session import open_kit
from tokenkit.cli.tables import show_table
from tokenkit.errors import KeyUnavailable, UsageError

if TYPE_CHECKING:
    from tokenkit.grants.rotate import Rotation
    from tokenkit.kit import TokenKit

NONE_YET = "There is no key yet; the first sign-in makes one"

key = group("Keep the keys that seal what is stored.")


@key.command("list", short_help="List the keys by id; no key is shown.")
def list_keys(ctx: typer.Context, json: AsJson = False) -> None:
    """List the keys by id, where they come from, and how many records each has sealed; no key is shown."""
    kit = open_kit(ctx)
    source = kit.records.ring.source.describe()
    rows = _rows(kit)
    if json:
        from tokenkit.cli.json_output import keys_json

        return data(keys_json(source, rows))
    say(f"From {source}")
    return show_table(("KEY", "USE", "RECORDS"), [(kid, use, str(records)) for kid, use, records in rows])


@key.command("add", short_help="Put a new key in front; the others still open.")
def add_key(ctx: typer.Context) -> None:
    """Put a new key in front: it seals from now on, and the others still open."""
    kit = open_kit(ctx)
    kid = kit.records.ring.add().first.kid
    kit.activity.record("key_changed", how="added", kid=kid)
    if kit.records.ring.shared:
        say(f"The key {kid} seals once every machine that shares the store has it: tokenkit key export")
    else:
        say(f"The key {kid} seals from now on. To seal everything with it: tokenkit key rotate --finish")


@key.command("rotate", short_help="Seal everything with a new key, and drop the old ones.")
def rotate_key(
    ctx: typer.Context,
    finish: Annotated[
        bool, typer.Option("--finish", help="Add no key; seal with the first one what is sealed with another.")
    ] = False,
) -> None:
    """Seal everything with a new key, and drop the old ones.

    Programs that run go on. Where the keys come from the environment, or machines share the store, the new value is
    printed, to be put there first.
    """
    from tokenkit.grants import rotate

    kit = open_kit(ctx)
    ring = kit.records.ring
    if not finish and (ring.shared or not ring.source.writable):
        return _print_new_value(kit)
    with waiting("sealing the records with another key"):
        work = rotate.finish if finish else rotate.rotate
        done = work(kit.records)
    kit.activity.record("key_changed", how="rotated", kid=done.kid, resealed=done.resealed)
    return _tell(kit, done)


@key.command("move", short_help="Keep the keys in the OS keyring, or elsewhere.")
def move_key(
    ctx: typer.Context,
    to: Annotated[str, typer.Option("--to", metavar="PLACE", help="file, keyring or passphrase.", show_default=False)],
) -> None:
    """Keep the keys in the OS keyring, under a passphrase, or in a plain file again. Records are not touched."""
    from tokenkit.keys.key_file_source import KeyFileSource

    kit = open_kit(ctx)
    source = kit.records.ring.source
    if not isinstance(source, KeyFileSource):
        where = source.describe()
        raise UsageError(
            f"the keys come from {where}, which tokenkit cannot change",
            hint=f"put the output of `tokenkit key export` into `tokenkit key import -`, run without {where}",
        )
    source.move(to)
    kit.activity.record("key_changed", how="moved", to=to)
    say(f"The keys are in {source.describe()} now.")


@key.command("export", short_help="Print all keys, for a backup.")
def export_keys(ctx: typer.Context) -> None:
    """Print all keys as a JWK Set (RFC 7517), for a backup. Anybody who has it can open what is stored here."""
    kit = open_kit(ctx)
    if _none_yet(kit):
        raise KeyUnavailable(NONE_YET, hint="tokenkit login PROVIDER")
    data(kit.records.ring.export_keys().decode().rstrip())
    kit.activity.record("key_exported")
    say("Keep this as safe as the accounts themselves.")


@key.command("import", short_help="Add the keys of a backup behind those there are.")
def import_keys(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="What key export wrote, or - for stdin.")],
) -> None:
    """Add the keys of a backup behind the present ones, so that what they have sealed opens again."""
    from tokenkit.cli.registration import read_file

    kit = open_kit(ctx)
    keys = kit.records.ring.import_keys(read_file(file), "stdin" if file == "-" else file)
    kit.activity.record("key_changed", how="imported")
    say(f"{len(keys.keys)} keys are there now." if len(keys.keys) > 1 else "One key is there now.")


def _rows(kit: "TokenKit") -> list[tuple[str, Literal["seals", "opens", "missing"], int]]:
    from tokenkit.grants.rotate import records_by_kid

    if _none_yet(kit):
        say(f"{NONE_YET}.")
        return []
    sealed = records_by_kid(kit.records)
    first = kit.records.ring.current().kid
    others = [item.kid for item in kit.records.ring.keys().keys if item.kid != first]
    missing = sorted(sealed.keys() - {first, *others})
    return [
        (first, "seals", sealed[first]),
        *((kid, "opens", sealed[kid]) for kid in others),
        *((kid, "missing", sealed[kid]) for kid in missing),
    ]


def _none_yet(kit: "TokenKit") -> bool:
    """Tell whether there is no key because none was needed yet. R28: with a sealed record, a missing key is lost."""
    from tokenkit.grants.rotate import every_record

    ring = kit.records.ring
    if ring.shared:  # then none is ever made, and what needs one says where it comes from
        return False
    return ring.source.version() is None and next(every_record(kit.records), None) is None


def _print_new_value(kit: "TokenKit") -> None:
    from tokenkit.keys import jwks, rotation

    ring = kit.records.ring
    data(jwks.dump(rotation.added(ring.keys())).decode().rstrip())
    where = (
        f"{ring.source.describe()}, on each machine that shares the store" if ring.shared else ring.source.describe()
    )
    say(f"Put this into {where} and restart every program that uses it.")
    if ring.shared:
        say("The order does not matter: the new key seals nothing before all machines have it.")
    say("Then: tokenkit key rotate --finish")


def _tell(kit: "TokenKit", done: "Rotation") -> None:
    say(f"The key {done.kid} seals now; {done.resealed} records were sealed anew.")
    if done.dropped:
        verb = (
            "dropped" if kit.records.ring.source.writable else "needed no longer, and can be taken out where they are"
        )
        say(f"{verb.capitalize()}: {', '.join(done.dropped)}")
    for name in done.unopened:
        say(f"Left as it was, since it cannot be opened: {name.kind} {name.id}")
    if done.unopened:
        raise typer.Exit(1)
