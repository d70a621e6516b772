"""A lifetime is read in the forms in which servers say it, and an absurd one is doubted (R16)."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenkit.flows.lifetime import LONGEST, read_lifetime

AT = datetime(2026, 11, 28, 12, 0, 0, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (3600, 3600),
        (3599.5, 3599.5),
        (" 3600 ", 3600),
        ("3600s", 3600),
        ("60 minutes", 3600),
        ("60m", 3600),
        ("1h", 3600),
        ("1 hour", 3600),
        ("2 days", 172800),
        ("5000 milliseconds", 5),
        ("5000ms", 5),
        ("PT1H", 3600),
        ("P2DT1H", 176400),
        (AT + 3600, 3600),
        (str(AT + 3600), 3600),
        ((AT + 3600) * 1000, 3600),
        ("2026-11-28T13:00:00Z", 3600),
        ("2026-11-28T13:00:00.000+00:00", 3600),
        ("2026-11-28T15:00:00+02:00", 3600),
        ("2026-11-28T05:00:00-08:00", 3600),
        ("2026-11-28 13:00:00", 3600),
        ("20261128T130000Z", 3600),
        ("Sat, 28 Nov 2026 13:00:00 GMT", 3600),
        ("Sat, 28 Nov 2026 15:00:00 +0200", 3600),
        ("2026-11-29", 43200),
        (0, 0),
        (-5, 0),
        (AT - 10, 0),
        ("2020-01-01T00:00:00Z", 0),
        (20 * 365 * 86400, 20 * 365 * 86400),
    ],
)
def test_every_form_is_read(value, seconds):
    """R16: seconds, text, milliseconds and dates; an offset is honoured, and a date without one is UTC."""
    assert read_lifetime(value, AT) == pytest.approx(seconds)


def test_a_unit_of_milliseconds_is_one_of_spans_and_not_of_dates():
    assert read_lifetime(3_600_000, AT, milliseconds=True) == 3600
    assert read_lifetime("3600000", AT, milliseconds=True) == 3600
    assert read_lifetime((AT + 60) * 1000, AT, milliseconds=True) == 60


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        "",
        "soon",
        "P",
        "PT",
        [],
        {},
        float("nan"),
        float("inf"),
        1e300,
        10**400,
        "1e400",
        "9999-12-31",
        AT * 3,
    ],
)
def test_what_says_nothing_that_can_be_believed_is_none(value):
    assert read_lifetime(value, AT) is None


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.booleans())
def test_whatever_comes_is_a_lifetime_or_none(value, milliseconds):
    told = read_lifetime(value, AT, milliseconds=milliseconds)
    assert told is None or 0 <= told <= LONGEST
