"""How fast one provider is asked: so many a second, so many at once, and seldom while it is in trouble."""

from collections.abc import Callable

AT_ONCE = 32
"""Refreshes under way at one provider: as many as the kit has threads for it, so what is claimed begins at once."""

TROUBLE = 3
"""Failures in a row, each of another account, that are taken for trouble of the provider itself."""

LONGEST = 300.0
"""Seconds of the longest pause; the first one is of a second, and each further one twice as long."""


class Pace:
    """Says how many refreshes at a provider may begin. All times are seconds of a clock that only goes on.

    While a provider is in trouble, its accounts are left to their callers: after a pause one is tried, and a success
    ends the trouble. Workers that share the accounts pause each for itself, and not all to the same moment.
    """

    def __init__(self, limit: float, now: float, draw: Callable[[], float]) -> None:
        """Allow `limit` beginnings a second; `draw` returns a number from 0 to below 1."""
        self._limit = limit
        self._draw = draw
        self._level = max(limit, 1.0)
        self._filled = now
        self._failures = 0
        self._paused_at = float("-inf")
        self._until = float("-inf")
        self.under_way = 0

    @property
    def in_trouble(self) -> bool:
        """Tell whether the provider is in trouble."""
        return self._failures >= TROUBLE

    def room(self, now: float) -> int:
        """Return how many may begin."""
        if self.in_trouble:
            return int(now >= self._until and not self.under_way)
        self._level = min(max(self._limit, 1.0), self._level + max(now - self._filled, 0.0) * self._limit)
        self._filled = now
        return max(0, min(AT_ONCE - self.under_way, int(self._level)))

    def wait(self, now: float) -> float:
        """Return after how many seconds it is worth to ask for `room` again; sooner, should a refresh end."""
        if self.in_trouble:
            return max(self._until - now, 0.0)
        return 0.0 if self._level >= 1 else (1 - self._level) / self._limit

    def begin(self, count: int = 1) -> None:
        """Count refreshes that begin."""
        self._level -= count
        self.under_way += count

    def drain(self) -> None:
        """Take note that others who share the limit have used it up, or that there is no more to begin."""
        self._level = min(self._level, 0.0)

    def end(self, began: float, now: float, *, provider_failed: bool | None) -> None:
        """Count one that has ended; `provider_failed` is None where it says nothing about the provider.

        A failure of one that had begun before the last pause was set is of the same trouble, and makes it no longer.
        """
        self.under_way -= 1
        if provider_failed is None or (provider_failed and began <= self._paused_at):
            return
        self._failures = self._failures + 1 if provider_failed else 0
        if self.in_trouble:
            pause = min(2.0 ** min(self._failures - TROUBLE, 20), LONGEST)
            self._paused_at = now
            self._until = now + pause * (0.5 + self._draw() / 2)
