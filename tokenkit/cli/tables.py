"""Tables for people: on a terminal as wide as it is, elsewhere plain columns that nothing cuts."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tokenkit.cli.speech import data, printable

if TYPE_CHECKING:
    from rich.console import Console

NARROW = 60
"""Columns below which a row is shown as a block of lines."""


def show_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under titles. The first column names the row and is never wrapped where there is room for it."""
    clean = [[printable(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        _show_columns(titles, clean)
        return
    from rich.console import Console

    console = Console()
    if console.width < NARROW:
        for row in clean:
            data("\n".join((row[0], *(f"  {title.lower()}: {cell}" for title, cell in _filled(titles, row)))))
    else:
        _show_rich(console, titles, clean)


def _filled(titles: Sequence[str], row: Sequence[str]) -> list[tuple[str, str]]:
    return [(title, cell) for title, cell in zip(titles[1:], row[1:], strict=True) if cell]


def _show_columns(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    lines = [titles, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(titles))]
    for line in lines:
        data("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _show_rich(console: "Console", titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for position, title in enumerate(titles):
        table.add_column(title, no_wrap=position == 0, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)
