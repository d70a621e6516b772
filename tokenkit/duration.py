"""A span of time in words: the one way in which the command line, the audit and the web pages write it."""

_UNITS = ((86400.0 * 365, "year"), (86400.0 * 30, "month"), (86400.0, "day"), (3600.0, "hour"), (60.0, "minute"))


def duration(seconds: float) -> str:
    """Return ``90 minutes``: the largest unit of which there are two or more, rounded down; ``0 seconds`` at least."""
    for size, unit in _UNITS:
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {unit}s"
    count = max(0, int(seconds))
    return f"{count} second{'' if count == 1 else 's'}"


def ago(seconds: float) -> str:
    """Return ``90 minutes ago``; ``just now`` below a second."""
    return f"{duration(seconds)} ago" if seconds >= 1 else "just now"


def within(seconds: float) -> str:
    """Return ``in 90 minutes``; ``in a moment`` below a second."""
    return f"in {duration(seconds)}" if seconds >= 1 else "in a moment"
