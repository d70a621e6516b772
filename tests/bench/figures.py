"""Figures that mean something on any machine: two measures taken in turn, their medians, spread and ratio."""

import json
import statistics
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field

Measure = Callable[[], float]


@dataclass
class Row:
    """One line of the table: some work of ours, beside a reference and, for comparison, beside other libraries."""

    work: str
    beside: str
    unit: str
    ours: float
    reference: float
    ratio: float
    spread: tuple[float, float]
    limit: float | None = None
    others: dict[str, float] = field(default_factory=dict)
    note: str = ""

    @property
    def kept(self) -> str:
        if self.limit is None:
            return ""
        return "yes" if self.ratio <= self.limit else "**no**"


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
    note: str = "",
) -> Row:
    """Measure all in turn, `rounds` times: a busy moment of the machine then hits them alike.

    The ratio is the median of the rounds' own ratios, the spread their quartiles.
    """
    measures = {"ours": ours, "reference": reference, **(others or {})}
    taken: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            taken[name].append(measure())
    return row(work, beside, taken, unit=unit, limit=limit, note=note)


def row(
    work: str, beside: str, taken: Mapping[str, list[float]], *, unit: str, limit: float | None = None, note: str = ""
) -> Row:
    """A line out of what was measured: `ours` and `reference` round by round, and others."""
    ratios = [mine / other for mine, other in zip(taken["ours"], taken["reference"], strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
    medians = {name: statistics.median(values) for name, values in taken.items()}
    result = Row(work, beside, unit, medians.pop("ours"), medians.pop("reference"), middle, (low, high), limit)
    result.others, result.note = medians, note
    print(f"{result.ratio:8.2f}x {limit or '':>5} {work} / {beside}", flush=True)
    return result


def markdown(rows: list[Row]) -> str:
    """The table."""
    head = "| work | beside | ours | reference | ratio (quartiles) | at most | kept |\n|---|---|---|---|---|---|---|\n"
    lines = (
        f"| {row.work} | {row.beside} | {number(row.ours)} {row.unit} | {number(row.reference)} {row.unit} "
        f"| {row.ratio:.2f} ({row.spread[0]:.2f} to {row.spread[1]:.2f}) "
        f"| {'' if row.limit is None else f'{row.limit:g}'} | {row.kept} |\n"
        for row in rows
    )
    return head + "".join(lines)


def peers_markdown(rows: list[Row]) -> str:
    """What the other libraries took for the same work, in the same rounds, each as a multiple of the reference."""
    shown = [row for row in rows if row.others]
    names = sorted({name for row in shown for name in row.others})
    head = f"| work | tokenkit | {' | '.join(names)} |\n|---|---|{'---|' * len(names)}\n"
    lines = (
        f"| {row.work} | {row.ratio:.1f}x "
        + "".join(f"| {row.others[name] / row.reference:,.1f}x " if name in row.others else "| " for name in names)
        + "|\n"
        for row in shown
    )
    return head + "".join(lines)


def as_json(rows: list[Row], **about: object) -> str:
    """The same for machines."""
    return json.dumps({"v": 1, **about, "rows": [asdict(row) for row in rows]}, indent=1) + "\n"


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
