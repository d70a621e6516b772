"""How long a token lives, in the forms in which servers say it (R16): seconds, text, milliseconds, dates, spans."""

import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from tokenkit.flows.paths import jwt_claims, value_at

Lifetime = float | Literal["never"]
"""Seconds, or "never" for a token without an end."""

LONGEST = 31 * 365 * 86400.0
"""Seconds, 31 years: a longer lifetime is doubted. Above it a number is a date, in seconds or milliseconds."""

_LATEST = 1e11
"""Unix time in seconds, the year 5138: a larger number is a date in milliseconds."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)(?:[a-z]*)", re.IGNORECASE)
_ISO_SPAN = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?)?", re.IGNORECASE)


def read_lifetime(value: object, at: float, *, milliseconds: bool = False) -> float | None:
    """Return the seconds from `at` (Unix time in seconds, UTC) to the end that `value` says; 0 when it is over already.

    None where it says nothing that can be believed. `milliseconds` is the unit of a number that is a span of time; a
    date is told by its size, or its form, whatever the unit. A date without an offset is UTC.
    """
    if isinstance(value, str):
        number = _number(value)
        if number is None:
            return _from_text(value.strip(), at)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        number = _number(value)
    else:
        return None
    if number is None or math.isnan(number):
        return None
    span = number / 1000 if milliseconds else number
    if span <= LONGEST:
        return max(span, 0.0)
    date = number / 1000 if number > _LATEST else number
    return _until(date, at)


def read_date(value: object) -> float | None:
    """Return the Unix time in seconds that `value` says: a number, in seconds or milliseconds, or a text; else None."""
    if isinstance(value, str):
        number = _number(value)
        return _date(value.strip()) if number is None else read_date(number)
    if isinstance(value, bool) or not isinstance(value, int | float) or not LONGEST < value < _LATEST * 1000:
        return None
    return value / 1000 if value > _LATEST else float(value)


def told_lifetime(
    members: Mapping[str, Any], paths: Iterable[str], at: float, *, milliseconds: bool = False, token: str = ""
) -> float | None:
    """Return the lifetime that the first readable of the members at `paths` says, held against the `token` if a JWT.

    A JWT's ``exp - iat`` stands in where no member says anything, and corrects one that is absurd beside it: a
    lifetime a hundred times as long is in another unit.
    """
    found = (read_lifetime(value_at(members, path), at, milliseconds=milliseconds) for path in paths)
    told = next((span for span in found if span is not None), None)
    claimed = _claimed(token) if token else None
    if claimed is not None and (told is None or told > 100 * claimed > 0):
        return claimed
    return told


def _claimed(token: str) -> float | None:
    claims = jwt_claims(token)
    expires, issued = claims.get("exp"), claims.get("iat")
    if not isinstance(expires, int | float) or not isinstance(issued, int | float):
        return None
    span = float(expires) - float(issued)
    return span if 0 < span <= LONGEST else None


def _number(value: float | str) -> float | None:
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _until(date: float, at: float) -> float | None:
    span = date - at
    return None if span > LONGEST else max(span, 0.0)


def _from_text(text: str, at: float) -> float | None:
    """Return a span such as ``1h`` or ``PT1H``, or a date as ISO 8601 or RFC 9110 writes it."""
    span = _SPAN.fullmatch(text)
    if span:
        return min(float(span[1]) * _UNITS[_unit(span[2], text)], LONGEST)
    iso = _ISO_SPAN.fullmatch(text) if len(text) > 2 else None
    if iso:
        days, hours, minutes, seconds = (float(part or 0) for part in iso.groups())
        return min(days * 86400 + hours * 3600 + minutes * 60 + seconds, LONGEST)
    date = _date(text)
    return None if date is None else _until(date, at)


def _unit(unit: str, text: str) -> str:
    """Return the unit that is meant: ``m`` begins ``minutes`` and ``milliseconds``."""
    return "ms" if "milli" in text.lower() else unit.lower()


def _date(text: str) -> float | None:
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = read(text)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None
