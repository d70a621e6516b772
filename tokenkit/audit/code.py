"""Whose code handles the tokens: which packages and files register providers and checks."""

import json
import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import Distribution, EntryPoint
from typing import Any

from tokenkit.audit.check import Fault, Severity, check
from tokenkit.audit.code_files import changeable, trusted
from tokenkit.audit.inventory import Inventory
from tokenkit.audit.look import Changeable
from tokenkit.audit.modes import POSIX
from tokenkit.config.client_files import client_file, read_client, stored_clients
from tokenkit.errors import ConfigurationError, StoreError, TokenKitError
from tokenkit.plugins import GROUP as PROVIDERS
from tokenkit.shell import quoted

OURS = "tokenkit-oauth"


@check(
    "TK401",
    Severity.NOTE,
    "A package adds providers or checks",
    "Its code sees refresh tokens and client secrets: know whose it is.",
)
def plugins(inventory: Inventory) -> Iterator[Fault]:
    """Find distributions, other than ours, with entry points for tokenkit."""
    for package in inventory.packages:
        if package.name != OURS:
            what = f"version {package.distribution.version} adds {', '.join(sorted({*package.adds}))}"
            yield Fault(package.name, what, f"pip uninstall {package.name}, unless you chose it")


@check(
    "TK402",
    Severity.WARNING,
    "A package that adds providers is not pinned",
    "It was installed from a folder or a branch, so that its code can change without a new version.",
)
def unpinned(inventory: Inventory) -> Iterator[Fault]:
    """Find distributions, other than ours, that were installed in place or from a moving branch (PEP 610)."""
    for package in inventory.packages:
        origin = "" if package.name == OURS else _origin(package.distribution)
        if origin:
            hint = f"pip install --force-reinstall {package.name}==VERSION, or from a commit"
            yield Fault(package.name, origin, hint)


@check(
    "TK403",
    Severity.ERROR,
    "Others can change code that handles tokens",
    "Changed code gets every token that passes.",
)
def open_code(inventory: Inventory) -> Iterator[Fault]:
    """Find code that others own or may write to: packages of ours, of plugins and of what ours need, with their
    compiled copies; the folders that Python searches, and those above; the scripts; the programs in
    client_secret_command. Of Python itself, and of what plugins need, only what is loaded is looked at.
    """
    if not POSIX:
        return
    for found in changeable(inventory):
        yield _faults(found)


@check(
    "TK407",
    Severity.ERROR,
    "Others can change which certificate authorities are trusted",
    "With one of their own they can read and change all that goes to a provider.",
)
def open_authorities(inventory: Inventory) -> Iterator[Fault]:
    """Find files and folders that SSL_CERT_FILE and SSL_CERT_DIR name, and folders above them, that others own or may
    write to; those that come with certifi are code (TK403), and those of the system are not looked at.
    """
    for found in trusted(os.environ) if POSIX else ():
        yield _faults(found)


@check(
    "TK404",
    Severity.WARNING,
    "A file takes the name of an installed provider",
    "A sign-in by that name goes where the file says, and not where you think.",
)
def shadowed(inventory: Inventory) -> Iterator[Fault]:
    """Find files in the providers folder with the name of an installed provider, which could get its tokens (R17)."""
    installed = inventory.entry_points[PROVIDERS].names
    for name, path in _provider_files(inventory):
        if name in installed:
            yield Fault(path, f"{name} is installed, too", f"mv {quoted(path)} {quoted(path)}.off")


@check(
    "TK405",
    Severity.ERROR,
    "Two packages add a provider of one name",
    "tokenkit refuses both, as it cannot know which one you mean.",
)
def rivals(inventory: Inventory) -> Iterator[Fault]:
    """Find entry points with one name and different objects."""
    found: dict[str, dict[str, EntryPoint]] = defaultdict(dict)
    for point in inventory.entry_points[PROVIDERS]:
        found[point.name][point.value] = point
    for name, rival in found.items():
        if len(rival) > 1:
            names = ", ".join(sorted(point.dist.name if point.dist else value for value, point in rival.items()))
            yield Fault(name, f"it is added by {names}", "pip uninstall all but one of them")


@check(
    "TK406",
    Severity.ERROR,
    "A configuration file cannot be used",
    "What it describes does not exist for tokenkit until it can be read.",
)
def unreadable(inventory: Inventory) -> Iterator[Fault]:
    """Find a config.toml, and files of providers and of clients, that are refused."""
    error = inventory.config_error
    if error is not None:
        yield Fault(os.path.join(inventory.folders.config, "config.toml"), str(error), error.hint or "correct it")
        return
    yield from _unusable_clients(inventory.folders.config)
    installed = inventory.entry_points[PROVIDERS].names
    for name, path in _provider_files(inventory):
        provider = inventory.provider(name) if name not in installed else None
        if isinstance(provider, TokenKitError):
            yield Fault(path, str(provider), provider.hint or "correct it")


CHECKS = (plugins, unpinned, open_code, shadowed, rivals, unreadable, open_authorities)


def _unusable_clients(config: str) -> Iterator[Fault]:
    with suppress(StoreError):  # why a folder or a file is refused, the checks of files say
        for name in stored_clients(config):
            path = client_file(config, name)
            with suppress(StoreError):
                try:
                    read_client(path)
                except ConfigurationError as error:
                    yield Fault(path, str(error), error.hint)


def _faults(found: list[Changeable]) -> Fault:
    """Say what others can change, in one fault: of one file or folder, or of the folder in which all of them lie."""
    first = found[0]
    if len(found) == 1:
        fix = f"sudo chown {os.geteuid()}" if first.owned else "chmod go-w"
        return Fault(first.path, first.how, f"{fix} {quoted(first.path)}")
    folder = os.path.commonpath([each.path for each in found])
    fixes = (f"sudo chown -R {os.geteuid()}" if any(each.owned for each in found) else "", "chmod -R go-w")
    what = f"{len(found)} of the files and folders in it, the first of which is {first.path}: {first.how}"
    return Fault(folder, what, " && ".join(f"{fix} {quoted(folder)}" for fix in fixes if fix))


def _origin(distribution: Distribution) -> str:
    """Say how the package came here, where its code can change under its version; else empty."""
    try:
        record: dict[str, Any] = json.loads(distribution.read_text("direct_url.json") or "{}")
        if record.get("dir_info", {}).get("editable"):
            return f"it is installed in place from {record['url']}"
        vcs = record.get("vcs_info", {})
        revision = vcs.get("requested_revision", "")
        moving = bool(vcs) and revision != vcs.get("commit_id")
        return f"it was installed from {revision or 'the default branch'} of a repository" if moving else ""
    except (ValueError, KeyError, AttributeError):
        return ""


def _provider_files(inventory: Inventory) -> Iterator[tuple[str, str]]:
    folder = os.path.join(inventory.folders.config, "providers")
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        if name.endswith(".toml"):
            yield name.removesuffix(".toml"), os.path.join(folder, name)
