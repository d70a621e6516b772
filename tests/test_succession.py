"""When a holder that is gone may be succeeded early: where it sends what may be sent twice (R38)."""

from contextlib import contextmanager

import pytest
from tokenkit.errors import ProviderUnavailable, StoreUnavailable
from tokenkit.store.memory import MemoryLease, MemoryStore

from scripted import ScriptedKit, ScriptedProvider, expire, unavailable


class WatchedStore(MemoryStore):
    """Tells what each note says of its holder; its leases end by time, and are lost when the test says so."""

    def __init__(self):
        super().__init__()
        self.acts = []
        self.taken_over = False
        self.left = 1000.0

    @contextmanager
    def lease(self, name, *, lasts, wait):
        with super().lease(name, lasts=lasts, wait=wait):
            yield WatchedLease(self, name)


class WatchedLease(MemoryLease):
    def __init__(self, store, name):
        super().__init__(store._notes, name)
        self._store = store

    def left(self):
        return self._store.left

    def write_note(self, note, *, acts=False):
        if self._store.taken_over:
            raise StoreUnavailable("another process has it by now")
        self._store.acts.append(acts)
        super().write_note(note)


class KeepingProvider(ScriptedProvider):
    """Brings no other refresh token, until it `rotates`."""

    keeps_refresh_token = True
    rotates = False

    def refresh(self, ctx, client, grant):
        renewed = super().refresh(ctx, client, grant)
        if self.rotates:
            return renewed
        self._current = grant.refresh_token
        return renewed.renewed(refresh_token=grant.refresh_token)


@pytest.fixture
def kit(tmp_path):
    kit = ScriptedKit(tmp_path, store=WatchedStore(), provider=KeepingProvider())
    kit.me = kit.sign_in()
    return kit


def acts(kit):
    """Refresh, and tell what the note says that is written before the request."""
    expire(kit)
    kit.records.store.acts.clear()
    kit.token("scripted")
    return kit.records.store.acts[0]


def test_a_refresh_may_be_sent_twice_once_one_has_brought_no_other_token(kit):
    """R38: it is declared, and was observed with this very grant."""
    assert [acts(kit) for _ in range(3)] == [True, False, False]


def test_a_provider_that_does_not_say_so_is_not_believed_by_its_answers(kit):
    """R38: one that rotates at times, as some do once a week, has kept the token before, too."""
    kit.scripted.keeps_refresh_token = False
    assert [acts(kit) for _ in range(3)] == [True, True, True]


def test_a_provider_that_begins_to_rotate_is_noticed_by_its_first_answer(kit):
    """R38: what its declaration says is not believed any more."""
    assert [acts(kit) for _ in range(2)] == [True, False]
    kit.scripted.rotates = True
    assert [acts(kit) for _ in range(3)] == [False, True, True]


def test_another_sign_in_is_observed_anew(kit):
    """R38: it may be of another kind of client, or of an app whose settings were changed."""
    assert [acts(kit) for _ in range(2)] == [True, False]
    kit.sign_in()
    assert acts(kit) is True


def test_what_is_noted_after_the_answer_lets_the_holder_be_succeeded(kit):
    """R38: nothing more is sent, so a process that is killed then keeps nobody waiting."""
    expire(kit)
    kit.records.store.acts.clear()
    kit.token("scripted")
    assert kit.records.store.acts == [True, False]


def test_right_before_the_retry_the_holder_asks_whether_the_lease_is_still_its_own(kit):
    """R38, R12: whose lease was taken over meanwhile sends nothing more, and reports what the provider said."""
    expire(kit)

    def lost():
        kit.records.store.taken_over = True
        raise unavailable(sent=True)

    kit.scripted.will(lost)
    with pytest.raises(ProviderUnavailable, match="the provider is down"):
        kit.token("scripted")
    assert kit.scripted.refreshes == 1


def test_who_was_stopped_between_the_last_check_and_the_request_sends_nothing(kit):
    """R38: the lease is another's by now, and that one has spent the refresh token."""
    expire(kit)

    class Stopped(KeepingProvider):
        def refresh(self, ctx, client, grant):
            kit.records.store.left = 5.0
            ctx.send(None)

    kit.scripted.__class__ = Stopped
    with pytest.raises(StoreUnavailable, match="ran out before the refresh could begin"):
        kit.token("scripted")
