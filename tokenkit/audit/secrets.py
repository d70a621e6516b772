"""Secrets in the wrong place: in plaintext, in configuration, in what a shell remembers."""

import glob
import os
import re
import tomllib
from collections.abc import Iterator
from typing import Any, cast

from tokenkit.audit.check import Fault, Severity, check
from tokenkit.audit.foreign import holds_tokens
from tokenkit.audit.inventory import Inventory
from tokenkit.audit.text_file import TEMPLATES, escaped, lines, read_start
from tokenkit.audit.tree import Role
from tokenkit.audit.wording import about, login
from tokenkit.shell import quoted

HISTORIES = (
    "~/.bash_history",
    "~/.zsh_history",
    "~/.local/share/fish/fish_history",
    "~/.python_history",
    "~/.psql_history",
)

_SECRET = rb"""(?ix)
    (?: client[_-]?secret | refresh[_-]?token | access[_-]?token ) ["']?\s*[=:\s]\s*["']?(?![$<{])[\w.~+/-]{12,}
    | \b GOCSPX-[\w-]{20,} | \b ya29\.[\w.-]{20,} | \b 1//0[\w-]{20,}         # Google: client secret, access, refresh
    | \b gh[opsur]_\w{30,} | \b xox[abeprs]-[\w-]{20,}                        # GitHub, Slack
    | \b Bearer \s+ (?![$<{]) [\w.~+/-]{20,}
    """
_ENV_SECRET = rb"(?im)^\s*(?:export\s+)?\w*(?:CLIENT_SECRET|REFRESH_TOKEN|ACCESS_TOKEN)\s*=\s*[\"']?[\w.~+/-]{8,}"
"""Patterns for what only ``--deep`` looks at: they are compiled when it does."""


@check(
    "TK201",
    Severity.ERROR,
    "Tokens lie in plaintext among the sealed ones",
    "tokenkit seals what it stores; a program that reads this file has the account.",
)
def plaintext_tokens(inventory: Inventory) -> Iterator[Fault]:
    """Find files in the tokens folder with OAuth tokens in plaintext."""
    for node in inventory.nodes(Role.STRAY):
        if node.is_file and holds_tokens(node.path):
            hint = f"{inventory.command('login PROVIDER')}, then: rm {quoted(node.path)}"
            yield Fault(node.path, "it holds OAuth tokens in plaintext", hint)


@check(
    "TK202",
    Severity.ERROR,
    "A client secret stands in a configuration file",
    "Such files are shown, shared and published; secrets belong into clients/, the environment or a command.",
)
def secrets_in_config(inventory: Inventory) -> Iterator[Fault]:
    """Find ``client_secret`` in config.toml or in a provider's file."""
    for node in inventory.nodes(Role.WRITTEN):
        if node.is_file and node.path.endswith(".toml") and _has_secret(_table(node.path), 6):
            hint = f"{inventory.command('client set PROVIDER')}, then delete the line from {quoted(node.path)}"
            yield Fault(node.path, "it has a client_secret", hint)


@check(
    "TK203",
    Severity.ERROR,
    "A client secret is stored with a grant",
    "It then goes wherever the grant goes, also when the grant is moved to another machine.",
)
def secrets_in_grants(inventory: Inventory) -> Iterator[Fault]:
    """Find grants that a provider plugin put a client secret into."""
    for record, grant in inventory.grants:
        if any("secret" in name.lower() for name in (*grant.extra, *grant.unknown)):
            hint = f"upgrade or remove the plugin for {grant.provider}, then: {login(inventory, record)}"
            yield about(record, "the plugin keeps a client secret in it", hint)


@check(
    "TK231",
    Severity.WARNING,
    "A shell's history holds a secret",
    "It stays there for months, in every backup; with --deep only, as people do not expect this file to be read.",
)
def secrets_in_history(inventory: Inventory) -> Iterator[Fault]:
    """Find tokens and client secrets in the histories of shells, by line."""
    for pattern in HISTORIES if inventory.deep else ():
        path = os.path.join(inventory.home, pattern.removeprefix("~/"))
        for number, line in enumerate(lines(path), 1):
            if re.search(_SECRET, line):
                hint = f"revoke it at the provider, then delete line {number} of {quoted(path)}"
                yield Fault(f"{path}:{number}", "the command holds a token or a client secret", hint)


@check(
    "TK232",
    Severity.WARNING,
    "A .env file holds a secret",
    "Such files end up in archives, images and repositories; with --deep only.",
)
def secrets_in_env_files(inventory: Inventory) -> Iterator[Fault]:
    """Find ``.env`` files in home, in folders right below it, and in the working directory."""
    places = (inventory.cwd, inventory.home, os.path.join(inventory.home, "*")) if inventory.deep else ()
    found = {path for place in places for path in glob.iglob(os.path.join(escaped(place), ".env*"))}
    for path in sorted(path for path in found if not path.endswith(TEMPLATES)):
        number = next((number for number, line in enumerate(lines(path), 1) if re.search(_ENV_SECRET, line)), 0)
        if number:
            hint = f"{inventory.command('client set PROVIDER')}, then delete line {number} of {quoted(path)}"
            yield Fault(f"{path}:{number}", "it holds a token or a client secret", hint)


CHECKS = (plaintext_tokens, secrets_in_config, secrets_in_grants, secrets_in_history, secrets_in_env_files)


def _table(path: str) -> dict[str, Any]:
    try:
        return tomllib.loads(read_start(path).decode("utf-8-sig"))
    except ValueError:
        return {}


def _has_secret(table: dict[str, Any], depth: int) -> bool:
    if any(name.lower() == "client_secret" and isinstance(value, str) and value for name, value in table.items()):
        return True
    inner = [cast(dict[str, Any], value) for value in table.values() if isinstance(value, dict)]
    return depth > 0 and any(_has_secret(value, depth - 1) for value in inner)
