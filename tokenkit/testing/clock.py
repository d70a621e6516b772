"""A clock that moves when it is told to."""


class Clock:
    """Unix time in seconds, UTC, for `Context.now` and `Context.sleep`. `sleep` moves this clock and takes no time."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self._now = now

    def now(self) -> float:
        """Return the time."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Let that time pass."""
        self._now += seconds

    def advance(self, seconds: float) -> None:
        """Let that time pass; a negative one steps the clock back."""
        self._now += seconds
