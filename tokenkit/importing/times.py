"""When a token ends, in all the ways in which tools write it (R16)."""

import math
import re
from datetime import datetime

LATEST = 1e11
"""A larger number is no time in seconds (that would be the year 5138): it counts milli-, micro- or nanoseconds."""

_TEXT = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d+))? ?([Zz]|UTC|GMT|[+-]\d\d:?\d\d)?")


def end_of(value: object) -> float | None:
    """Return when a token ends as Unix time in seconds, UTC; None where that cannot be read.

    `value` is a number or text of seconds, milliseconds or finer, or an ISO date and time. Its offset counts; without
    one it is in UTC, as Google's libraries write it. Year 1 is none: Go's libraries write it where there is no end.
    """
    if isinstance(value, str) and (found := _TEXT.fullmatch(value.strip())):
        return _dated(found)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    if not math.isfinite(number):
        return None
    while number > LATEST:
        number /= 1000
    return max(number, 0.0)


def _dated(found: "re.Match[str]") -> float | None:
    day, time, fraction, offset = found.groups()
    offset = "" if offset is None or offset.isalpha() else offset
    try:
        moment = datetime.fromisoformat(f"{day}T{time}{offset or '+00:00'}")
        return None if moment.year == 1 else max(moment.timestamp() + float(f"0.{fraction or 0}"), 0.0)
    except (ValueError, OverflowError, OSError):
        return None
