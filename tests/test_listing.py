"""A message lists a few names and counts the others."""

import pytest
from tokenkit import Account, TokenRefused
from tokenkit.listing import SHOWN, listed
from tokenkit.net.hosts import check_resource


@pytest.mark.parametrize("count", [0, 1, SHOWN])
def test_a_few_are_all_named(count: int) -> None:
    assert listed(range(count)) == ", ".join(map(str, range(count)))


def test_of_many_the_others_are_counted() -> None:
    assert listed(range(100_000)) == f"0, 1, 2, 3, 4 and {100_000 - SHOWN} more"


def test_a_refused_host_is_told_beside_a_few_of_those_that_are_allowed() -> None:
    hosts = [f"https://api{number}.example/v1" for number in range(900)]
    with pytest.raises(TokenRefused) as caught:
        check_resource("https://other.example/", hosts, account=Account("acme", "me"))
    assert "and 895 more" in caught.value.hint
    assert len(caught.value.hint) < 400
