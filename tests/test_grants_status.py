"""How an account stands is told by type, and looking changes nothing (R11)."""

import os
from contextlib import suppress
from math import inf

import pytest
from tokenkit.account import Account
from tokenkit.cli.status_text import end_words, exit_code, hint_for, state_words
from tokenkit.errors import ConsentRequired, GrantMoved, GrantSuperseded, ProviderUnavailable, StoreUnavailable
from tokenkit.grants import beside
from tokenkit.grants.hopeless import IMPORT_CUT_OFF
from tokenkit.grants.sealed_store import grant_name
from tokenkit.grants.status import Active, Broken, Expired, Expiring, Moved, NeedsConsent, Unavailable, statuses
from tokenkit.store.files import FileStore
from tokenkit.store.layout import relative

from scripted import LIFETIME, ScriptedKit


@pytest.fixture
def kit(tmp_path):
    kit = ScriptedKit(tmp_path)
    kit.me = kit.sign_in()
    return kit


def state(kit):
    before = kit.scripted.refreshes
    found = kit.status("scripted").state
    assert kit.scripted.refreshes == before
    return found


def change(kit, **changes):
    held = kit.records.get(kit.me)
    kit.records.save(kit.me, held.grant.renewed(**changes), replaces=held.version)


def test_a_good_token_is_active_until_its_end(kit):
    assert state(kit) == Active(kit.clock.now() + LIFETIME)


def test_a_token_without_an_end_is_active_for_good(kit):
    kit.scripted.lifetime = None
    kit.sign_in()
    assert state(kit) == Active(None)


def test_close_to_its_end_it_is_expiring(kit):
    kit.clock.advance(LIFETIME - 100)
    assert isinstance(state(kit), Expiring)


def test_after_its_end_it_is_expired_and_refreshable(kit):
    kit.clock.advance(LIFETIME + 5)
    assert state(kit) == Expired(kit.clock.now() - 5)


def test_without_a_refresh_token_an_expired_one_needs_consent(kit):
    change(kit, refresh_token=None)
    kit.clock.advance(LIFETIME + 5)
    assert isinstance(state(kit), NeedsConsent)


def test_a_refused_grant_needs_consent_with_the_providers_reason(kit):
    kit.clock.advance(LIFETIME + 5)
    kit.scripted.will(ConsentRequired("refused", reason="you changed your password"))
    with pytest.raises(ConsentRequired):
        kit.token("scripted")
    assert state(kit) == NeedsConsent("you changed your password")


def test_a_refused_grant_whose_token_lives_on_says_until_when_it_is_handed_out(kit):
    """R14: a token with life left is always served."""
    ends = kit.clock.now() + LIFETIME
    kit.clock.advance(LIFETIME - 40)
    kit.scripted.will(ConsentRequired("refused", reason="revoked"))
    with pytest.raises(ConsentRequired):
        kit.refresh("scripted")
    assert kit.token("scripted")
    assert state(kit) == NeedsConsent("revoked", ends)
    assert state_words(kit.status("scripted"), kit.clock.now()) == "good for 40 seconds, then none until you sign in"
    kit.clock.advance(40)
    assert state(kit) == NeedsConsent("revoked")
    assert state_words(kit.status("scripted"), kit.clock.now()) == "none until you sign in"


def test_a_refused_grant_whose_token_never_ends_is_handed_out_for_good(kit):
    """R14: a token with life left is always served."""
    kit.scripted.lifetime = None
    kit.sign_in()
    change(kit, state="needs_consent", reason="revoked")
    assert kit.token("scripted")
    assert state(kit) == NeedsConsent("revoked", inf)
    assert state_words(kit.status("scripted"), kit.clock.now()) == "good, without an end"


def restore_an_old_record(kit):
    name = grant_name(kit.me)
    backup = kit.records.store.load(name).data
    kit.refresh("scripted")
    kit.records.store.save(name, backup, replaces=kit.records.store.version(name))


def test_a_restored_backup_whose_token_has_ended_is_told_with_what_the_refresh_says(kit):
    """R10: a record older than the newest that was seen is not refreshed from, and the status says so."""
    restore_an_old_record(kit)
    kit.clock.advance(LIFETIME + 5)
    with pytest.raises(GrantSuperseded) as caught:
        kit.token("scripted")
    assert state(kit) == Broken(str(caught.value), caught.value.hint, superseded=True)
    found = kit.status("scripted")
    assert exit_code(found, kit.clock.now(), 0) == caught.value.exit_code
    assert "--force" in hint_for(found)
    assert state_words(found, kit.clock.now()) == "none, a newer grant was used already"


def test_a_restored_backup_is_told_while_its_token_is_still_handed_out(kit):
    """R10, R14: the token with life left is served, and a check fails before it ends."""
    ends = kit.clock.now() + LIFETIME
    restore_an_old_record(kit)
    kit.clock.advance(LIFETIME - 40)
    assert kit.token("scripted")
    found = kit.status("scripted")
    assert (found.state.superseded, found.state.until) == (True, ends)
    assert exit_code(found, kit.clock.now(), 0) == GrantSuperseded.exit_code
    assert state_words(found, kit.clock.now()) == "good for 40 seconds, then none, a newer grant was used already"


YEAR = 365 * 86400.0


@pytest.mark.parametrize("pause", [None, 3600.0])
@pytest.mark.parametrize("wrong_by", [YEAR, -YEAR])
def test_a_failure_under_a_wrong_clock_makes_nobody_unavailable_once_it_is_right(kit, pause, wrong_by):
    """The status says what `token` does: a failure from the future, or long over, stops nobody."""
    kit.clock.advance(LIFETIME + 5 + wrong_by)
    retry_at = None if pause is None else kit.clock.now() + pause
    kit.scripted.will(ProviderUnavailable("down", retry_at=retry_at, sent=False))
    with pytest.raises(ProviderUnavailable):
        kit.refresh("scripted")
    kit.clock.advance(-wrong_by)
    assert isinstance(state(kit), Expired)
    assert kit.token("scripted")


def test_the_end_of_a_refresh_token_that_has_worked_since_is_not_believed(kit):
    """The clock was a year behind at the sign-in: what counts from there is of no account."""
    end = kit.clock.now() - 100 * 86400
    change(kit, refresh_expires_at=end)
    assert kit.status("scripted").ends_at is None
    change(kit, refresh_expires_at=kit.clock.now() + 5)
    assert kit.status("scripted").ends_at == kit.clock.now() + 5


def test_a_token_that_was_expired_on_arrival_is_active_for_as_long_as_it_is_handed_out(kit):
    """R16: such a token serves for a minute; without a refresh token the person is needed then."""
    kit.scripted.lifetime = 0.0
    kit.sign_in()
    change(kit, refresh_token=None)
    now = kit.clock.now()
    assert state(kit) == Active(now + 60)
    assert kit.status("scripted").ends_at == now + 60
    assert kit.token("scripted")
    kit.clock.advance(61)
    assert isinstance(state(kit), NeedsConsent)


def test_a_good_token_is_active_though_nobody_can_read_what_the_refreshes_noted(tmp_path):
    store = FileStore(str(tmp_path / "tokens"), str(tmp_path / "state"))
    kit = ScriptedKit(tmp_path, store=store)
    path = f"{store.notes}/{relative(grant_name(kit.sign_in()))}"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with suppress(FileNotFoundError):
        os.unlink(path)
    os.mkfifo(path)
    assert isinstance(state(kit), Active)
    kit.clock.advance(LIFETIME + 5)
    assert isinstance(state(kit), Broken)


def test_while_the_provider_is_down_it_is_unavailable_until_the_next_try(kit):
    kit.clock.advance(LIFETIME + 5)
    retry_at = kit.clock.now() + 60
    kit.scripted.will(ProviderUnavailable("down", retry_at=retry_at))
    with pytest.raises(ProviderUnavailable):
        kit.token("scripted")
    assert state(kit) == Unavailable(retry_at, "down")
    kit.clock.advance(61)
    assert isinstance(state(kit), Expired)


def test_a_record_that_cannot_be_opened_is_broken_with_what_mends_it(kit):
    name = grant_name(kit.me)
    kit.records.store.save(name, b"torn", replaces=kit.records.store.version(name))
    found = state(kit)
    assert isinstance(found, Broken)
    assert "--replace" in found.hint


def test_what_helps_is_about_the_owners_account(kit):
    """R37: the command that sets a broken record aside would else ask for another's."""
    alice = kit.for_owner("alice")
    alice.sign_in()
    name = grant_name(Account("scripted", "me@example.com", "alice"))
    kit.records.store.save(name, b"torn", replaces=kit.records.store.version(name))
    assert "tokenkit --owner alice login scripted/me@example.com --replace" in alice.status("scripted").state.hint
    assert [each.state.hint for each in alice.statuses()] == [alice.status("scripted").state.hint]


@pytest.mark.parametrize(("reason", "helps"), [("", "TOKENKIT_STORE"), (IMPORT_CUT_OFF, "tokenkit import FILE")])
def test_a_moved_grant_says_so_and_what_helps_as_the_error_does(kit, reason, helps):
    """R11: what an import was cut off with needs no new sign-in, and is in no other store."""
    change(kit, state="moved", reason=reason)
    with pytest.raises(GrantMoved) as moved:
        kit.token("scripted")
    found = state(kit)
    assert found == Moved(str(moved.value), found.hint)
    assert helps in found.hint
    assert helps in moved.value.hint
    status = kit.status("scripted")
    assert (helps in hint_for(status), end_words(status, kit.clock.now())) == (True, "")


@pytest.fixture
def three(kit):
    for name in ("a@example.com", "b@example.com"):
        kit.scripted.account_name, kit.scripted.subject = name, name
        kit.sign_in()
    return kit


def test_all_accounts_stand_as_each_of_them_does(three):
    assert three.statuses() == [three.status(str(account)) for account in three.accounts()]
    assert three.statuses("scripted") == three.statuses()


def test_where_nothing_lies_beside_the_records_nobody_looks_beside_each(three, monkeypatch):
    """R9: in a list of ten thousand it would be twenty thousand looks."""
    monkeypatch.setattr(beside, "found", None)  # calling it would raise
    assert len(three.statuses()) == 3


def test_where_nobody_can_list_what_lies_beside_each_account_is_looked_at(three, monkeypatch):
    def no_list(kind, owner="", **_):
        if kind == "unsaved":
            raise StoreUnavailable("the folder cannot be read")
        return listed(kind, owner)

    listed, looked = three.records.store.names, []
    monkeypatch.setattr(three.records.store, "names", no_list)
    monkeypatch.setattr(beside, "found", lambda _, account: looked.append(account) or [])
    assert [status.account for status in three.statuses()] == looked


def test_an_account_that_is_signed_out_while_all_are_looked_at_is_left_out(three):
    found = statuses(three.refresher, three.clock.now)
    first = next(found)
    three.logout("scripted/b@example.com", local=True)
    assert [first.account.name, *(status.account.name for status in found)] == ["a@example.com", "me@example.com"]
