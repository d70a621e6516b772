"""When each account was last used, and by which program, as the activity log says."""

from collections.abc import Mapping
from dataclasses import dataclass

from tokenkit import activity, chained_log
from tokenkit.errors import StoreError
from tokenkit.kit import TokenKit


@dataclass(frozen=True, slots=True)
class LastUse:
    """When an account's token was last given out (Unix time in seconds, UTC), and to which program."""

    at: float
    program: str


def last_uses(kit: TokenKit) -> Mapping[str, LastUse]:
    """Return the last use of each account of the kit. What the log does not say, or cannot be read, is left out."""
    found: dict[str, LastUse] = {}
    try:
        for line in chained_log.lines(activity.folder(kit.folders)):
            entry = line.entry or {}
            at, program, account = entry.get("at"), entry.get("program"), entry.get("account")
            ours = entry.get("event") == "used" and entry.get("owner", "") == kit.owner
            if ours and isinstance(at, int | float) and isinstance(program, str) and isinstance(account, str):
                found[account] = LastUse(float(at), program)
    except StoreError:
        return {}
    return found
