"""Every fault that is planted is found, and nothing else is."""

import os

import pytest
import states
from faults import FAULTS, CannotBePlanted, another, spoil
from tokenkit.account import Account
from tokenkit.audit.registry import our_checks
from tokenkit.grants.hopeless import IMPORT_CUT_OFF
from tokenkit.grants.refresh_state import Failure, RefreshState

from another_user import as_another_user

pytestmark = pytest.mark.slow

SEEN_ELSEWHERE = {"TK401", "TK402", "TK403", "TK405", "TK407"}  # of installed packages: tests/audit/test_code.py


def found_among_others(house, check):
    assert check in house.found(deep=True)


@pytest.mark.parametrize("planted", FAULTS, ids=lambda planted: f"{planted.id}-{planted.plant.__name__}")
def test_a_fault_is_found_and_no_other_is_invented(house, planted):
    try:
        planted.plant(house)
    except CannotBePlanted as why:
        pytest.skip(str(why))

    if planted.not_root and os.geteuid() == 0:  # another user may not read our Python either, and is told so
        as_another_user(house.home, lambda: found_among_others(house, planted.id))
    else:
        assert house.found(deep=True) == {planted.id} | planted.too


@pytest.mark.parametrize(("failures", "often"), [(1, "once"), (4, "4 times")])
def test_a_refresh_that_failed_is_told_with_how_often_and_when(house, failures, often):
    failure = Failure("ProviderUnavailable", "google could not be reached", "", house.now - 60, house.now, failures)
    another(house, "failing", note=RefreshState(newest=3, failure=failure))
    (finding,) = house.audit().findings
    assert finding.fault.what == f"google could not be reached ({often}, last 60 seconds ago)"


@pytest.mark.parametrize(
    ("reason", "hint"),
    [
        ("", "tokenkit logout google/moved --local"),
        (IMPORT_CUT_OFF, "run the same command again: tokenkit import FILE"),
    ],
)
def test_the_only_copy_of_a_grant_is_not_told_to_be_removed(house, reason, hint):
    """R9: what an import was cut off with lies nowhere else, whereas what was copied into another store does."""
    another(house, "moved", state="moved", reason=reason)
    (finding,) = house.audit().findings
    assert (finding.check.id, finding.fault.hint) == ("TK315", hint)


def test_a_hint_that_an_error_brought_is_about_its_owners_account(house):
    """R37: without the owner, the command would work on the account of that name that is the nameless one's."""
    hint = "tokenkit login google/me@example.com"
    failure = Failure("ClientRefused", "google refuses the client", hint, house.now - 60, house.now, 1)
    house.sign_in(Account("google", "me@example.com", "alice"), note=RefreshState(newest=3, failure=failure))
    hints = [finding.fault.hint for finding in house.audit().findings if finding.fault.owner == "alice"]
    assert hints == ["tokenkit --owner alice login google/me@example.com"]


def test_all_faults_together_are_found_in_one_home(house):
    planted = spoil(house)
    assert house.found(deep=True) == planted
    assert len(planted) > 60


def test_every_check_has_a_fault_that_it_finds():
    elsewhere = SEEN_ELSEWHERE | {id for _, id in states.SHARED}
    assert {check.id for check in our_checks()} == {planted.id for planted in FAULTS} | elsewhere


def test_the_page_of_states_is_what_the_tests_make():
    """Written by ``python tests/audit/states.py``."""
    assert states.PAGE.read_text(encoding="utf-8") == states.page()


def test_no_two_checks_share_an_id():
    ids = [check.id for check in our_checks()]
    assert len(ids) == len(set(ids))
