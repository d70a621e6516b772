"""The life of one grant, rule by rule, at a provider that does what the test says."""

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from tokenkit.desk import Ask
from tokenkit.errors import (
    ClientRefused,
    ConsentRequired,
    GrantSuperseded,
    InvalidAnswer,
    ProviderBroken,
    ProviderChanged,
    ProviderUnavailable,
    StoreUnavailable,
    UnknownAccount,
)
from tokenkit.grant import NEEDS_CONSENT
from tokenkit.keeper import Need
from tokenkit.note import Note
from tokenkit.records import grant_name
from tokenkit.store.files import FileStore
from tokenkit.store.memory import MemoryLease, MemoryStore
from tokenkit.token import AccessToken, Secret

from scripted import LIFETIME, ScriptedKit


@pytest.fixture
def kit(tmp_path):
    kit = ScriptedKit(tmp_path)
    kit.me = kit.sign_in()
    return kit


def unavailable(**details):
    return ProviderUnavailable("the provider is down", **details)


def stored(kit):
    return kit.records.get(kit.me).grant


def expire(kit):
    kit.clock.advance(LIFETIME + 1)


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
    """R5."""
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
        event.wait(5)
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


def test_repeated_failures_back_off_further_each_time(kit):
    """R12."""
    expire(kit)
    waits = []
    for _ in range(4):
        kit.scripted.will(unavailable(sent=False))
        with pytest.raises(ProviderUnavailable):
            kit.token("scripted")
        retry_at = kit.keeper.note(kit.me).failure.retry_at
        waits.append(retry_at - kit.clock.now())
        kit.clock.advance(retry_at - kit.clock.now())
    assert waits == [1, 2, 4, 8]


def test_a_request_that_was_never_sent_is_not_repeated_at_once(kit):
    """R12: nothing was sent, so nothing is unknown."""
    expire(kit)
    kit.scripted.will(unavailable(sent=False))
    with pytest.raises(ProviderUnavailable):
        kit.token("scripted")
    assert kit.scripted.refreshes == 1


@pytest.mark.parametrize("error", [unavailable(), InvalidAnswer("not JSON")])
def test_an_unknown_outcome_is_retried_once_with_the_same_refresh_token(kit, error):
    """R12: grace windows are short, so within seconds."""
    expire(kit)
    kit.scripted.will(error)
    before = kit.clock.now()
    assert kit.token("scripted")
    assert kit.scripted.refreshes == 2
    assert kit.clock.now() - before < 2


def test_an_outcome_that_stays_unknown_is_told_and_nobody_is_signed_out(kit):
    """R12, R14."""
    expire(kit)
    kit.scripted.will(unavailable(), unavailable())
    with pytest.raises(ProviderUnavailable):
        kit.token("scripted")
    assert kit.scripted.refreshes == 2
    assert stored(kit).state == "active"
    kit.clock.advance(2)
    assert kit.token("scripted")


def test_a_token_with_life_left_is_served_while_the_provider_is_down(kit):
    """R14: forty-five seconds are forty-five seconds."""
    first = kit.token("scripted").value
    kit.clock.advance(LIFETIME - 5)
    kit.scripted.will(unavailable(sent=False))
    assert kit.token("scripted").value == first
    assert kit.scripted.refreshes == 1


def test_invalid_grant_is_latched_until_a_new_login(kit):
    """R13: no more HTTP, and the reason is told each time."""
    expire(kit)
    kit.scripted.will(ConsentRequired("refused", reason="you changed your password"))
    for _ in range(3):
        with pytest.raises(ConsentRequired, match="you changed your password") as caught:
            kit.token("scripted")
        assert caught.value.hint == "tokenkit login scripted/me@example.com"
    assert kit.scripted.refreshes == 1
    assert stored(kit).state == NEEDS_CONSENT
    kit.sign_in()
    assert kit.token("scripted")


def test_the_refresh_token_of_a_refused_grant_is_kept_and_force_tries_it(kit):
    """R13: providers have refused valid tokens during an incident of theirs."""
    expire(kit)
    kit.scripted.will(ConsentRequired("refused", reason="an incident"))
    with pytest.raises(ConsentRequired):
        kit.token("scripted")
    kit.refresh("scripted", force=True)
    assert stored(kit).state == "active"
    assert kit.token("scripted")


def test_invalid_grant_after_another_has_won_uses_what_the_other_stored(kit):
    """R13: one more look into the store before anybody is told to sign in."""
    expire(kit)

    def another_signs_in():
        held = kit.records.get(kit.me)
        kit.records.save(kit.me, kit.scripted.issue(kit.clock.now()), replaces=held.version)
        raise ConsentRequired("refused", reason="rotated")

    kit.scripted.will(another_signs_in)
    assert kit.token("scripted").value == stored(kit).access_token.value
    assert stored(kit).state == "active"


@pytest.mark.parametrize(
    "error",
    [
        unavailable(sent=False),
        unavailable(),
        unavailable(retry_at=2e9),
        InvalidAnswer("not JSON"),
        ClientRefused("invalid_client"),
        ValueError("in the plugin"),
    ],
)
def test_a_login_during_a_refresh_that_fails_serves_those_who_waited(kit, tmp_path, error):
    """R12, R13: whatever the failure, the store is looked into once more, and nobody is kept from what lies there."""
    expire(kit)

    def another_signs_in():
        held = kit.records.get(kit.me)
        kit.records.save(kit.me, kit.scripted.issue(kit.clock.now()).renewed(generation=2), replaces=held.version)
        raise error

    kit.scripted.will(another_signs_in)
    assert kit.token("scripted").value == stored(kit).access_token.value
    assert kit.scripted.refreshes == 1
    assert kit.keeper.note(kit.me) == Note(newest=2)


@pytest.mark.parametrize("sent", [False, True])
def test_a_store_that_fails_as_well_does_not_hide_why_a_refresh_failed(kit, monkeypatch, sent):
    """R12: and the back-off is told to the others all the same."""
    expire(kit)

    def version(name):
        raise StoreUnavailable("the store is gone")

    def outcome():
        monkeypatch.setattr(kit.records.store, "version", version)
        raise unavailable(sent=sent)

    kit.scripted.will(outcome)
    with pytest.raises(ProviderUnavailable):
        kit.token("scripted")
    assert kit.scripted.refreshes == 1
    note = kit.keeper.note(kit.me)
    assert (note.failure.kind, note.attempt is not None) == ("ProviderUnavailable", sent)


def test_a_refused_client_is_a_configuration_error_and_never_latched(kit):
    """R13."""
    expire(kit)
    kit.scripted.will(ClientRefused("invalid_client", hint="tokenkit client set scripted"))
    with pytest.raises(ClientRefused):
        kit.token("scripted")
    assert stored(kit).state == "active"
    kit.clock.advance(2)
    assert kit.token("scripted")


def test_a_lost_answer_is_told_when_the_next_refresh_is_refused(kit):
    """R8: an attempt without an end says that an answer was lost on the way."""
    expire(kit)
    with kit.records.store.lease(grant_name(kit.me), lasts=60, wait=1) as lease:
        lease.write_note(b'{"newest": 1, "attempt": 5.0}')
    kit.scripted.will(ConsentRequired("refused", reason="used twice"))
    with pytest.raises(ConsentRequired, match="answer to an earlier refresh was lost"):
        kit.token("scripted")


def test_a_lost_answer_is_told_though_the_retry_was_put_off(kit):
    """R8, R12: that the retry was not acted on says nothing about the first request."""
    expire(kit)
    kit.scripted.will(unavailable(), unavailable(sent=False), ConsentRequired("refused", reason="used twice"))
    with pytest.raises(ProviderUnavailable):
        kit.token("scripted")
    kit.clock.advance(2)
    with pytest.raises(ConsentRequired, match="answer to an earlier refresh was lost"):
        kit.token("scripted")


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


def test_a_changed_client_id_gets_no_refresh_token(kit, tmp_path):
    """R17."""
    expire(kit)
    other = ScriptedKit(tmp_path, provider=kit.scripted, clock=kit.clock, store=kit.records.store)
    other._environ["TOKENKIT_SCRIPTED_CLIENT_ID"] = "another"
    with pytest.raises(ProviderChanged, match="client id"):
        other.token("scripted")
    assert kit.scripted.refreshes == 0


@pytest.mark.parametrize("member", ["issuer", "token_endpoint", "revocation_endpoint"])
def test_a_changed_plugin_gets_no_refresh_token(kit, member):
    """R17: nor does a file dropped into the config folder."""
    expire(kit)
    setattr(kit.scripted, member, "https://evil.example/")
    with pytest.raises(ProviderChanged, match=member.replace("_", " ")):
        kit.token("scripted")
    assert kit.scripted.refreshes == 0


def test_an_exception_of_a_plugin_names_the_plugin_and_nothing_it_said(kit):
    expire(kit)
    kit.scripted.will(ValueError("secret-value"))
    with pytest.raises(ProviderBroken, match="scripted failed in refresh") as caught:
        kit.token("scripted")
    assert "secret-value" not in str(caught.value)


def test_a_sign_out_beats_a_refresh_on_its_way_which_revokes_what_it_got(kit):
    """R8: whichever order, the account stays signed out."""
    expire(kit)
    kit.scripted.will(lambda: kit.logout("scripted"))
    with pytest.raises(UnknownAccount, match="signed out while it was being refreshed"):
        kit.token("scripted/me@example.com")
    assert kit.accounts() == []
    assert kit.scripted.revoked == ["refresh-2", "refresh-4"]


def test_what_could_not_be_revoked_after_a_sign_out_is_told_as_such(kit, monkeypatch):
    """R19: and an error of the revocation does not hide that the account is signed out."""
    expire(kit)

    def revoke(*_):
        raise ClientRefused("the provider does not know this client")

    def sign_out():
        kit.logout("scripted", local=True)
        monkeypatch.setattr(kit.scripted, "revoke", revoke)

    kit.scripted.will(sign_out)
    with pytest.raises(UnknownAccount, match="was not revoked"):
        kit.token("scripted/me@example.com")


def test_a_refresh_of_a_former_grant_never_replaces_that_of_a_new_login(kit):
    """R8: not even where the note, and with it the newest generation, was lost in between."""
    expire(kit)
    former = stored(kit).refresh_token
    signed_in = []

    def again():
        kit.logout("scripted", local=True)
        kit.records.store._notes.clear()
        kit.sign_in()
        signed_in.append(stored(kit).access_token.value)
        kit.scripted._current = former  # a provider at which both sign-ins live

    kit.scripted.will(again)
    assert [kit.refresh("scripted").value] == signed_in
    assert [stored(kit).access_token.value] == signed_in


def test_an_answer_without_an_access_token_is_saved_and_no_dead_token_is_called_fresh(kit, monkeypatch):
    """R16: the refresh token in it is the only one that works from now on."""
    expire(kit)
    refreshed = []

    def refresh(ctx, client, grant):
        refreshed.append(grant.refresh_token)
        return grant.renewed(refresh_token=kit.scripted._rotate())

    monkeypatch.setattr(kit.scripted, "refresh", refresh)
    for _ in range(2):
        with pytest.raises(InvalidAnswer, match="without an access token"):
            kit.token("scripted")
    assert len(refreshed) == 1
    assert stored(kit).refresh_token == kit.scripted._current
    monkeypatch.undo()
    kit.clock.advance(2)
    assert kit.token("scripted").good(kit.clock.now())


def test_a_plugin_that_broke_may_have_lost_an_answer(kit):
    """R8: nobody knows whether its request was acted on."""
    expire(kit)
    kit.scripted.will(ValueError("while reading the answer"), ConsentRequired("refused", reason="revoked"))
    with pytest.raises(ProviderBroken):
        kit.token("scripted")
    kit.clock.advance(2)
    with pytest.raises(ConsentRequired, match="the answer to an earlier refresh was lost"):
        kit.token("scripted")


def test_a_sign_out_after_a_refresh_that_it_did_not_see_ends_that_too(kit):
    """R8, R19: the other order."""
    original = kit.scripted.revoke

    def revoke(ctx, client, grant):
        kit.scripted.revoke = original
        kit.refresh("scripted")
        return original(ctx, client, grant)

    kit.scripted.revoke = revoke
    kit.logout("scripted")
    assert kit.accounts() == []
    assert kit.scripted.revoked == ["refresh-2", "refresh-4"]


class BriefStore(MemoryStore):
    """Its leases end by time, as those of a database do."""

    left = float("inf")

    def lease(self, name, *, lasts, wait):
        store = self

        class Lease(MemoryLease):
            def left(self):
                return store.left

        return WithLease(super().lease(name, lasts=lasts, wait=wait), Lease(self._notes, name))


@pytest.mark.parametrize("left", [-1.0, 70.0])
def test_a_lease_that_would_run_out_during_the_request_is_refused_before_anything_is_sent(tmp_path, left):
    """R6: it has to outlast the request, at thirty seconds, and its retry. Nothing is latched, nor called lost."""
    kit = ScriptedKit(tmp_path, store=BriefStore())
    kit.me = kit.sign_in()
    expire(kit)
    kit.records.store.left = left
    with pytest.raises(StoreUnavailable, match="ran out before the refresh could begin"):
        kit.token("scripted")
    assert kit.scripted.refreshes == 0
    assert stored(kit).state == "active"
    assert kit.keeper.note(kit.me).attempt is None
    kit.records.store.left = 75.0
    kit.clock.advance(2)
    assert kit.token("scripted").value == stored(kit).access_token.value
    assert kit.scripted.refreshes == 1


class FullStore(MemoryStore):
    """A disk that is full: for the reservation, for the save, or not at all."""

    full_for_reserve = full_for_save = False

    def save(self, name, data, *, replaces):
        if self.full_for_save and name.kind == "grant" and data is not None:
            raise StoreUnavailable("No space left on device", hint="free some disk space")
        return super().save(name, data, replaces=replaces)

    def lease(self, name, *, lasts, wait):
        store = self

        class Lease(MemoryLease):
            def reserve(self, size):
                if store.full_for_reserve:
                    raise StoreUnavailable("No space left on device", hint="free some disk space")

        return WithLease(super().lease(name, lasts=lasts, wait=wait), Lease(self._notes, name))


class WithLease:
    def __init__(self, manager, lease):
        self.manager, self.lease = manager, lease

    def __enter__(self):
        self.manager.__enter__()
        return self.lease

    def __exit__(self, *exc):
        return self.manager.__exit__(*exc)


@pytest.fixture
def full(tmp_path):
    kit = ScriptedKit(tmp_path, store=FullStore())
    kit.me = kit.sign_in()
    expire(kit)
    return kit


def test_a_full_disk_is_found_before_the_server_rotates(full):
    """R9."""
    full.records.store.full_for_reserve = True
    with pytest.raises(StoreUnavailable, match="No space left"):
        full.token("scripted")
    assert full.scripted.refreshes == 0
    full.records.store.full_for_reserve = False
    assert full.token("scripted")


def test_a_grant_that_cannot_be_written_is_told_kept_and_written_at_the_next_call(full):
    """R9."""
    full.records.store.full_for_save = True
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="No space left"):
            full.token("scripted")
    assert full.scripted.refreshes == 1
    full.records.store.full_for_save = False
    token = full.token("scripted")
    assert full.scripted.refreshes == 1
    assert stored(full).access_token.value == token.value


def test_a_sign_out_ends_what_could_not_be_written_yet(full):
    """R9, R19: what lies on the disk was used up by the refresh."""
    full.records.store.full_for_save = True
    with pytest.raises(StoreUnavailable):
        full.token("scripted")
    full.records.store.full_for_save = False
    full.logout("scripted/me@example.com")
    assert full.scripted.revoked == [full.scripted._current.reveal()]
    assert full.accounts() == []


def test_a_sign_out_on_a_full_disk_revokes_what_could_not_be_written_and_forgets_it(full):
    """R9, R19: a file can be deleted where none can be written."""
    full.records.store.full_for_save = True
    with pytest.raises(StoreUnavailable):
        full.token("scripted")
    assert full.logout("scripted/me@example.com").revoked
    assert full.scripted.revoked == [full.scripted._current.reveal()]
    assert full.me not in full.keeper.unsaved
    assert full.accounts() == []


def test_a_sign_out_after_a_new_login_revokes_that_and_not_what_was_to_take_the_place_of_the_former(full, tmp_path):
    """R8, R18: a grant that waits to be written is the newest only of the record that it came from."""
    full.records.store.full_for_save = True
    with pytest.raises(StoreUnavailable):
        full.token("scripted")
    full.records.store.full_for_save = False
    ScriptedKit(tmp_path, provider=full.scripted, clock=full.clock, store=full.records.store).sign_in()
    full.records.store.full_for_save = True
    full.logout("scripted/me@example.com")
    assert full.scripted.revoked == [full.scripted._current.reveal()]
    assert full.me not in full.keeper.unsaved


@pytest.mark.parametrize("remembered", [False, True])
def test_a_grant_that_is_written_late_is_the_newest_that_was_seen(tmp_path, remembered):
    """R10: a backup from before it is noticed, whether a look at the store wrote it or the next refresh."""
    full = ScriptedKit(tmp_path, store=FullStore())
    me, store = full.sign_in(), full.records.store
    backup = store.load(grant_name(me))
    if remembered:
        full.token(str(me))
    expire(full)
    store.full_for_save = True
    with pytest.raises(StoreUnavailable):
        full.token(str(me))
    store.full_for_save = False
    assert full.token(str(me))
    assert full.keeper.note(me) == Note(newest=2)
    store.save(grant_name(me), backup.data, replaces=store.version(grant_name(me)))
    expire(full)
    with pytest.raises(GrantSuperseded):
        full.token(str(me))
    assert full.scripted.refreshes == 1


def test_a_grant_is_written_late_without_waiting_for_whoever_holds_the_lease(full):
    """R8: their refresh finds it in the place of what it began from, and notes it."""
    full.records.store.full_for_save = True
    with pytest.raises(StoreUnavailable):
        full.token("scripted")
    full.records.store.full_for_save = False
    with full.records.store.lease(grant_name(full.me), lasts=60, wait=1):
        assert full.token("scripted").value == stored(full).access_token.value


@pytest.fixture
def mounted(tmp_path):
    """A kit whose folder of tokens can be taken away and brought back, as a disk is."""
    tokens, elsewhere = tmp_path / "tokens", tmp_path / "elsewhere"
    kit = ScriptedKit(tmp_path, store=FileStore(str(tokens), str(tmp_path / "state")))
    kit.me = kit.sign_in()
    expire(kit)

    def unmount(*, mount_point):
        tokens.rename(elsewhere)
        if mount_point:
            tokens.mkdir(mode=0o700)

    def mount():
        if tokens.exists():
            tokens.rmdir()
        elsewhere.rename(tokens)

    kit.unmount, kit.mount = unmount, mount
    return kit


@pytest.mark.parametrize("mount_point", [False, True])
def test_tokens_that_are_gone_as_a_whole_are_not_taken_for_a_sign_out(mounted, mount_point):
    """R8, R9: nothing is revoked, nothing is made in their place, and the new grant waits for them to come back."""
    mounted.scripted.will(lambda: mounted.unmount(mount_point=mount_point))
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="is gone"):
            mounted.token(str(mounted.me))
    assert mounted.scripted.revoked == []
    mounted.mount()
    assert mounted.token(str(mounted.me)).value == stored(mounted).access_token.value
    assert mounted.scripted.refreshes == 1


def test_a_refusal_while_the_tokens_are_gone_is_told_and_not_latched(mounted):
    """R13: there is nothing to write the verdict into, and nothing is put in the place of what is missing."""

    def refused():
        mounted.unmount(mount_point=False)
        raise ConsentRequired("refused", reason="revoked")

    mounted.scripted.will(refused)
    with pytest.raises(StoreUnavailable, match="is gone"):
        mounted.token(str(mounted.me))
    mounted.mount()
    assert stored(mounted).state == "active"


def test_a_sign_out_while_the_tokens_are_gone_revokes_what_waits_for_them_and_says_that_nothing_was_removed(mounted):
    """R9, R19."""
    mounted.scripted.will(lambda: mounted.unmount(mount_point=False))
    with pytest.raises(StoreUnavailable):
        mounted.token(str(mounted.me))
    with pytest.raises(StoreUnavailable, match="is gone"):
        mounted.logout(str(mounted.me))
    assert mounted.scripted.revoked == [mounted.scripted._current.reveal()]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_forked_while_a_grant_is_written_late_does_not_wait_for_ever(full):
    """R7: the thread that writes it is not in the child."""
    full.records.store.full_for_save = True
    with pytest.raises(StoreUnavailable):
        full.token("scripted")
    full.records.store.full_for_save = False
    with full.keeper.unsaved._lock:
        child = os.fork()
        if child == 0:
            signal.alarm(10)
            os._exit(0 if full.keeper.load(full.me).grant.generation == 2 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_late_write_does_not_resurrect_an_account(full, tmp_path):
    """R8: a sign-out in between stands."""
    full.records.store.full_for_save = True
    with pytest.raises(StoreUnavailable):
        full.token("scripted")
    full.records.store.full_for_save = False
    ScriptedKit(tmp_path, provider=full.scripted, clock=full.clock, store=full.records.store).logout("scripted")
    with pytest.raises(UnknownAccount):
        full.token("scripted/me@example.com")
    assert full.accounts() == []


def test_a_rejected_token_is_replaced_by_a_newer_one_of_the_store_or_refreshed_once(kit):
    """R15."""
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
    lease, renew = kit.records.store.lease, kit.keeper.renew

    def slow(*arguments, **times):
        joined.wait(5)
        return lease(*arguments, **times)

    def joining(*arguments):
        flight = renew(*arguments)
        joined.set()
        return flight

    monkeypatch.setattr(kit.records.store, "lease", slow)
    idle = renew(kit.me, Need())  # it will find a good token, and ask for none
    monkeypatch.setattr(kit.keeper, "renew", joining)
    assert kit.refresh("scripted").value != first.value
    assert not idle.result().refreshed


def test_a_rejected_token_is_not_served_again_when_the_refresh_fails(kit):
    """R15: what an API has refused is no token with life left."""
    kit.scripted.will(unavailable(sent=False))
    first = kit.token("scripted")
    with pytest.raises(ProviderUnavailable):
        kit.source("scripted").token(rejected=first)


def test_a_token_that_was_expired_on_arrival_is_used_and_refreshed_once_a_minute(kit):
    """R16."""
    kit.scripted.lifetime = 0
    expire(kit)
    for _ in range(5):
        assert kit.token("scripted")
        kit.clock.advance(1)
    assert kit.scripted.refreshes == 1
    kit.clock.advance(60)
    kit.token("scripted")
    assert kit.scripted.refreshes == 2


def test_a_min_ttl_that_the_provider_cannot_meet_does_not_refresh_at_every_call(kit):
    for _ in range(5):
        kit.token("scripted", min_ttl=10 * LIFETIME)
    assert kit.scripted.refreshes == 0


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
    """R18."""
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
    kit.scripted.will(lambda: release.wait(5) and None)
    wanted = kit._desk.look("scripted", Ask())
    flight = kit.keeper.renew(wanted.account, wanted.need)
    with pytest.raises(TimeoutError):
        flight.result(timeout=0.01)
    release.set()
    flight.result(timeout=5)
    assert stored(kit).access_token.value == "access-3"


def test_a_note_never_holds_a_secret(kit):
    """R8, R35."""
    expire(kit)
    kit.scripted.will(ProviderUnavailable("down"), ProviderUnavailable("down"))
    with pytest.raises(ProviderUnavailable):
        kit.token("scripted")
    note = kit.records.store.note(grant_name(kit.me))
    assert b"refresh-" not in note
    assert b"access-" not in note


def test_no_secret_shows_in_the_repr_of_what_is_remembered(kit):
    """R35."""
    kit.token("scripted")
    shown = repr((kit._memory, stored(kit), kit.records.get(kit.me), Secret("access-1")))
    assert "access-1" not in shown
    assert "refresh-2" not in shown
