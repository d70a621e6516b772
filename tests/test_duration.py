"""Spans of time in words."""

import pytest
from tokenkit.duration import ago, duration, within

DAY = 86400.0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0 seconds"), (0.9, "0 seconds"), (1, "1 second"), (119, "119 seconds"), (120, "2 minutes"),
     (5400, "90 minutes"), (7200, "2 hours"), (1.9 * DAY, "45 hours"), (59 * DAY, "59 days"), (60 * DAY, "2 months"),
     (729 * DAY, "24 months"), (730 * DAY, "2 years")],
)  # fmt: skip
def test_a_span_is_written_in_the_largest_unit_of_which_there_are_two(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_what_is_less_than_a_second_away_is_now() -> None:
    assert (ago(0.5), ago(5400)) == ("just now", "90 minutes ago")
    assert (within(0.5), within(5400)) == ("in a moment", "in 90 minutes")
