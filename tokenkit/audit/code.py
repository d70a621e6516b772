"""Whose code handles the tokens: which packages and files register providers and checks."""

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, EntryPoint
from typing import Any

from tokenkit.audit.check import Fault, Severity, check
from tokenkit.audit.inventory import Inventory
from tokenkit.audit.modes import POSIX, others_write
from tokenkit.errors import ConfigurationError, TokenKitError
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
        origin = _origin(package.distribution)
        if package.name != OURS and origin:
            hint = f"pip install --force-reinstall {package.name}==VERSION, or from a commit"
            yield Fault(package.name, origin, hint)


@check(
    "TK403",
    Severity.ERROR,
    "Others can change code that handles tokens",
    "Changed code gets every token that passes.",
)
def open_code(inventory: Inventory) -> Iterator[Fault]:
    """Find Python files of ours and of plugins that others own or may write to."""
    if not POSIX:
        return
    me = os.geteuid()
    for path in _code(inventory):
        try:
            status = os.stat(path)
        except FileNotFoundError:
            continue
        if others_write(status):
            yield Fault(
                path, f"others may write to it (mode {status.st_mode & 0o777:04o})", f"chmod go-w {quoted(path)}"
            )
        if status.st_uid not in (0, me):
            yield Fault(path, f"it belongs to user {status.st_uid}", f"sudo chown {me} {quoted(path)}")


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
    """Find a config.toml, and files of providers, that are refused."""
    try:
        inventory.kit.config  # noqa: B018 - reading it is the check
    except ConfigurationError as error:
        yield Fault(os.path.join(inventory.folders.config, "config.toml"), str(error), error.hint or "correct it")
        return
    installed = inventory.entry_points[PROVIDERS].names
    for name, path in _provider_files(inventory):
        provider = inventory.provider(name) if name not in installed else None
        if isinstance(provider, TokenKitError):
            yield Fault(path, str(provider), provider.hint or "correct it")


CHECKS = (plugins, unpinned, open_code, shadowed, rivals, unreadable)


def _code(inventory: Inventory) -> Iterable[str]:
    """Return the Python files of these packages."""
    for package in inventory.packages:
        for file in package.distribution.files or ():
            if file.suffix == ".py":
                yield str(package.distribution.locate_file(file))


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
