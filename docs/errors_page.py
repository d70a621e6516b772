"""The table of error messages, made from the transcripts of the program: each of its rows is run by a test."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

TRANSCRIPTS = Path(__file__).parent.parent / "tests" / "cli"

HEAD = """\
# Error messages

What people read when something goes wrong, what fixes it, and the [exit code](exit-codes.md). The table is made from
the transcripts in `tests/cli/`, which a test runs: `...` stands for what differs from machine to machine. Messages are
no interface: a script looks at the exit code.
"""

ERROR, HINT = "! tokenkit: error: ", "! tokenkit: hint: "
CODES = {
    1: "1: the action failed, or a check found something",
    2: "2: the command makes no sense as written",
    3: "3: something must be configured first",
    4: "4: only the person can go on",
    5: "5: the provider's side",
    6: "6: the store or its key",
}


class Row(NamedTuple):
    """A command that failed: what was the cause, in words, what it said, what fixes it, and how it ended."""

    code: int
    cause: str
    command: str
    message: str
    fix: str


def rows() -> list[Row]:
    """Return the errors of all transcripts, each message once."""
    found = {row.message: row for path in sorted(TRANSCRIPTS.glob("*.txt"), reverse=True) for row in _rows(path)}
    return sorted(found.values(), key=lambda row: (row.code, row.message))


def page() -> str:
    """Return the page."""
    parts = [HEAD]
    for code, title in CODES.items():
        parts.append(f"\n## {title}\n\n| cause | command | message | what fixes it |\n|---|---|---|---|\n")
        for row in (row for row in rows() if row.code == code):
            parts.append(f"| {_cell(row.cause)} | {_code(row.command)} | {_cell(row.message)} | {_cell(row.fix)} |\n")
    return "".join(parts)


def _rows(path: Path) -> Iterator[Row]:
    cause, command, code, message, fresh = "", "", 0, "", True
    for line in [*path.read_text(encoding="utf-8").splitlines(), "$ "]:
        if line.startswith("# "):
            cause, fresh = (line[2:] if fresh else f"{cause} {line[2:]}"), False
        elif line.startswith("$ "):
            command, code, message = line[2:], 0, ""
        elif line.startswith("? "):
            code = int(line[2:])
        elif line.startswith(ERROR):
            message = line.removeprefix(ERROR)
        elif line.startswith(HINT) and message and code:
            yield Row(code, cause, command, message, line.removeprefix(HINT))
            message = ""
        fresh = fresh or not line.startswith("# ")


def _varying(text: str) -> str:
    return re.sub(r"\[\.\.\]|\{base\}|\{home\}", lambda found: "~" if found[0] == "{home}" else "...", text)


def _cell(text: str) -> str:
    return _varying(text).replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_")


def _code(text: str) -> str:
    return f"`{_varying(text).replace('|', '&#124;')}`" if "`" not in text else _cell(text)
