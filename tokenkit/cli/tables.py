"""Tables and blocks for people. On a terminal they have its width; elsewhere they are plain lines, never cut."""

import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from tokenkit.cli.output import data, printable, to_stdout

GAP = 2
"""Columns between two columns."""

NARROW = 80
"""Columns below which a log line is written in two."""

PART = 50
"""Rows that are printed together, while the next ones are looked up: more than a screen has."""

LAST = 24
"""Characters that the last column of a table has at least, or as many as it needs; else rows are shown as blocks."""


def from_home(path: str) -> str:
    """Return the path with ``~`` for the home folder, as a shell understands it."""
    home = os.path.expanduser("~")
    return f"~{path.removeprefix(home)}" if path.startswith(home + os.sep) else path


def show_table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under titles. On a terminal the last column is wrapped between words; the others never are.

    `PART` rows are printed as soon as they are there. A later part is as wide as those before it, or wider.
    """
    widths = [len(title) for title in titles]
    heads, remaining = [titles], iter(rows)
    while part := [[printable(cell) for cell in row] for row in islice(remaining, PART)]:
        widths = [max(size, *map(len, column)) for size, column in zip(widths, zip(*part, strict=True), strict=True)]
        _show_part(titles, heads, part, widths)
        heads = []
    if heads:  # there was no row
        data((" " * GAP).join(titles))


def _show_part(
    titles: Sequence[str], heads: Sequence[Sequence[str]], rows: Sequence[Sequence[str]], widths: Sequence[int]
) -> None:
    width = _terminal_width()
    fixed = sum(widths[:-1]) + GAP * (len(widths) - 1)
    if width is None:
        layout = (" " * GAP).join(f"{{:{size}}}" for size in widths)
        data("\n".join(layout.format(*line).rstrip() for line in (*heads, *rows)))
    elif fixed + max(min(widths[-1], LAST), *(_longest_word(row[-1]) for row in rows), 0) <= width:
        _show_rich(titles, rows, widths, head=bool(heads))
    else:
        for row in rows:
            show_block(row[0], dict(zip((title.lower() for title in titles[1:]), row[1:], strict=True)))


def _longest_word(text: str) -> int:
    return max(map(len, text.split()), default=0)


def show_block(title: str, lines: Mapping[str, str]) -> None:
    """Print a title and, below it, names with their values; an empty value is left out."""
    width = _terminal_width()
    indent = max(map(len, lines)) + 2 + GAP
    data(printable(title))
    for name, value in lines.items():
        if value:
            data(f"  {name}".ljust(indent) + _wrapped(printable(value), width, indent))


def _wrapped(text: str, width: int | None, indent: int) -> str:
    """Wrap the text, but keep addresses and commands whole, whatever the width: they are there to be copied."""
    if width is None:
        return text
    room = max(width - indent, LAST)
    return f"\n{' ' * indent}".join(textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False))


def is_narrow() -> bool:
    """Tell whether stdout is a terminal on which a line of many columns would be broken anywhere."""
    width = _terminal_width()
    return width is not None and width < NARROW


def _terminal_width() -> int | None:
    return shutil.get_terminal_size().columns if sys.stdout and sys.stdout.isatty() else None


def _show_rich(titles: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int], *, head: bool) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    header_style = "" if os.environ.get("NO_COLOR") else "bold"  # no-color.org
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style=header_style, show_header=head)
    for title, width in zip(titles[:-1], widths, strict=False):
        table.add_column(title, no_wrap=True, min_width=width)
    table.add_column(titles[-1], overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    with to_stdout():
        Console().print(table)
