"""The keys: whether they are there, where they lie, how old they are, and what else could show them."""

import os
from collections.abc import Iterator

from tokenkit.audit.check import Fault, Severity, check
from tokenkit.audit.inventory import Inventory
from tokenkit.audit.tree import Role
from tokenkit.duration import duration
from tokenkit.keys.environment import EnvironmentSource
from tokenkit.keys.file import path_in
from tokenkit.paths import prefix

OLD = 365 * 86400.0
"""Seconds after which a key counts as old."""


@check(
    "TK131",
    Severity.ERROR,
    "The key lies beside the tokens",
    "A copy of that folder, a backup or an archive, has both.",
)
def beside_tokens(inventory: Inventory) -> Iterator[Fault]:
    """Find keys in the folder of the tokens or the configuration, or the other way round."""
    if not os.path.exists(path_in(inventory.folders.data)):
        return
    top = os.path.dirname(inventory.folders.tokens)
    for other in (top, inventory.folders.config):
        if os.path.commonpath((inventory.folders.data, other)) in (inventory.folders.data, other):
            variables = f"XDG_DATA_HOME, or {prefix(inventory.kit.app)}_HOME"
            hint = f"set {variables}, so that they are apart, and move the files there"
            yield Fault(path_in(inventory.folders.data), f"it lies together with {other}", hint)


@check(
    "TK132",
    Severity.ERROR,
    "The key is missing",
    "Nothing opens the sealed records without it, and no new one is made in its place.",
)
def missing(inventory: Inventory) -> Iterator[Fault]:
    """Find sealed records where there is no key."""
    keys = inventory.keys
    if keys.keys is None and not keys.said and any(inventory.nodes(Role.RECORD)):
        where = inventory.kit.records.ring.source.describe()
        yield Fault(where, "there are sealed records, and no key", inventory.command("key import FILE, from a backup"))


@check(
    "TK133",
    Severity.ERROR,
    "The key cannot be used",
    "Nothing opens the sealed records without it, and no new one is made in its place.",
)
def unusable(inventory: Inventory) -> Iterator[Fault]:
    """Find a key file, or a variable, that holds no key or cannot be read."""
    keys = inventory.keys
    if keys.said and not keys.locked:
        source = inventory.kit.records.ring.source
        given = isinstance(source, EnvironmentSource)
        restore = f"restore it from a backup, or: {inventory.command('key import FILE')}"
        yield Fault(source.describe() if given else path_in(inventory.folders.data), keys.said, keys.hint or restore)


@check(
    "TK134",
    Severity.NOTE,
    "The key is in an environment variable",
    "Every program that is started from there gets it, and debuggers and crash reports show it.",
)
def in_environment(inventory: Inventory) -> Iterator[Fault]:
    """Find a key in an environment variable; a credential of the service manager is better."""
    source = inventory.kit.records.ring.source
    if isinstance(source, EnvironmentSource) and "variable" in source.describe():
        unset = (
            f"env -u {prefix(inventory.kit.app)}_KEY {inventory.command('key import -')}"  # else it would not be ours
        )
        move = f"{inventory.command('key export')} | {unset}"
        hint = f"use a credential (LoadCredentialEncrypted= in systemd.exec(5)), or: {move}"
        yield Fault(source.describe(), "other programs inherit it", hint)


@check(
    "TK135",
    Severity.NOTE,
    "The key is old",
    "A copy that got away some time ago, in a backup or with a disk, still opens everything.",
)
def old(inventory: Inventory) -> Iterator[Fault]:
    """Find a key file that has not changed for a year."""
    path = path_in(inventory.folders.data)
    try:
        age = inventory.now - os.lstat(path).st_mtime
    except OSError:
        return
    if age > OLD:
        yield Fault(path, f"it has not changed for {duration(age)}", inventory.command("key rotate"))


@check(
    "TK136",
    Severity.NOTE,
    "A rotation of the key was not finished",
    "Records that are sealed with an older key still need it, so that it cannot be dropped.",
)
def unfinished_rotation(inventory: Inventory) -> Iterator[Fault]:
    """Find records that are sealed with another key than the first."""
    keys = inventory.keys.keys
    if keys is None:
        return
    older = {key.kid for key in keys.keys[1:]}
    count = sum(record.kid in older for record in inventory.records)
    if count:
        what = f"{count} of {len(inventory.records)} records are sealed with an older key"
        yield Fault(path_in(inventory.folders.data), what, inventory.command("key rotate --finish"))


@check(
    "TK137",
    Severity.NOTE,
    "Programs may leave core dumps",
    "When a program that holds a token crashes, its memory is written to the disk, token and key included.",
)
def core_dumps(inventory: Inventory) -> Iterator[Fault]:
    """Find a limit for core dumps that is not zero."""
    if inventory.core_limit != 0:
        yield Fault("this session", "core dumps are allowed", "ulimit -c 0, in the profile of your shell")


CHECKS = (beside_tokens, missing, unusable, in_environment, old, unfinished_rotation, core_dumps)
