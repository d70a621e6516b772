"""Every fault that is planted is found, and nothing else is."""

import pytest
from faults import FAULTS
from tokenkit.audit.registry import our_checks

TOGETHER = [planted for planted in FAULTS if not planted.alone]
SEEN_ELSEWHERE = {"TK401", "TK402", "TK403", "TK405"}  # of installed packages: tests/audit/test_code.py


@pytest.mark.parametrize("planted", FAULTS, ids=lambda planted: f"{planted.id}-{planted.plant.__name__}")
def test_a_fault_is_found_and_no_other_is_invented(house, planted):
    planted.plant(house)
    assert house.found(deep=True) == {planted.id} | planted.too


def test_all_faults_together_are_found_in_one_home(house):
    for planted in TOGETHER:
        planted.plant(house)
    planted_ids = {planted.id for planted in TOGETHER} | frozenset().union(*(planted.too for planted in TOGETHER))
    assert house.found(deep=True) == planted_ids
    assert len(planted_ids) >= 30


def test_every_check_has_a_fault_that_it_finds():
    assert {check.id for check in our_checks()} == {planted.id for planted in FAULTS} | SEEN_ELSEWHERE


def test_no_two_checks_share_an_id():
    ids = [check.id for check in our_checks()]
    assert len(ids) == len(set(ids))
