"""What a sign-in superseded is kept for a while, and ends with the account (R18, R19)."""

import pytest
from tokenkit.errors import ProviderUnavailable, StoreUnavailable
from tokenkit.grants.quarantine import KEPT, Looks, erase_old, set_aside
from tokenkit.grants.sealed_store import grant_name
from tokenkit.provider import Revocation

from scripted import ScriptedKit, expire

DAY = 86400.0


@pytest.fixture
def kit(tmp_path):
    """One account, signed in three times: two superseded grants lie in quarantine."""
    kit = ScriptedKit(tmp_path)
    for _ in range(3):
        kit.me = kit.sign_in()
        kit.clock.advance(DAY)
    return kit


def lying(kit):
    return [found.grant and found.grant.refresh_token.reveal() for found in set_aside(kit.records, kit.me)]


def test_a_superseded_grant_is_kept_and_not_revoked(kit):
    """R18: at several providers its revocation would end the new one."""
    assert lying(kit) == ["refresh-2", "refresh-4"]
    assert kit.scripted.revoked == []


def test_superseded_grants_can_be_ended_while_the_account_stays(kit):
    """R18: this is a step of its own, for whoever gave up scopes; the grant that is used now is not sent."""
    stored = kit.records.get(kit.me)
    assert kit.end_superseded(str(kit.me)) == ""
    assert (kit.scripted.revoked, lying(kit)) == (["refresh-2", "refresh-4"], [])
    assert kit.records.get(kit.me).version == stored.version


def test_a_sign_out_revokes_and_erases_what_lies_in_quarantine(kit):
    """R19: a superseded grant may be live, and nobody would know of it any more."""
    outcome = kit.logout("scripted")
    assert kit.scripted.revoked == ["refresh-6", "refresh-2", "refresh-4"]
    assert (lying(kit), outcome.revoked, outcome.note) == ([], True, "")


def test_a_local_sign_out_erases_them_and_asks_nobody(kit):
    """R19: it says that the provider was not asked."""
    outcome = kit.logout("scripted", local=True)
    assert (lying(kit), kit.scripted.revoked) == ([], [])
    assert outcome.note == "only removed here. 2 earlier grants of it were not revoked, and erased here."


def test_a_provider_that_does_not_answer_is_asked_once(kit, monkeypatch):
    """R19: a person waits."""
    asked = []

    def revoke(ctx, client, grant):
        asked.append(grant)
        raise ProviderUnavailable("down")

    monkeypatch.setattr(kit.scripted, "revoke", revoke)
    outcome = kit.logout("scripted")
    assert len(asked) == 1
    assert lying(kit) == []
    assert outcome.note.endswith("2 earlier grants of it were not revoked, and erased here.")


def test_one_that_came_from_another_client_is_not_sent_and_is_told(kit, monkeypatch):
    """R17: its secrets go where it is from, or nowhere."""
    held = kit.records.get(kit.me)
    kit.records.save(kit.me, held.grant.renewed(client_id="former"), replaces=held.version)
    kit.sign_in()
    outcome = kit.logout("scripted")
    assert kit.scripted.revoked == ["refresh-8", "refresh-2", "refresh-4"]
    assert outcome.note == "An earlier grant of it was not revoked, and erased here."


def test_one_that_cannot_be_opened_is_erased(kit):
    """R19: on a sign-out nothing of the account stays."""
    store = kit.records.store
    store.save(grant_name(kit.me), b"torn", replaces=store.version(grant_name(kit.me)))
    kit.records.quarantine(kit.me, kit.clock.now())
    store.save(grant_name(kit.me), None, replaces=store.version(grant_name(kit.me)))
    kit.sign_in()
    assert lying(kit) == ["refresh-2", "refresh-4", None]
    kit.logout("scripted")
    assert lying(kit) == []


def test_a_grant_without_a_refresh_token_is_known_by_its_access_token(kit, monkeypatch):
    """R19: at GitHub that is what lives."""
    ended = []
    monkeypatch.setattr(kit.scripted, "_rotate", lambda: None)
    kit.sign_in()
    kit.clock.advance(DAY)
    kit.sign_in()

    def revoke(ctx, client, grant):
        ended.append(grant.access_token.value)
        return Revocation(done=True)

    monkeypatch.setattr(kit.scripted, "revoke", revoke)
    kit.logout("scripted")
    assert sorted(ended) == ["access-1", "access-3", "access-5", "access-7", "access-8"]


def test_anothers_superseded_grants_stay(kit):
    """R19: of that account, and of no other."""
    kit.scripted.subject, kit.scripted.account_name = "another", "you@example.com"
    you = kit.sign_in()
    kit.sign_in()
    kit.logout(str(kit.me))
    assert [found.grant.subject for found in set_aside(kit.records, you)] == ["another"]


@pytest.mark.parametrize("how", ["refresh", "sign_in", "sign_out"])
def test_nothing_lies_in_quarantine_for_more_than_thirty_days(kit, how):
    """R19: whatever the account, at the next thing that happens to any."""
    kit.scripted.subject, kit.scripted.account_name = "another", "you@example.com"
    you = str(kit.sign_in())
    kit.clock.advance(KEPT - 1.5 * DAY)
    expire(kit)
    assert len(lying(kit)) == 2
    act = {"refresh": lambda: kit.token(you), "sign_in": kit.sign_in, "sign_out": lambda: kit.logout(you)}
    act[how]()
    assert lying(kit) == ["refresh-4"]


def test_refreshes_look_through_the_quarantine_of_an_owner_once_an_hour(kit, monkeypatch):
    """R37: of ten thousand accounts that all signed in anew, a look takes many times what a refresh takes."""
    store, looked = kit.records.store, []
    names = type(store).names

    def noted(self, kind, owner="", **more):
        looked.extend([owner] if kind == "quarantine" else [])
        return names(self, kind, owner, **more)

    monkeypatch.setattr(type(store), "names", noted)
    for _ in range(4):
        kit.refresh(str(kit.me))
    assert looked == [""]
    kit.clock.advance(3600)
    kit.refresh(str(kit.me))
    assert looked == ["", ""]


def test_a_look_for_one_owner_is_none_for_another():
    looks = Looks()
    assert [looks.due(owner, at) for owner, at in (("a", 0), ("b", 1), ("a", 2), ("b", 3), ("a", 3600))] == [
        True, True, False, False, True,
    ]  # fmt: skip


def test_a_store_in_trouble_does_not_stop_what_else_was_to_be_done(kit, monkeypatch):
    """R19: the old grants are erased at the next occasion."""

    def fail(*_, **__):
        raise StoreUnavailable("away")

    monkeypatch.setattr(kit.records.store, "names", fail)
    erase_old(kit.records, kit.clock.now() + 2 * KEPT)
