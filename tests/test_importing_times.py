"""When a token ends, in the ways in which tools write it (R16)."""

import pytest
from tokenkit.importing.times import end_of

END = 1_800_000_000.0


@pytest.mark.parametrize(
    "written",
    [
        1_800_000_000,
        1_800_000_000.0,
        "1800000000",
        1_800_000_000_000,
        "1800000000000",
        1_800_000_000_000_000_000,
        "2027-01-15T08:00:00Z",
        "2027-01-15T08:00:00.000000000Z",
        "2027-01-15T10:00:00+02:00",
        "2027-01-15T00:00:00-0800",
        "2027-01-15T08:00:00.0",
        "2027-01-15 08:00 UTC",
        " 2027-01-15t08:00z ",
    ],
)
def test_every_way_of_writing_a_moment_is_that_moment(written: object) -> None:
    assert end_of(written) == END


def test_a_fraction_of_any_length_counts() -> None:
    """Go writes nanoseconds, Python six digits."""
    assert end_of("2027-01-15T08:00:00.987654321+00:00") == pytest.approx(END + 0.987654321)


@pytest.mark.parametrize(
    "written",
    [None, True, "", "soon", "0000-00-00T00:00:00Z", "2027-13-01T00:00:00Z", float("nan"), float("inf"), "1e999",
     10**400, [], {}, "2027-01-15T08:00:00+99:99", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00"],
)  # fmt: skip
def test_what_is_no_moment_is_none(written: object) -> None:
    """Go writes its zero time, of year 1, for a token that does not end (Token.Expiry of golang.org/x/oauth2)."""
    assert end_of(written) is None


@pytest.mark.parametrize("written", [0, -1, "1601-01-01T00:00:00Z", -(10**30)])
def test_the_distant_past_is_over(written: object) -> None:
    assert end_of(written) == 0.0
