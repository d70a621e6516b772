"""What ``tokenkit store status`` says of saves that the database has confirmed to this machine and lost."""

from collections.abc import Sequence
from datetime import UTC, datetime

from tokenkit.cli.output import printable, say
from tokenkit.store.lost import LostSave, Server

SHOWN = 20
"""Lost saves that are named."""


def tell_losses(lost: Sequence[LostSave]) -> None:
    """Say which saves are gone, since when, and how the database came to lose them."""
    if not lost:
        return
    newest, count = lost[-1], f"{len(lost)} save{'s' if len(lost) > 1 else ''}"
    at = datetime.fromtimestamp(newest.at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    say(f"tokenkit: warning: the database lost {count} that it had confirmed: {_how(newest)}, seen at {at}")
    for each in lost[-SHOWN:]:
        owner = f" (owner {each.name.owner})" if each.name.owner else ""
        say(printable(f"  {'the sign-out of ' if each.deleted else ''}{each.name.id}{owner}"))
    say("tokenkit: hint: tokenkit audit names the accounts that need you; synchronous_standby_names prevents it")


def _how(lost: LostSave) -> str:
    before, after = lost.before, lost.after
    if Server() in (before, after):
        return "a failover or a restored backup"
    if before.system != after.system:
        return f"another server answers ({after.system}, and {before.system} before), from a backup"
    if after.timeline > before.timeline:
        return f"a failover to a replica that lagged (timeline {after.timeline}, and {before.timeline} before)"
    return "its tables were restored from a backup"
