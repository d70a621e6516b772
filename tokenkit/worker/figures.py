"""What a worker has done, as numbers for a monitoring system: by provider, and never by account or owner."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Literal

Result = Literal["refreshed", "fresh", "consent_needed", "signed_out", "failed"]
"""What came of one that was due; ``fresh``: somebody else had refreshed it."""

_ABOUT = {
    "refreshes_total": ("counter", "Grants that were due, by what came of them."),
    "refresh_seconds_sum": ("counter", "Seconds that they took, added up."),
    "under_way": ("gauge", "Refreshes under way."),
    "overdue_seconds": ("gauge", "Seconds since the grant that has waited longest fell due."),
    "provider_in_trouble": ("gauge", "1 while a provider is asked seldom, because refreshes at it fail."),
    "store_up": ("gauge", "0 while the store cannot be asked."),
}


class Figures:
    """Counts over the life of one worker, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._results: Counter[tuple[str, Result]] = Counter()
        self._seconds: dict[str, float] = {}
        self._gauges: dict[str, dict[str, float]] = {}
        self._store_up = True

    def ended(self, provider: str, result: Result, seconds: float) -> None:
        """Count one that was due."""
        with self._lock:
            self._results[provider, result] += 1
            self._seconds[provider] = self._seconds.get(provider, 0.0) + seconds

    def total(self, *results: Result) -> int:
        """Return how many ended so, at all providers."""
        with self._lock:
            return sum(count for (_, result), count in self._results.items() if result in results)

    def looked(self, gauges: Mapping[str, Mapping[str, float]]) -> None:
        """Take the gauges by name and provider: what one look at the store has found."""
        with self._lock:
            self._gauges = {name: dict(values) for name, values in gauges.items()}
            self._store_up = True

    def store_away(self) -> None:
        """Take note that the store could not be asked."""
        with self._lock:
            self._store_up = False

    def to_text(self) -> str:
        """Write them in the text format of Prometheus, version 0.0.4."""
        with self._lock:
            values: dict[str, Mapping[str, float]] = {
                "refreshes_total": {_labels(provider, result): n for (provider, result), n in self._results.items()},
                "refresh_seconds_sum": {_labels(provider): n for provider, n in self._seconds.items()},
                **{name: {_labels(provider): n for provider, n in g.items()} for name, g in self._gauges.items()},
                "store_up": {"": float(self._store_up)},
            }
        return "".join(_lines(values))


def _lines(values: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    for name, (kind, about) in _ABOUT.items():
        full = f"tokenkit_worker_{name}"
        yield f"# HELP {full} {about}\n# TYPE {full} {kind}\n"
        yield from (f"{full}{labels} {value:.15g}\n" for labels, value in sorted(values.get(name, {}).items()))


def _labels(provider: str, result: str = "") -> str:
    """Return labels. A provider's name needs no escape; but what a database says is its may be any text."""
    provider = provider.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return f'{{provider="{provider}"' + (f',result="{result}"' if result else "") + "}"
