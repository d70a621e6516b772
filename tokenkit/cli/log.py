"""``tokenkit log``."""

import os
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from json import dumps
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from tokenkit import chained_log
from tokenkit.chained_log import Line
from tokenkit.cli.options import complete_account, parse_span
from tokenkit.cli.output import data, say
from tokenkit.cli.session import open_kit
from tokenkit.cli.tables import is_narrow
from tokenkit.consent import terminal
from tokenkit.errors import UsageError
from tokenkit.paths import activity_folder

if TYPE_CHECKING:
    from tokenkit.kit import TokenKit

POLL = 0.5
"""Seconds between two looks of --follow."""

BROKEN = 1
"""The exit code where the chain is broken."""

_SHOWN = ("v", "at", "event", "account", "owner", "program", "tool", "prev")


def log(
    ctx: typer.Context,
    account: Annotated[
        str, typer.Option(help="Only this one, or one provider's.", show_default=False, autocompletion=complete_account)
    ] = "",
    since: Annotated[
        str, typer.Option(metavar="TIME", help="Only what is no older: 24h, 7d (s, m, h, d, w).", show_default=False)
    ] = "",
    follow: Annotated[bool, typer.Option("--follow", help="Go on, and print what is added.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Only check that no line was changed or lost.")] = False,
    all_machines: Annotated[
        bool, typer.Option("--all-machines", help="Show what all machines of a shared store have told.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")] = False,
) -> None:
    """Show which program got which account's token, and what else happened.

    A use is written once an hour for each program and account. TOKENKIT_ACTIVITY=off, or activity = false in
    config.toml, switches the log off. Of other machines, the last use by each program is known, and no refresh.
    """
    kit = open_kit(ctx)
    folder = activity_folder(kit.folders)
    if verify:
        if follow or account or since or all_machines:
            raise UsageError("--verify looks at the whole log", hint="tokenkit log --verify")
        raise typer.Exit(_verify(folder, json=json))
    earliest = time.time() - parse_span(since) if since else 0.0
    narrow = is_narrow()
    shown = 0
    lines = (line.entry for line in (_following(folder) if follow else chained_log.lines(folder)))
    for entry in _told(kit, follow=follow) if all_machines else lines:
        if entry is not None and _wanted(entry, account, kit.owner, earliest):
            shown += 1
            data(dumps(entry) if json else _words(entry, narrow=narrow))
    if not shown and not json:
        say(
            "Nothing of that kind is in the log; tokenkit log shows all of it."
            if account or since
            else "The log is empty: no program has asked for a token yet. Begin with tokenkit login PROVIDER."
        )


def _told(kit: "TokenKit", *, follow: bool) -> list[Mapping[str, Any]]:
    """Return what all machines have told. Raises `UsageError` where there are none."""
    if kit.activity.others is None:
        raise UsageError("the records are files, which no other machine shares", hint="tokenkit log")
    if follow:
        raise UsageError("--follow follows the log of this machine", hint="tokenkit log --all-machines")
    return kit.activity.others.lines(kit.owner or None)


def _wanted(entry: Mapping[str, Any], account: str, owner: str, earliest: float) -> bool:
    whose = str(entry.get("account", ""))
    if account and account not in (whose, whose.partition("/")[0]):
        return False
    return owner in ("", entry.get("owner", "")) and float(entry.get("at", 0.0)) >= earliest


def _words(entry: Mapping[str, Any], *, narrow: bool) -> str:
    """Return one line for people: when, what, which account, which program, and the details; two where it is narrow.

    A name that breaks a line would else look like two of ours.
    """
    at = datetime.fromtimestamp(float(entry.get("at", 0.0))).strftime("%Y-%m-%d %H:%M:%S")
    whose = f"{entry.get('account', '')} {'(' + entry['owner'] + ')' if entry.get('owner') else ''}".strip()
    program = "/".join(filter(None, (entry.get("program", ""), entry.get("tool", ""))))
    details = [f"{name}={_detail(value)}" for name, value in entry.items() if name not in _SHOWN]
    whose, program, *details = map(terminal.printable, (whose, program, *details))
    if narrow:
        return "\n    ".join((f"{at}  {entry.get('event', '')}", "  ".join(filter(None, (whose, program, *details)))))
    return "  ".join((at, str(entry.get("event", "")).ljust(14), whose.ljust(28), program.ljust(12), *details)).rstrip()


def _detail(value: object) -> str:
    return ",".join(map(str, cast("list[object]", value))) if isinstance(value, list) else str(value)


def _verify(folder: str, *, json: bool) -> int:
    lines = list(chained_log.lines(folder))
    broken = [line for line in lines if not line.sound]
    if json:
        where = [{"segment": line.segment, "line": line.number} for line in broken]
        data(dumps({"version": 1, "lines": len(lines), "broken": where}))
    else:
        for line in broken:
            say(f"{line.segment}:{line.number}: this line is not as it was written, or the one before it is gone")
        say(f"{len(lines)} lines, {len(broken)} of them broken." if broken else f"{len(lines)} lines, all sound.")
    return BROKEN if broken else 0


def _following(folder: str) -> Iterator[Line]:
    """Yield all lines, and then those that are added, until it is interrupted."""
    last, size = ("", 0), -1
    while True:
        newest = next(reversed(chained_log.segments(folder)), "")
        if newest and size != (size := os.path.getsize(newest)):
            for line in chained_log.lines(folder):
                if (line.segment, line.number) > last:
                    last = (line.segment, line.number)
                    yield line
        time.sleep(POLL)
