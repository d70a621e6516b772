"""Machines whose clocks are minutes apart refresh, and back off, as if all had one: that of the store (R12, R38)."""

import pytest
from tokenkit.errors import ProviderUnavailable, TokenKitError
from tokenkit.testing.clock import Clock

from scripted import ScriptedKit, expire, unavailable
from stores import OtherClockStore

APART = (-600.0, -240.0, 0.0, 240.0, 600.0)


@pytest.fixture
def kits(tmp_path):
    """Kits of as many machines, the clock of each by so many seconds off that of the store."""
    true = Clock()
    first = ScriptedKit(tmp_path, store=OtherClockStore(true.now), clock=Clock(true.now()))
    first.sign_in()
    expire(first)
    clocks = [Clock(first.clock.now() + apart) for apart in APART]
    kits = [ScriptedKit(tmp_path, provider=first.scripted, clock=c, store=first.records.store) for c in clocks]

    def advance(seconds):
        for clock in (true, *clocks):
            clock.advance(seconds)

    return kits, advance


def ask_all(kits):
    told = []
    for kit in kits:
        with pytest.raises(TokenKitError) as caught:
            kit.refresh("scripted")
        told.append(caught.value)
    return told


@pytest.mark.parametrize("first", range(len(APART)))
def test_a_back_off_is_shared_by_all_machines(kits, first):
    """R12: one request for all, whichever of them has failed; without the store's clock there would be up to five."""
    kits, advance = kits
    kits = [*kits[first:], *kits[:first]]
    kits[0].scripted.will(*[unavailable(sent=False)] * 9)
    for number in (1, 2, 3):
        assert {type(error) for error in ask_all(kits)} == {ProviderUnavailable}
        assert kits[0].scripted.refreshes == number
        advance(2.0**number + 1)


def test_the_time_to_try_again_is_told_by_the_clock_of_who_is_told(kits):
    """R12: a program that waits for it waits as long as the others do."""
    kits, _ = kits
    kits[0].scripted.will(unavailable(retry_at=kits[0].clock.now() + 60))
    pauses = [error.retry_at - kit.clock.now() for error, kit in zip(ask_all(kits), kits, strict=True)]
    assert pauses == pytest.approx([60.0] * len(kits), abs=0.1)
