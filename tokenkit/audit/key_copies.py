"""Where else the keys are: in files that a shell or a service reads at its start, in copies, in a container's image."""

import glob
import os
import re
from collections.abc import Iterator
from itertools import islice

from tokenkit.audit.check import Fault, Severity, check
from tokenkit.audit.inventory import Inventory
from tokenkit.audit.mounts import kind_of
from tokenkit.audit.text_file import TEMPLATES, escaped, lines, read_start
from tokenkit.keys.file import path_in
from tokenkit.paths import prefix
from tokenkit.seal import b64url_encode
from tokenkit.shell import quoted

STARTUP = (
    "~/.bashrc", "~/.bash_profile", "~/.bash_login", "~/.bash_aliases", "~/.profile", "~/.zshrc", "~/.zshenv",
    "~/.zprofile", "~/.zlogin", "~/.kshrc", "~/.config/fish/config.fish", "~/.config/fish/conf.d/*.fish",
    "~/.xprofile", "~/.pam_environment", "~/.envrc", "~/.env", "~/.config/environment.d/*.conf",
    "~/.config/systemd/user/*.service", "~/.config/systemd/user/*/*.conf",
    ".envrc", ".env", ".env.*", "Dockerfile*", "*compose*.y*ml", "/etc/environment", "/etc/profile.d/*.sh",
)  # fmt: skip
"""Files below home (``~``), in the working folder, or of the whole machine, that set variables for what starts."""

_NAMED_SO = re.compile(r"key|jwk|tokenkit|backup|\.(json|txt|bak|old|odd|orig|jwks)\b|~$", re.IGNORECASE)

SMALL = 64 << 10
"""Bytes of a file that may be a copy of the keys."""

MOST = 1000
"""How many files are looked at for copies, so that a large home holds up nobody."""


@check(
    "TK138",
    Severity.ERROR,
    "A file that is read at start holds the key or its passphrase",
    "Every program that is started from there gets it, and such files are shown, shared and published.",
)
def in_startup_files(inventory: Inventory) -> Iterator[Fault]:
    """Find tokenkit's key or passphrase in startup files of shells, in .env and compose files of home and the working
    folder, in units of the user's systemd, and in /etc/environment and /etc/profile.d; other files are not looked at.
    """
    variable = _variable(prefix(inventory.kit.app))
    for path in _startup_files(inventory):
        for number, line in enumerate(lines(path), 1):
            found = None if line.lstrip().startswith(b"#") else variable.search(line)
            if found:
                name = next(filter(None, found.groups())).decode()
                yield Fault(f"{path}:{number}", f"it sets {name}", _instead(inventory, name, path, number))


@check(
    "TK139",
    Severity.WARNING,
    "A copy of the key lies about",
    "It opens every record, also after the key in use is protected better; a backup belongs on another disk.",
)
def copies(inventory: Inventory) -> Iterator[Fault]:
    """Find copies of the keys, and key lists of tokenkit, in small files of home, of the folders right below it, of the
    working folder and of our own folders, by names such as key, backup or .json; other names are not looked at.
    """
    keys = inventory.keys.keys
    secrets = [] if keys is None else [b64url_encode(key.secret) for key in keys.keys]
    ours = os.path.realpath(path_in(inventory.folders.data))
    for path in _possible_copies(inventory):
        if os.path.realpath(path) != ours and _is_copy(path, secrets):
            yield Fault(path, "it holds a key of tokenkit", f"move it to another disk, or: rm {quoted(path)}")


@check(
    "TK130",
    Severity.ERROR,
    "The key lies in a layer of a container's image",
    "Everybody who gets the image has the key, and all containers of the image share one.",
)
def in_image(inventory: Inventory) -> Iterator[Fault]:
    """Find keys and client secrets that lie on a container's overlay and are older than the container."""
    since = inventory.container_since
    clients = os.path.join(inventory.folders.config, "clients", "*.toml")
    for path in (path_in(inventory.folders.data), *sorted(glob.glob(clients))):
        try:
            older = since is not None and os.lstat(path).st_ctime < since
        except OSError:
            continue
        if older and kind_of(path, inventory.mounts) in ("overlay", "aufs"):
            hint = f"delete it where the image is built, and mount a volume or a secret at {os.path.dirname(path)}"
            yield Fault(path, "it is older than the container", f"{hint}; then: {inventory.command('key rotate')}")


CHECKS = (in_image, in_startup_files, copies)


def _variable(app: str) -> re.Pattern[bytes]:
    """Match one of our variables where it gets a value of its own: ``A=x``, ``A: x``, ``ENV A x``, ``set -x A x``."""
    name = rf"((?<![$\w{{]){re.escape(app)}_(?:KEY|PASSPHRASE))"
    value = r"[\"']?(?![$`<\s\"'])\S{3}"
    return re.compile(
        rf"{name}={value}|{name}[\"']?\s*:\s*{value}|^\s*(?:ENV|set\s+-\S+)\s+{name}\s+{value}".encode(), re.MULTILINE
    )


def _startup_files(inventory: Inventory) -> list[str]:
    found: set[str] = set()
    for pattern in STARTUP:
        base = inventory.home if pattern.startswith("~/") else inventory.cwd
        whole = pattern if os.path.isabs(pattern) else os.path.join(glob.escape(base), pattern.removeprefix("~/"))
        found.update(path for path in glob.iglob(whole) if os.path.isfile(path) and not path.endswith(TEMPLATES))
    return sorted(found)


def _possible_copies(inventory: Inventory) -> list[str]:
    folders = [inventory.home, os.path.join(inventory.home, "*"), os.path.join(inventory.home, ".*"), inventory.cwd]
    files = (
        path
        for folder in folders
        for path in glob.iglob(os.path.join(escaped(folder), "*"), include_hidden=True)
        if _NAMED_SO.search(os.path.basename(path))
    )
    own = (node.path for node in inventory.nodes() if node.is_file and _NAMED_SO.search(os.path.basename(node.path)))
    return sorted({*islice(files, MOST), *own})


def _is_copy(path: str, secrets: list[bytes]) -> bool:
    try:
        small = os.path.isfile(path) and os.path.getsize(path) <= SMALL
    except OSError:
        return False
    data = read_start(path, SMALL) if small else b""
    return any(secret in data for secret in secrets) or (b'"oct"' in data and b'"A256KW"' in data)


def _instead(inventory: Inventory, name: str, path: str, number: int) -> str:
    delete = f"delete line {number} of {quoted(path)}"
    if name.endswith("_KEY"):
        move = f"{inventory.command('key export')} | env -u {name} {inventory.command('key import -')}"
        return f"{move}, then {delete}"
    return f"{delete}, and type it when you are asked for it"
