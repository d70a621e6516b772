"""Tokens of other tools that lie in plaintext where those tools put them. Found and named; never opened for use."""

import glob
import json
import os
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from tokenkit.audit.check import Check, Fault, Severity
from tokenkit.audit.inventory import Inventory
from tokenkit.audit.text_file import read_start
from tokenkit.errors import UsageError
from tokenkit.shell import quoted

if TYPE_CHECKING:
    from tokenkit.importing.found import Found

LIMIT = 4 << 20
"""Bytes of a file that are looked at."""

_MEMBERS = frozenset(("accesstoken", "refreshtoken", "oauthtoken"))
_SHORT = frozenset(("access", "refresh"))  # beside "type": "oauth", as OpenClaw and opencode write
_TEXT = re.compile(rb"^\s*oauth_token:\s*\S|^token\s*=\s*\{.*refresh_token", re.MULTILINE)  # gh, rclone


class Tool(NamedTuple):
    """Where a tool keeps its tokens: patterns below home (``~``) or the working directory.

    `provider` is the provider of ours whose sign-in takes the tool's place; empty where the tool goes on by itself.
    """

    id: str
    name: str
    patterns: tuple[str, ...]
    provider: str = ""


TOOLS = (
    Tool("TK211", "PocketPaw", ("~/.pocketpaw/oauth/*.json",), "google"),
    Tool("TK212", "spotipy", (".cache", ".cache-*", "~/.cache-*"), "spotify"),
    Tool("TK213", "a program made from Google's quickstart", ("token.json", "~/token.json"), "google"),
    Tool("TK214", "the Google Workspace MCP server", ("~/.google_workspace_mcp/credentials/*.json",), "google"),
    Tool("TK215", "the Google Calendar MCP server", ("~/.config/google-calendar-mcp/*.json",), "google"),
    Tool("TK216", "the Gmail MCP server", ("~/.gmail-mcp/credentials*.json",), "google"),
    Tool(
        "TK217",
        "gcloud",
        (
            "~/.config/gcloud/application_default_credentials.json",
            "~/.config/gcloud/credentials.db",
            "~/.config/gcloud/legacy_credentials/*/adc.json",
        ),
    ),
    Tool("TK218", "the Azure CLI (msal)", ("~/.azure/msal_token_cache.json", "~/.IdentityService/msal*.cache*")),
    Tool("TK219", "mcp-remote", ("~/.mcp-auth/*/*_tokens.json", "~/.mcp-auth/*_tokens.json")),
    Tool("TK220", "FastMCP", ("~/.fastmcp/oauth-mcp-client-cache/*.json",)),
    Tool("TK221", "OpenClaw", ("~/.openclaw/agents/*/agent/auth-profiles.json", "~/.openclaw/credentials/*.json")),
    Tool("TK222", "Claude Code", ("~/.claude/.credentials.json",)),
    Tool("TK223", "the Gemini CLI", ("~/.gemini/oauth_creds.json",)),
    Tool("TK224", "the Codex CLI", ("~/.codex/auth.json",)),
    Tool("TK225", "opencode", ("~/.local/share/opencode/auth.json", "~/.local/share/opencode/mcp-auth.json")),
    Tool("TK226", "Crush", ("~/.config/crush/mcp-oauth-tokens.json",)),
    Tool("TK227", "the GitHub CLI", ("~/.config/gh/hosts.yml",)),
    Tool("TK228", "rclone", ("~/.config/rclone/rclone.conf",)),
    Tool("TK229", "Hermes Agent", ("~/.hermes/auth.json", "~/.hermes/google_token.json")),
    Tool(
        "TK230",
        "Home Assistant",
        ("~/.homeassistant/.storage/core.config_entries", "~/homeassistant/.storage/core.config_entries"),
    ),
)


def holds_tokens(path: str) -> bool:
    """Tell whether the file holds an OAuth token in plaintext, in one of the shapes that these tools write."""
    data = read_start(path, LIMIT)
    try:
        return _in_json(json.loads(data), 8)
    except (ValueError, RecursionError):
        return bool(_TEXT.search(data) or _grants(path))


def _in_json(value: Any, depth: int) -> bool:
    if isinstance(value, list):
        return depth > 0 and any(_in_json(item, depth - 1) for item in cast("list[object]", value))
    if not isinstance(value, dict):
        return False
    members = cast(dict[str, Any], value)
    short = _SHORT if members.get("type") == "oauth" else frozenset[str]()
    if any(_names_token(name, short) and member for name, member in members.items()):
        return True
    return depth > 0 and any(_in_json(member, depth - 1) for member in members.values())


def _names_token(name: str, short: frozenset[str]) -> bool:
    return name in short or name.lower().replace("_", "") in _MEMBERS


def _find(tool: Tool) -> Callable[[Inventory], Iterator[Fault]]:
    def find(inventory: Inventory) -> Iterator[Fault]:
        for path in _paths(tool, inventory):
            if os.path.isfile(path) and holds_tokens(path):
                mode = os.stat(path).st_mode & 0o777
                whom = f"others can read it (mode {mode:04o})" if mode & 0o044 else "every program of yours can read it"
                yield Fault(path, whom, _hint(inventory, tool, path, mode))

    return find


def _paths(tool: Tool, inventory: Inventory) -> Iterator[str]:
    found: set[str] = set()
    for pattern in tool.patterns:
        base = inventory.home if pattern.startswith("~/") else inventory.cwd
        found.update(glob.iglob(os.path.join(glob.escape(base), pattern.removeprefix("~/"))))
    return iter(sorted(found))


def _hint(inventory: Inventory, tool: Tool, path: str, mode: int) -> str:
    narrow = f"chmod 600 {quoted(path)}" if mode & 0o077 else ""
    if tool.provider:
        if line := _import_line(path):
            return f"{inventory.command(line)}, have the tool ask tokenkit, then: rm {quoted(path)}"
        provider = "spotify" if os.path.basename(path).startswith("spotify") else tool.provider  # one of PocketPaw's
        return f"{inventory.command(f'login {provider}')}, have the tool ask tokenkit, then: rm {quoted(path)}"
    return narrow or f"keep it out of backups and synced folders; sign out of {tool.name} when you no longer use it"


def _import_line(path: str) -> str:
    """Return the command that takes over what lies there; empty where it cannot be, or where the person must choose."""
    from tokenkit.importing.guessing import issuer_of

    grants = _grants(path)
    one = len(grants) == 1 and grants[0].refresh_token and issuer_of(grants[0])
    return f"import {quoted(path)}" if one else ""


def _grants(path: str) -> "list[Found]":
    """Return what ``tokenkit import`` finds in the file; nothing where it refuses to read it."""
    from tokenkit.importing.choosing import grants_in  # its readers take longer to load than all checks to run
    from tokenkit.importing.files import open_file

    try:
        return grants_in(open_file(path))
    except UsageError:
        return []


CHECKS = tuple(
    Check(
        id=tool.id,
        severity=Severity.WARNING if tool.provider else Severity.NOTE,
        title=f"Tokens of {tool.name} lie in plaintext",
        why="Any program, backup or archive that reads the file has the account, for as long as the grant lasts.",
        find=_find(tool),
    )
    for tool in TOOLS
)
