"""When each account was last used, and by which program, as the activity log says."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tokenkit import chained_log
from tokenkit.errors import StoreError
from tokenkit.kit import TokenKit
from tokenkit.paths import activity_folder


@dataclass(frozen=True, slots=True)
class LastUse:
    """When an account's token was last given out (Unix time in seconds, UTC), and to which program."""

    at: float
    program: str


_NEVER = LastUse(float("-inf"), "")


def last_uses(kit: TokenKit) -> Mapping[str, LastUse]:
    """Return the last use of each account of the kit, on all machines that share its store.

    What the logs do not say, or cannot be read, is left out.
    """
    found: dict[str, LastUse] = {}
    with suppress(StoreError):
        for entry in _lines(kit):
            at, program, account = entry.get("at"), entry.get("program"), entry.get("account")
            ours = entry.get("event") == "used" and entry.get("owner", "") == kit.owner
            if ours and isinstance(at, int | float) and isinstance(program, str) and isinstance(account, str):
                found[account] = max(found.get(account, _NEVER), LastUse(float(at), program), key=lambda use: use.at)
    return found


def _lines(kit: TokenKit) -> Iterator[Mapping[str, Any]]:
    whose = {"owner": kit.owner} if kit.owner else {}
    yield from chained_log.entries(activity_folder(kit.folders), event="used", **whose)
    if kit.activity.others is not None:
        yield from kit.activity.others.lines(kit.owner)
