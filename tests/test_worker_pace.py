"""How fast a worker asks one provider."""

import pytest
from tokenkit.worker.pace import AT_ONCE, LONGEST, TROUBLE, Pace


def pace(limit=10.0, draw=0.0):
    return Pace(limit, 0.0, lambda: draw)


def begin_and_end(pace, now, *, failed, began=None):
    pace.begin()
    pace.end(now if began is None else began, now, provider_failed=failed)


def in_trouble(**options):
    troubled = pace(**options)
    for _ in range(TROUBLE):
        begin_and_end(troubled, 1.0, failed=True)
    return troubled


def test_the_limit_is_so_many_a_second_and_a_second_can_be_saved_up():
    limited = pace(limit=10)
    assert limited.room(0) == 10
    for _ in range(10):
        begin_and_end(limited, 0.0, failed=False)
    assert limited.room(0) == 0
    assert limited.wait(0) == pytest.approx(0.1)
    assert limited.room(0.5) == 5
    assert limited.room(100) == 10


def test_where_others_have_used_the_limit_up_it_waits_as_if_it_had():
    limited = pace(limit=10)
    limited.drain()
    assert limited.room(0) == 0
    assert limited.wait(0) == pytest.approx(0.1)
    assert limited.room(0.5) == 5


def test_less_than_one_a_second_is_a_limit_too():
    slow = pace(limit=0.1)
    assert slow.room(0) == 1
    begin_and_end(slow, 0.0, failed=False)
    assert slow.room(9) == 0
    assert slow.wait(9) == pytest.approx(1)
    assert slow.room(10.001) == 1


def test_so_many_are_under_way_and_no_more():
    busy = pace(limit=1000)
    busy.begin(AT_ONCE)
    assert busy.room(10) == 0
    busy.end(0, 10, provider_failed=False)
    assert busy.room(10) == 1


def test_failures_of_several_accounts_are_trouble_and_one_success_ends_it():
    troubled = in_trouble()
    assert troubled.in_trouble
    assert troubled.room(1.2) == 0
    assert troubled.wait(1.2) == pytest.approx(0.3)
    assert troubled.room(1.6) == 1
    troubled.begin()
    assert troubled.room(1.6) == 0, "one at a time"
    troubled.end(1.6, 2.0, provider_failed=False)
    assert troubled.room(2) > 1


def test_what_says_nothing_about_the_provider_counts_neither_way():
    quiet = pace()
    for _ in range(TROUBLE - 1):
        begin_and_end(quiet, 1.0, failed=True)
    for _ in range(10):
        begin_and_end(quiet, 1.0, failed=None)
    assert not quiet.in_trouble
    begin_and_end(quiet, 1.0, failed=True)
    assert quiet.in_trouble


def test_the_failures_of_what_was_under_way_together_make_one_pause():
    troubled = in_trouble()
    for _ in range(AT_ONCE):
        begin_and_end(troubled, 1.1, began=0.5, failed=True)
    assert troubled.room(1.6) == 1


def test_pauses_double_up_to_the_longest_and_end_at_different_moments():
    now, pauses = 1.0, []
    troubled = in_trouble(draw=0.999)
    for _ in range(14):
        wait = troubled.wait(now)
        pauses.append(wait)
        now += wait + 0.01
        assert troubled.room(now) == 1
        begin_and_end(troubled, now, began=now, failed=True)
    assert [round(pause) for pause in pauses[:5]] == [1, 2, 4, 8, 16]
    assert pauses[-1] == pytest.approx(LONGEST, rel=0.01)
    assert in_trouble(draw=0.0).wait(1) < in_trouble(draw=0.9).wait(1)
