"""What must not be lost is written once more, for as long as most troubles last, and no longer (R9)."""

import pytest
from tokenkit.errors import Conflict, StoreUnavailable
from tokenkit.grants.insistently import LASTING_FOR, SAVE_FOR, SAVE_PAUSES, insistently
from tokenkit.provider import Context
from tokenkit.testing import Clock


class Writing:
    """A write that fails, and takes some time; it counts how often it was tried, and tells since when."""

    def __init__(self, error, *, takes=0.0, fails=1_000):
        self.clock = Clock()
        self.began = self.clock.now()
        self.tries = 0
        self._error, self._takes, self._fails = error, takes, fails

    def __call__(self):
        self.tries += 1
        self.clock.advance(self._takes)
        if self.tries <= self._fails:
            raise self._error
        return "written"

    def run(self, *final):
        return insistently(Context(_sends_nothing, self.clock.now, bytes, self.clock.sleep), self, *final)

    @property
    def took(self):
        return self.clock.now() - self.began


def _sends_nothing(request):
    raise AssertionError(request)


@pytest.mark.parametrize("error", [StoreUnavailable("away"), OSError(5, "Input/output error"), MemoryError()])
def test_trouble_that_passes_costs_nothing(error):
    write = Writing(error, fails=len(SAVE_PAUSES))
    assert write.run() == "written"
    assert write.took == pytest.approx(sum(SAVE_PAUSES))


def test_trouble_that_stays_is_raised_after_some_ten_seconds():
    write = Writing(OSError(5, "Input/output error"))
    with pytest.raises(OSError, match="Input/output"):
        write.run()
    assert write.tries == len(SAVE_PAUSES) + 1


def test_tries_that_take_long_are_fewer():
    write = Writing(StoreUnavailable("away"), takes=SAVE_FOR / 2)
    with pytest.raises(StoreUnavailable):
        write.run()
    assert write.tries == 2


def test_what_lasts_is_not_waited_for():
    read_only = StoreUnavailable("a read-only file system")
    read_only.lasts = True
    write = Writing(read_only, takes=LASTING_FOR)
    with pytest.raises(StoreUnavailable):
        write.run()
    assert write.tries == 1


def test_what_is_final_is_raised_at_once():
    """R8: another version is no trouble that passes."""
    write = Writing(Conflict("another version"))
    with pytest.raises(Conflict):
        write.run(Conflict)
    assert write.tries == 1


def test_a_clock_that_is_stepped_back_makes_no_more_tries():
    """Nothing tells then how long the tries have taken."""
    write = Writing(StoreUnavailable("away"), takes=-3600.0)
    with pytest.raises(StoreUnavailable):
        write.run()
    assert write.tries == 1
