"""The life of one grant, rule by rule, at a provider that does what the test says."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from tokenkit.errors import (
    ConsentRequired,
    GrantSuperseded,
    InvalidAnswer,
    ProviderUnavailable,
    StoreUnavailable,
    UsageError,
)
from tokenkit.grants.refresh_job import RefreshJob
from tokenkit.grants.sealed_store import grant_name
from tokenkit.grants.token_query import TokenQuery
from tokenkit.store.memory import MemoryLease
from tokenkit.token import AccessToken, Secret

from patience import PATIENCE
from scripted import LIFETIME, ScriptedKit, expire, stored, unavailable


@pytest.fixture
def kit(tmp_path):
    kit = ScriptedKit(tmp_path)
    kit.me = kit.sign_in()
    return kit


def test_a_good_token_is_served_without_a_refresh(kit):
    assert kit.token("scripted").value == stored(kit).access_token.value
    assert kit.scripted.refreshes == 0


def test_a_spent_token_is_refreshed_and_saved_before_it_is_returned(kit):
    """R2: persist, then return."""
    expire(kit)
    token = kit.token("scripted")
    assert kit.scripted.refreshes == 1
    assert stored(kit).access_token.value == token.value


def test_many_threads_cause_one_refresh(kit):
    """R5: one refresh at a time, and all share its result."""
    expire(kit)
    with ThreadPoolExecutor(16) as pool:
        tokens = set(pool.map(lambda _: kit.token("scripted").value, range(64)))
    assert len(tokens) == 1
    assert kit.scripted.refreshes == 1


def test_kits_that_share_a_store_cause_one_refresh(kit, tmp_path):
    """R5: as processes do, each kit has its own memory and flights."""
    kits = [ScriptedKit(tmp_path, provider=kit.scripted, clock=kit.clock, store=kit.records.store) for _ in range(8)]
    expire(kit)
    with ThreadPoolExecutor(8) as pool:
        tokens = set(pool.map(lambda kit: kit.token("scripted").value, kits))
    assert len(tokens) == 1
    assert kit.scripted.refreshes == 1


def test_a_refresh_opens_the_record_once_where_nobody_has_changed_it_since(kit, monkeypatch):
    """R2: under the lease its version tells; a record that another has written meanwhile is opened again."""
    expire(kit)
    kit._cache.forget()
    opened = []
    real = kit.records.ring.open_record
    monkeypatch.setattr(kit.records.ring, "open_record", lambda *args: opened.append(args) or real(*args))
    kit.token("scripted/me@example.com")
    assert (len(opened), kit.scripted.refreshes) == (1, 1)

    expire(kit)
    wanted = kit._cache.look("scripted/me@example.com", TokenQuery())
    held = kit.records.get(kit.me)
    other = held.grant.renewed(access_tokens={"": AccessToken("another's", expires_at=kit.clock.now() + 900)})
    kit.records.save(kit.me, other, replaces=held.version)
    opened.clear()
    served = kit.refresher.renew(wanted.account, wanted.need, wanted.held).result().held.grant.access_token
    assert (served.value, len(opened), kit.scripted.refreshes) == ("another's", 1, 1)


def test_under_the_lease_a_refresh_looks_at_the_record_once(kit, monkeypatch):
    """R8: the lock of who has the newest grant comes with the lease, so that one look tells what both protect."""
    expire(kit)
    held, looks = kit.records.get(kit.me), []
    real = kit.records.store.load
    monkeypatch.setattr(kit.records.store, "load", lambda name: looks.append(name) or real(name))
    assert kit.refresher.renew_here(kit.me, RefreshJob(), held).refreshed
    assert looks.count(grant_name(kit.me)) == 1


def test_callers_who_wait_for_a_refresh_share_its_failure(kit):
    """R5: one failed request, one error for all, and none of them tries again on its own."""
    expire(kit)
    release = threading.Event()
    kit.scripted.will(_once(release, unavailable(retry_at=kit.clock.now() + 60)))
    errors = []

    def ask(_):
        try:
            kit.token("scripted")
        except ProviderUnavailable as error:
            errors.append(error)

    with ThreadPoolExecutor(16) as pool:
        callers = [pool.submit(ask, number) for number in range(16)]
        release.set()
        for caller in callers:
            caller.result()
    assert len(errors) == 16
    assert kit.scripted.refreshes == 1


def _once(event, error):
    def outcome():
        event.wait(PATIENCE)
        raise error

    return outcome


def test_back_off_is_shared_through_the_note(kit, tmp_path):
    """R12: another process does not ask before the provider's own time, and asks then."""
    expire(kit)
    kit.scripted.will(unavailable(retry_at=kit.clock.now() + 60))
    with pytest.raises(ProviderUnavailable):
        kit.token("scripted")
    other = ScriptedKit(tmp_path, provider=kit.scripted, clock=kit.clock, store=kit.records.store)
    kit.clock.advance(59)
    with pytest.raises(ProviderUnavailable) as caught:
        other.token("scripted")
    assert caught.value.retry_at == pytest.approx(kit.clock.now() + 1)
    assert kit.scripted.refreshes == 1
    kit.clock.advance(2)
    assert other.token("scripted")
    assert kit.scripted.refreshes == 2


def test_a_token_with_life_left_is_served_while_the_provider_is_down(kit):
    """R14: forty-five seconds are forty-five seconds."""
    first = kit.token("scripted").value
    kit.clock.advance(LIFETIME - 5)
    kit.scripted.will(unavailable(sent=False))
    assert kit.token("scripted").value == first
    assert kit.scripted.refreshes == 1


def test_an_older_record_than_one_already_used_is_not_refreshed_from(kit):
    """R10: a restored backup."""
    backup = kit.records.store.load(grant_name(kit.me))
    expire(kit)
    kit.token("scripted")
    held = kit.records.get(kit.me)
    kit.records.store.save(grant_name(kit.me), backup.data, replaces=held.version)
    expire(kit)
    kit.clock.advance(60)
    with pytest.raises(GrantSuperseded) as caught:
        kit.token("scripted")
    assert "refresh scripted/me@example.com --force" in caught.value.hint
    assert kit.scripted.refreshes == 1


def test_a_token_that_another_has_brought_is_served_though_the_note_of_it_cannot_be_written(kit, monkeypatch):
    """R2, R14: the note is for those who refresh."""

    def refuse(lease, note, **_):
        raise StoreUnavailable("the state folder takes nothing")

    monkeypatch.setattr(MemoryLease, "write_note", refuse)
    kit.records.store._notes.clear()
    served = kit.refresher.renew(kit.me, RefreshJob()).result().held.grant.access_token
    assert served.value == stored(kit).access_token.value
    assert kit.scripted.refreshes == 0


def test_a_rejected_token_is_replaced_by_a_newer_one_of_the_store_or_refreshed_once(kit):
    """R15: one token value forces one refresh at most."""
    source = kit.source("scripted")
    first = source.token()
    second = source.token(rejected=first)
    assert second.value != first.value
    assert source.token(rejected=first).value == second.value
    assert kit.scripted.refreshes == 1


def keep_the_same_token(kit, monkeypatch):
    """A provider that hands out one access token until it ends, whoever asks anew."""
    token = stored(kit).access_token
    monkeypatch.setattr(
        kit.scripted,
        "_access_token",
        lambda now: AccessToken(token.value, expires_at=now + LIFETIME, obtained_at=now),
    )


def test_a_rejected_token_that_a_refresh_brings_back_is_not_refreshed_at_every_401(kit, tmp_path, monkeypatch):
    """R15: at most one forced refresh for one token value, whichever process reports it."""
    keep_the_same_token(kit, monkeypatch)
    other = ScriptedKit(tmp_path, provider=kit.scripted, clock=kit.clock, store=kit.records.store)
    for source in (kit.source("scripted"), other.source("scripted"), kit.source("scripted")):
        rejected = source.token()
        assert source.token(rejected=rejected).value == rejected.value
    assert kit.scripted.refreshes == 1
    assert rejected.value.encode() not in kit.records.store.note(grant_name(kit.me))


def test_a_person_who_asks_for_a_refresh_gets_one_even_of_a_token_that_came_back_before(kit, monkeypatch):
    """R15 bounds what an API's answers cause, not what a person asks for."""
    keep_the_same_token(kit, monkeypatch)
    rejected = kit.token("scripted")
    kit.source("scripted").token(rejected=rejected)
    for refreshes in (2, 3):
        assert kit.refresh("scripted").value == rejected.value
        assert kit.scripted.refreshes == refreshes
    kit.source("scripted").token(rejected=rejected)
    assert kit.scripted.refreshes == 3


def test_a_token_that_came_back_at_its_end_is_still_refreshed_once_when_an_api_rejects_it(kit, monkeypatch):
    """R15: that refresh was due, and not forced."""
    source = kit.source("scripted")
    keep_the_same_token(kit, monkeypatch)
    expire(kit)
    for _ in range(3):
        source.token(rejected=source.token())
    assert kit.scripted.refreshes == 2


def test_a_refresh_that_brings_no_token_does_not_confirm_the_rejected_one(kit, monkeypatch):
    """R15, R16: nobody has said yet that there is no other."""
    source = kit.source("scripted")
    first = source.token()
    monkeypatch.setattr(
        kit.scripted, "refresh", lambda ctx, client, grant: grant.renewed(refresh_token=kit.scripted._rotate())
    )
    with pytest.raises(InvalidAnswer):
        source.token(rejected=first)
    monkeypatch.undo()
    kit.clock.advance(2)
    assert source.token(rejected=first).value != first.value


def test_a_token_that_took_the_place_of_one_that_came_back_has_a_forced_refresh_of_its_own(kit, monkeypatch):
    """R15: for one token value."""
    source = kit.source("scripted")
    keep_the_same_token(kit, monkeypatch)
    source.token(rejected=source.token())
    monkeypatch.undo()
    expire(kit)
    second = source.token()
    assert source.token(rejected=second).value != second.value
    assert kit.scripted.refreshes == 3


def test_a_refresh_that_a_person_asks_for_is_not_answered_by_one_that_was_not_needed(kit, monkeypatch):
    """Nor by joining a caller who only found that another had refreshed already."""
    first = kit.token("scripted")
    joined = threading.Event()
    lease, renew = kit.records.store.lease, kit.refresher.renew

    def slow(*arguments, **times):
        joined.wait(PATIENCE)
        return lease(*arguments, **times)

    def joining(*arguments):
        flight = renew(*arguments)
        joined.set()
        return flight

    monkeypatch.setattr(kit.records.store, "lease", slow)
    idle = renew(kit.me, RefreshJob())  # it will find a good token, and ask for none
    monkeypatch.setattr(kit.refresher, "renew", joining)
    assert kit.refresh("scripted").value != first.value
    assert not idle.result().refreshed


def test_a_rejected_token_is_not_served_again_when_the_refresh_fails(kit):
    """R15: what an API has refused is no token with life left."""
    kit.scripted.will(unavailable(sent=False))
    first = kit.token("scripted")
    with pytest.raises(ProviderUnavailable):
        kit.source("scripted").token(rejected=first)


def test_of_a_rejected_token_that_cannot_be_refreshed_no_more_is_said_than_is_known(kit):
    """R15: an API may answer 401 for a reason of its own; it is not said that the token has ended."""
    held = kit.records.get(kit.me)
    kit.records.save(kit.me, held.grant.renewed(refresh_token=None), replaces=held.version)
    first = kit.token("scripted")
    with pytest.raises(ConsentRequired, match="its API has answered 401 to the access token, and the provider gave no"):
        kit.source("scripted").token(rejected=first)
    assert kit.token("scripted").value == first.value
    expire(kit)
    with pytest.raises(ConsentRequired, match="the provider gave no refresh token, and the access token has ended"):
        kit.token("scripted")


def test_a_token_that_was_expired_on_arrival_is_used_and_refreshed_once_a_minute(kit):
    """R16: else every call would refresh it."""
    kit.scripted.lifetime = 0
    expire(kit)
    for _ in range(5):
        assert kit.token("scripted")
        kit.clock.advance(1)
    assert kit.scripted.refreshes == 1
    kit.clock.advance(60)
    kit.token("scripted")
    assert kit.scripted.refreshes == 2


def test_a_min_ttl_that_the_provider_cannot_meet_is_reported_and_does_not_refresh_at_every_call(kit):
    for _ in range(5):
        with pytest.raises(UsageError, match="last 60 minutes") as raised:
            kit.token("scripted", min_ttl=10 * LIFETIME)
    assert raised.value.hint == "ask for less than 3600 seconds"
    assert kit.scripted.refreshes == 0
    assert kit.token("scripted", min_ttl=LIFETIME)


def test_a_min_ttl_refreshes_a_token_with_too_little_left(kit):
    kit.clock.advance(1800)
    assert kit.token("scripted", min_ttl=2000).expires_at == kit.clock.now() + LIFETIME
    assert kit.scripted.refreshes == 1


@pytest.mark.parametrize("step", [-30 * 86400, 30 * 86400])
def test_a_stepped_clock_costs_one_refresh_and_no_loop(kit, step):
    """R1: and no dead token is called fresh."""
    kit.token("scripted")
    kit.clock.advance(step)
    for _ in range(5):
        assert kit.token("scripted").expires_at == kit.clock.now() + LIFETIME
    assert kit.scripted.refreshes == 1


def test_a_failure_from_before_the_clock_was_stepped_back_stops_nobody(kit):
    """R12: else it would be shared until the clock is there again."""
    expire(kit)
    kit.scripted.will(unavailable(sent=False))
    with pytest.raises(ProviderUnavailable):
        kit.token("scripted")
    kit.clock.advance(-7200)
    kit.token("scripted")
    assert kit.scripted.refreshes == 2


def test_a_login_replaces_the_grant_as_a_whole_and_keeps_the_old_one_in_quarantine_unrevoked(kit):
    """R18: revoking the old grant ends the new one at several providers."""
    old = stored(kit).refresh_token
    kit.sign_in()
    assert stored(kit).refresh_token != old
    assert len(list(kit.records.store.names("quarantine"))) == 1
    assert kit.scripted.revoked == []


def test_a_login_that_comes_back_with_another_subject_is_another_account(kit):
    """R18: it never overwrites."""
    before = stored(kit)
    kit.scripted.subject = "subject-2"
    other = kit.sign_in()
    assert other.name == "me@example.com-2"
    assert stored(kit).refresh_token == before.refresh_token


def test_a_person_who_changed_their_address_keeps_their_account(kit):
    kit.scripted.account_name = "new@example.com"
    assert kit.sign_in() == kit.me


def test_a_refresh_outlives_a_caller_that_gave_up(kit):
    """R7: the rotated grant is on disk, whoever has stopped waiting."""
    expire(kit)
    release = threading.Event()
    kit.scripted.will(lambda: release.wait(PATIENCE) and None)
    wanted = kit._cache.look("scripted", TokenQuery())
    flight = kit.refresher.renew(wanted.account, wanted.need, wanted.held)
    with pytest.raises(TimeoutError):
        flight.result(timeout=0.01)
    release.set()
    flight.result(timeout=PATIENCE)
    assert stored(kit).access_token.value == "access-3"


def test_a_note_never_holds_a_secret(kit):
    """R8: the refresh state is shared and not sealed, so it holds no secret (R35)."""
    expire(kit)
    kit.scripted.will(ProviderUnavailable("down"), ProviderUnavailable("down"))
    with pytest.raises(ProviderUnavailable):
        kit.token("scripted")
    note = kit.records.store.note(grant_name(kit.me))
    assert b"refresh-" not in note
    assert b"access-" not in note


def test_no_secret_shows_in_the_repr_of_what_is_remembered(kit):
    """R35: a repr ends up in logs."""
    kit.token("scripted")
    shown = repr((kit._memory, stored(kit), kit.records.get(kit.me), Secret("access-1")))
    assert "access-1" not in shown
    assert "refresh-2" not in shown
