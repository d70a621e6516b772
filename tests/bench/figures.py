"""Figures that mean something on any machine: two measures taken in turn, their medians, spread and ratio."""

import gc
import json
import statistics
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import NamedTuple

Measure = Callable[[], float]


class Ratio(NamedTuple):
    """The median of the rounds' own ratios to the reference, and their quartiles where there were rounds enough."""

    median: float
    spread: tuple[float, float] | None

    def __str__(self) -> str:
        spread = "" if self.spread is None else f" ({self.spread[0]:,.2f} to {self.spread[1]:,.2f})"
        return f"{self.median:,.2f}{spread}"


@dataclass
class Row:
    """One line of the table: some work of ours, beside a reference and, for comparison, beside other libraries."""

    work: str
    beside: str
    unit: str
    ours: float
    reference: float
    ratio: Ratio
    limit: float | None = None
    others: dict[str, Ratio] = field(default_factory=dict)

    @property
    def kept(self) -> str:
        if self.limit is None:
            return ""
        return "yes" if self.ratio.median <= self.limit else "**no**"


def compare(
    work: str,
    ours: Measure,
    beside: str,
    reference: Measure,
    *,
    unit: str,
    limit: float | None = None,
    others: Mapping[str, Measure] | None = None,
    rounds: int = 15,
) -> Row:
    """Measure all in turn, `rounds` times: a busy moment of the machine then hits them alike.

    The ratio is the median of the rounds' own ratios, the spread their quartiles.
    """
    measures = {"ours": ours, "reference": reference, **(others or {})}
    taken: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            gc.collect()  # nobody pays for what another has left behind
            taken[name].append(measure())
    return row(work, beside, taken, unit=unit, limit=limit)


def row(work: str, beside: str, taken: Mapping[str, list[float]], *, unit: str, limit: float | None = None) -> Row:
    """A line out of what was measured: `ours` and `reference` round by round, and others."""
    ours, reference = statistics.median(taken["ours"]), statistics.median(taken["reference"])
    ratios = {name: _ratio(values, taken["reference"]) for name, values in taken.items() if name != "reference"}
    result = Row(work, beside, unit, ours, reference, ratios.pop("ours"), limit, ratios)
    print(f"{result.ratio.median:8.2f}x {limit or '':>5} {work} / {beside}", flush=True)
    return result


def _ratio(values: list[float], references: list[float]) -> Ratio:
    ratios = [value / reference for value, reference in zip(values, references, strict=True)]
    quartiles = statistics.quantiles(ratios, n=4) if len(ratios) > 2 else None
    return Ratio(statistics.median(ratios), None if quartiles is None else (quartiles[0], quartiles[2]))


def markdown(rows: list[Row]) -> str:
    """The table."""
    head = "| work | beside | ours | reference | ratio (quartiles) | at most | kept |\n|---|---|---|---|---|---|---|\n"
    lines = (
        f"| {row.work} | {row.beside} | {number(row.ours)} {row.unit} | {number(row.reference)} {row.unit} "
        f"| {row.ratio} | {'' if row.limit is None else f'{row.limit:g}'} | {row.kept} |\n"
        for row in rows
    )
    return head + "".join(lines)


def peers_markdown(rows: list[Row]) -> str:
    """What others took for the same work, in the same rounds, each as a multiple of the reference."""
    head = "| work | who | of the reference (quartiles) |\n|---|---|---|\n"
    return head + "".join(
        f"| {row.work if who == 'tokenkit' else ''} | {who} | {ratio} |\n"
        for row in rows
        if row.others
        for who, ratio in {"tokenkit": row.ratio, **row.others}.items()
    )


def as_json(rows: list[Row], **about: object) -> str:
    """The same for machines."""
    return json.dumps({"v": 2, **about, "rows": [asdict(row) for row in rows]}, indent=1) + "\n"


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
