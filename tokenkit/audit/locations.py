"""Where the folders lie: what copies them away, what loses them, what cannot protect them."""

import os
from collections.abc import Iterator

from tokenkit.audit.check import Fault, Severity, check
from tokenkit.audit.inventory import Inventory
from tokenkit.audit.modes import POSIX
from tokenkit.audit.mounts import kind_of, mount_of
from tokenkit.paths import SUFFIX, prefix
from tokenkit.shell import quoted
from tokenkit.store.layout import LOCKS, name_of

NETWORK = frozenset(
    (
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "afs",
        "ceph",
        "fuse.sshfs",
        "fuse.glusterfs",
        "9p",
        "davfs",
        "fuse.davfs2",
    )
)
MODELESS = frozenset(("vfat", "msdos", "exfat", "ntfs", "ntfs3", "fuseblk"))
PASSING = frozenset(("overlay", "aufs", "tmpfs", "ramfs"))

NEEDED = 1 << 16
"""Bytes that must be left: a refresh writes the new record beside the old one, its note, and lines of the log."""

SYNCED_NAMES = ("dropbox", "onedrive", "google drive", "googledrive", "my drive", "icloud", "iclouddrive", "nextcloud")
SYNCED_PARTS = ("Mobile Documents", "CloudStorage")  # iCloud, and all others, in ~/Library on macOS
SYNCED_MARKS = {".stfolder": "Syncthing", ".dropbox.cache": "Dropbox", ".sync": "Resilio Sync"}


@check(
    "TK121",
    Severity.WARNING,
    "The tokens lie in a git work tree",
    "One `git add` publishes the sealed records for good; with the key, anybody can then open them.",
)
def tokens_in_git(inventory: Inventory) -> Iterator[Fault]:
    """Find sealed records below a folder with a ``.git``."""
    for tree in _work_trees(inventory.folders.tokens):
        yield Fault(inventory.folders.tokens, f"{tree} is a git work tree", _move_tokens(inventory))


@check(
    "TK122",
    Severity.ERROR,
    "Keys or client secrets lie in a git work tree",
    "One `git add` publishes them for good; people publish their dotfiles.",
)
def secrets_in_git(inventory: Inventory) -> Iterator[Fault]:
    """Find the key file and client secrets below a folder with a ``.git``."""
    for path, hint in _secrets(inventory):
        for tree in _work_trees(path):
            yield Fault(path, f"{tree} is a git work tree", hint)


@check(
    "TK123",
    Severity.ERROR,
    "The tokens lie in a folder that is synced",
    "Two machines then refresh one grant, and the provider ends it; an older copy that comes back does the same.",
)
def tokens_synced(inventory: Inventory) -> Iterator[Fault]:
    """Find sealed records in a folder of Dropbox, OneDrive, iCloud, Google Drive, Nextcloud or Syncthing."""
    for what in _synced(inventory.folders.tokens):
        yield Fault(inventory.folders.tokens, what, _move_tokens(inventory))


@check(
    "TK124",
    Severity.ERROR,
    "Keys or client secrets lie in a folder that is synced",
    "They are then on every machine and server that takes part.",
)
def secrets_synced(inventory: Inventory) -> Iterator[Fault]:
    """Find the key file and client secrets in a synced folder."""
    for path, hint in _secrets(inventory):
        for what in _synced(path):
            yield Fault(path, what, hint)


@check(
    "TK125",
    Severity.WARNING,
    "The tokens lie on a network file system",
    "Its locks may not hold between machines, and an answer to a refresh can be lost with the connection.",
)
def network_file_system(inventory: Inventory) -> Iterator[Fault]:
    """Find tokens on NFS, SMB and the like."""
    kind = kind_of(inventory.folders.tokens, inventory.mounts)
    if kind in NETWORK and os.path.exists(inventory.folders.tokens):
        yield Fault(inventory.folders.tokens, f"it lies on {kind}", _move_tokens(inventory))


@check(
    "TK126",
    Severity.ERROR,
    "A file system without modes holds keys or tokens",
    "Every user of this machine can read what lies there, whatever the modes seem to say.",
)
def modeless_file_system(inventory: Inventory) -> Iterator[Fault]:
    """Find tokens, keys or configuration on FAT, exFAT or NTFS."""
    for folder in (inventory.folders.tokens, inventory.folders.data, inventory.folders.config):
        kind = kind_of(folder, inventory.mounts)
        if kind in MODELESS and os.path.exists(folder):
            yield Fault(folder, f"it lies on {kind}", "move it to a file system of this machine, such as ext4")


@check(
    "TK127",
    Severity.NOTE,
    "The tokens do not outlive this container or session",
    "A layer of a container goes with the container, and a file system in memory with the next start.",
)
def passing_file_system(inventory: Inventory) -> Iterator[Fault]:
    """Find tokens or keys in a container's layer, or on a file system in memory."""
    for folder in (inventory.folders.tokens, inventory.folders.data):
        kind = kind_of(folder, inventory.mounts)
        if kind in PASSING and os.path.exists(folder):
            yield Fault(folder, f"it lies on {kind}", f"mount a volume at {quoted(folder)}")


@check(
    "TK128",
    Severity.ERROR,
    "The tokens are gone as a whole",
    "Where the disk is not mounted, a sign-in makes new records in the empty folder, and the old ones seem to be lost.",
)
def gone(inventory: Inventory) -> Iterator[Fault]:
    """Find a tokens folder in which nothing is left of accounts that were refreshed there, not even their lock files,
    or that has no accounts while the activity log knows of some that were not signed out.
    """
    if inventory.files is None or inventory.no_store is not None or _is_anothers_link(inventory.folders.tokens):
        return
    missing = _without_locks(inventory) or ([] if inventory.records else _not_signed_out(inventory))
    if missing:
        where = inventory.folders.tokens
        named = f"{', '.join(missing[:3])}{' and others' if len(missing) > 3 else ''}"
        hint = f"mount its disk (findmnt --target {quoted(where)}), restore a backup, or set"
        yield Fault(where, f"nothing is there of {named}", f"{hint} {prefix(inventory.kit.app)}_HOME to where they are")


@check(
    "TK129",
    Severity.ERROR,
    "What a refresh brings cannot be saved",
    "No token is refreshed before there is room for the new one, so tools stop when the stored ones end.",
)
def no_room(inventory: Inventory) -> Iterator[Fault]:
    """Find tokens that are refreshed, or the notes of that, on a file system that is full, out of files, or read-only.
    A quota of the user's own is not seen.
    """
    if inventory.files is None or not any(each.grant is None or each.grant.refresh_token for each in inventory.records):
        return
    for folder in (inventory.folders.tokens, inventory.folders.state):
        room, there = inventory.room(folder), quoted(folder)
        if room is None:
            continue
        if room.read_only or mount_of(folder, inventory.mounts).failed:
            hint = f"mount it for writing, or move what is there; to see its mount: findmnt --target {there}"
            yield Fault(folder, "its file system is read-only", hint)
        elif room.left is not None and room.left < NEEDED:
            hint = f"make room; to see where: df -h {there}"
            yield Fault(folder, f"its file system has {room.left} bytes left", hint)
        elif room.files == 0:
            yield Fault(folder, "its file system takes no more files", f"delete some; to see where: df -i {there}")


CHECKS = (
    tokens_in_git,
    secrets_in_git,
    tokens_synced,
    secrets_synced,
    network_file_system,
    modeless_file_system,
    passing_file_system,
    gone,
    no_room,
)


def _is_anothers_link(path: str) -> bool:
    """Tell whether it is a link that is not followed (TK105, TK106)."""
    return POSIX and os.path.islink(path) and os.lstat(path).st_uid != os.geteuid()


def _without_locks(inventory: Inventory) -> list[str]:
    """Return the accounts of which refreshes noted something, and whose record and lock, never deleted, are gone."""
    assert inventory.files is not None
    notes, tokens = inventory.files.notes, inventory.tree.tokens
    noted = (os.path.relpath(node.path, notes) for node in inventory.nodes() if node.path.startswith(notes + os.sep))
    accounts = [below for below in noted if _is_account(below) and os.path.isfile(os.path.join(notes, below))]
    left = {each for each in accounts if os.path.lexists(os.path.join(tokens, each + SUFFIX))}
    left |= {each for each in accounts if os.path.lexists(os.path.join(tokens, LOCKS, f"{each}.refresh"))}
    return [each for each in accounts if each not in left]


def _is_account(below: str) -> bool:
    """Tell whether the note below that path is of an account, and not of a provider or of a sign-in."""
    name = name_of(f"{below}{SUFFIX}".split(os.sep))
    return name is not None and name.kind == "grant"


def _not_signed_out(inventory: Inventory) -> list[str]:
    """Return the accounts of the activity log that were not signed out since something was stored for them.

    What was under way then, a use or a refresh that fails, may be written after the sign-out.
    """
    kept: dict[tuple[str, str], bool] = {}
    for owner, account, event in inventory.events:
        if event == "owner_deleted":
            kept = {each: is_kept for each, is_kept in kept.items() if each[0] != owner}
        elif account and (event in _STORED or (owner, account) not in kept):
            kept[owner, account] = event != "signed_out"
    left = {account for (_, account), is_kept in kept.items() if is_kept}
    return sorted(account for account in left if not _lies_there(inventory, account))


_STORED = ("signed_in", "refreshed", "saved_aside", "signed_out")
"""The events that tell whether there is a record."""


def _lies_there(inventory: Inventory, account: str) -> bool:
    """Tell whether something lies where the record would: behind a link among the folders, where no check looks."""
    return os.path.lexists(f"{os.path.join(inventory.tree.tokens, account)}{SUFFIX}")


def _secrets(inventory: Inventory) -> Iterator[tuple[str, str]]:
    """Yield the folders that hold secrets unsealed, and how each is moved away."""
    if os.path.exists(os.path.join(inventory.folders.data, "keys.json")):
        yield inventory.folders.data, "move it out, and set XDG_DATA_HOME to the folder above its new place"
    clients = os.path.join(inventory.folders.config, "clients")
    if os.path.isdir(clients):
        remove = inventory.command("client remove PROVIDER")
        yield clients, f"use the environment, or client_secret_command in config.toml, then: {remove}"


def _move_tokens(inventory: Inventory) -> str:
    top = os.path.dirname(inventory.folders.tokens)
    return f"mv {quoted(top)} ELSEWHERE, and export {prefix(inventory.kit.app)}_HOME=ELSEWHERE"


def _lineage(path: str) -> Iterator[str]:
    """Yield the real path of what exists of `path`, and every folder above it."""
    real = os.path.realpath(path)
    while True:
        yield real
        if real == os.path.dirname(real):
            return
        real = os.path.dirname(real)


def _work_trees(path: str) -> Iterator[str]:
    if os.path.exists(path):
        yield from (folder for folder in _lineage(path) if os.path.lexists(os.path.join(folder, ".git")))


def _synced(path: str) -> Iterator[str]:
    if not os.path.exists(path):
        return
    for folder in _lineage(path):
        name = os.path.basename(folder)
        known = name.lower().startswith(SYNCED_NAMES) or name in SYNCED_PARTS
        marks = [tool for mark, tool in SYNCED_MARKS.items() if os.path.lexists(os.path.join(folder, mark))]
        if known or marks:
            yield f"{folder} is synced by {marks[0]}" if marks else f"{folder} looks like a synced folder"
            return
