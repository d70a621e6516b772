"""Sign-out says which of the two happened, and whom else it ends (R19)."""

import os

import pytest
from tokenkit.errors import ProviderUnavailable, StoreError, StoreUnavailable, UnknownAccount
from tokenkit.grants.sealed_store import grant_name
from tokenkit.keys.file import path_in
from tokenkit.provider import Revocation

from scripted import ScriptedKit


@pytest.fixture
def kit(tmp_path):
    kit = ScriptedKit(tmp_path)
    kit.me = kit.sign_in()
    return kit


def test_it_revokes_at_the_provider_and_removes_here(kit):
    outcome = kit.logout("scripted")
    assert (outcome.revoked, outcome.removed) == (True, True)
    assert kit.scripted.revoked == ["refresh-2"]
    assert kit.accounts() == []


def test_a_local_sign_out_asks_nobody(kit):
    outcome = kit.logout("scripted", local=True)
    assert (outcome.revoked, outcome.removed) == (False, True)
    assert kit.scripted.revoked == []


@pytest.mark.parametrize("local", [False, True])
def test_a_store_that_removes_nothing_is_told_with_what_was_revoked(kit, monkeypatch, local):
    """R19: it says which of the two happened; the token that has ended is served here still."""

    def refuse(*_, **__):
        raise StoreUnavailable("the file system is read-only", hint="findmnt --target /home")

    monkeypatch.setattr(type(kit.records.store), "save", refuse)
    with pytest.raises(StoreUnavailable, match="the file system is read-only") as raised:
        kit.logout("scripted", local=local)
    assert str(raised.value).startswith(f"{kit.me} was revoked at the provider, and cannot be removed here: ") != local
    again = "" if local else f"; then: tokenkit logout {kit.me} --local"
    assert raised.value.hint == f"findmnt --target /home{again}"
    monkeypatch.undo()
    assert kit.logout("scripted", local=True).removed


def test_a_provider_that_cannot_be_reached_does_not_keep_the_account_here(kit, monkeypatch):
    def revoke(*_):
        raise ProviderUnavailable("down")

    monkeypatch.setattr(kit.scripted, "revoke", revoke)
    outcome = kit.logout("scripted")
    assert (outcome.revoked, outcome.removed) == (False, True)
    assert outcome.note.startswith("Scripted could not be reached")
    assert outcome.note.endswith("Look for the app in your account at Scripted, and remove it there")


def test_a_provider_without_revocation_says_where_to_remove_the_app(kit, monkeypatch):
    """Spotify, Pocket."""
    monkeypatch.setattr(kit.scripted, "revoke", None)
    monkeypatch.setattr(kit.scripted, "manage_url", "https://scripted.example/apps")
    outcome = kit.logout("scripted")
    assert (outcome.revoked, outcome.removed) == (False, True)
    assert "https://scripted.example/apps" in outcome.note


def test_a_changed_plugin_gets_no_token_to_revoke(kit, monkeypatch):
    """R17: a token goes only where it came from."""
    monkeypatch.setattr(kit.scripted, "revocation_endpoint", "https://evil.example/revoke")
    outcome = kit.logout("scripted")
    assert (outcome.revoked, outcome.removed) == (False, True)
    assert kit.scripted.revoked == []


def test_a_revocation_that_the_provider_refused_is_told_as_such(kit, monkeypatch):
    monkeypatch.setattr(kit.scripted, "revoke", lambda *_: Revocation(done=False, note="the provider said no."))
    assert kit.logout("scripted").note.startswith("the provider said no.")


def test_accounts_of_the_same_person_that_end_as_well_are_named(kit, monkeypatch):
    """Google revokes all that a client has of a person."""
    kit.sign_in(name="work")
    kit.scripted.subject = "another"
    kit.scripted.account_name = "you@example.com"
    kit.sign_in()
    assert kit.sharing_fate("scripted/work") == []
    monkeypatch.setattr(kit.scripted, "revocation_reach", "client")
    assert list(map(str, kit.sharing_fate("scripted/work"))) == ["scripted/me@example.com"]


def test_somebody_of_another_server_does_not_end_with_it(kit, monkeypatch):
    """R18: the same subject at two servers is two people."""
    monkeypatch.setattr(kit.scripted, "revocation_reach", "client")
    kit.scripted.issuer = "https://another.example"
    kit.sign_in()
    assert kit.sharing_fate("scripted/me@example.com") == []


def test_a_broken_record_beside_it_keeps_nobody_signed_in(kit, monkeypatch):
    """R19: whose the broken one is cannot be told, so it is not among those that end."""
    broken = grant_name(kit.sign_in(name="work"))
    store = kit.records.store
    store.save(broken, b"torn", replaces=store.version(broken))
    monkeypatch.setattr(kit.scripted, "revocation_reach", "client")
    assert kit.sharing_fate(str(kit.me)) == []
    assert kit.logout(str(kit.me)).revoked


def test_an_account_whose_plugin_is_gone_is_removed_and_that_nobody_was_asked_is_told(kit):
    """R19: a sign-out says whether it revoked, or only removed."""
    kit.providers._given.clear()
    assert kit.sharing_fate(str(kit.me)) == []
    outcome = kit.logout(str(kit.me))
    assert (outcome.removed, outcome.revoked) == (True, False)
    assert "scripted was not asked" in outcome.note
    assert kit.accounts() == []


def test_signing_out_of_what_is_not_there_is_told(kit):
    with pytest.raises(UnknownAccount):
        kit.logout("scripted/nobody")


def lose_the_key(kit):
    os.unlink(path_in(kit.folders.data))


def garble(kit):
    stored = kit.records.store.load(grant_name(kit.me))
    kit.records.store.save(grant_name(kit.me), b"no record", replaces=stored.version)


@pytest.mark.parametrize("spoil", [lose_the_key, garble])
def test_a_record_that_cannot_be_opened_is_removed_where_nothing_is_sent(kit, spoil, tmp_path):
    """R19: who has lost the key can be rid of the account; what was not revoked is said, not guessed."""
    kit.sign_in()  # so that a former grant lies in quarantine
    spoil(kit)
    fresh = ScriptedKit(tmp_path, provider=kit.scripted, clock=kit.clock, store=kit.records.store)
    for act in (fresh.logout, fresh.sharing_fate):
        with pytest.raises(StoreError) as raised:
            act("scripted")
        assert raised.value.hint.endswith(f"; to remove it only here, unopened: tokenkit logout {kit.me} --local")
        assert fresh.accounts() == [kit.me]
    outcome = fresh.logout("scripted", local=True)
    assert (outcome.removed, outcome.revoked) == (True, False)
    assert "not opened" in outcome.note
    assert "may still work at scripted" in outcome.note
    assert fresh.accounts() == []
    assert list(fresh.records.store.names("quarantine")) == []
    assert kit.scripted.revoked == []
