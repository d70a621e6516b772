"""What a sign-in brought and no store would take is kept, stored later, and put back once printed (R8, R9, R18)."""

import pytest
from tokenkit.errors import BrokenRecord, StoreUnavailable, UnknownAccount, UsageError
from tokenkit.grants.at_exit import saved_or_sealed
from tokenkit.signing_in.kept import is_of_a_sign_in, put_back

from scripted import ScriptedKit, expire
from stores import FullStore

ME = "scripted/me@example.com"
REDIRECT = "http://127.0.0.1:1/callback/scripted"


@pytest.fixture
def kit(tmp_path):
    """A kit whose store takes no grant while `kit.records.store.full_for_save` is True."""
    kit = ScriptedKit(tmp_path, store=FullStore())
    yield kit
    end_the_process(kit)


def end_the_process(kit):
    """As far as what it holds in memory goes."""
    for account in kit.refresher.unsaved.accounts:
        kit.refresher.unsaved._let_go(account)


def another(kit, tmp_path):
    """Another process of the same person."""
    return ScriptedKit(tmp_path, provider=kit.scripted, clock=kit.clock, store=kit.records.store)


def fail_to_sign_in(kit, **options):
    """Sign in while the disk fails after the code was exchanged; return what the person is told."""
    pending = kit.begin("scripted", redirect_uri=REDIRECT, binding="b", **options)
    kit.records.store.full_for_save = True
    with pytest.raises(StoreUnavailable) as told:
        kit.complete(f"{REDIRECT}?code=c&state={pending.state.reveal()}", binding="b")
    return told.value


def heal(kit):
    kit.records.store.full_for_save = False


def sealed_of(kit):
    """What a program that ends would print."""
    ((account, sealed),) = saved_or_sealed(0.0)
    end_the_process(kit)
    heal(kit)
    return str(account), sealed


def test_the_person_is_told_that_this_process_keeps_what_they_granted(kit):
    """R9: what happened, and what to do."""
    told = fail_to_sign_in(kit)
    assert str(told) == (
        f"{ME} was signed in, and its new grant cannot be written: No space left on device. "
        "This process keeps it, and tries again each second"
    )
    assert (told.hint, told.account) == ("free some disk space", ME)


def test_it_is_stored_once_the_store_is_well_and_nothing_is_asked_again(kit):
    """R9, R18: a code is exchanged once."""
    fail_to_sign_in(kit)
    heal(kit)
    token = kit.token(ME)
    assert (kit.scripted.exchanges, kit.scripted.refreshes) == (1, 0)
    assert [str(account) for account in kit.accounts()] == [ME]
    assert kit.refresher.unsaved.accounts == []
    expire(kit)
    assert kit.token(ME).value != token.value  # with the refresh token that came with it


def test_while_it_waits_its_account_is_known_and_says_what_is_wrong(kit):
    fail_to_sign_in(kit)
    with pytest.raises(StoreUnavailable, match="No space left"):
        kit.token(ME)


def test_a_renewal_that_waits_takes_the_place_of_the_former_grant_which_goes_to_quarantine(kit):
    """R18: it is not revoked, and not gone."""
    me = kit.sign_in()
    fail_to_sign_in(kit)
    heal(kit)
    kit.refresher.unsaved.write(me)
    assert kit.records.get(me).grant.refresh_token == kit.scripted._current
    assert kit.records.get(me).grant.generation == 2
    assert len(list(kit.records.store.names("quarantine"))) == 1


def test_a_sign_in_since_then_stands(kit, tmp_path):
    """R8: a late write takes nothing away."""
    fail_to_sign_in(kit)
    heal(kit)
    kit.clock.advance(1)
    me = another(kit, tmp_path).sign_in()
    newest = kit.scripted._current
    kit.refresher.unsaved.write(me)
    assert kit.records.get(me).grant.refresh_token == newest
    assert kit.refresher.unsaved.accounts == []


def test_a_sign_out_since_then_stands(kit, tmp_path):
    """R8: what was renewed is not brought back."""
    me = kit.sign_in()
    fail_to_sign_in(kit)
    heal(kit)
    another(kit, tmp_path).logout(ME)
    kit.refresher.unsaved.write(me)
    assert kit.accounts() == []
    assert kit.refresher.unsaved.accounts == []


def test_a_sign_out_in_the_same_process_revokes_what_waits(kit):
    """R19: revoked first, then removed."""
    fail_to_sign_in(kit)
    assert kit.logout(ME).revoked
    assert kit.scripted.revoked == [kit.scripted._current.reveal()]
    assert kit.refresher.unsaved.accounts == []


def test_two_people_who_wait_under_one_name_get_an_account_each(kit):
    """R18: nobody's grant is kept in another's place."""
    fail_to_sign_in(kit)
    heal(kit)
    pending = kit.begin("scripted", redirect_uri=REDIRECT, binding="b")
    kit.records.store.full_for_save = True
    kit.scripted.subject = "subject-2"
    with pytest.raises(StoreUnavailable, match=f"{ME}-2 was signed in"):
        kit.complete(f"{REDIRECT}?code=c&state={pending.state.reveal()}", binding="b")
    heal(kit)
    kit.refresher.unsaved.try_all()
    assert [str(account) for account in kit.accounts()] == [ME, f"{ME}-2"]


def test_what_waits_is_stored_though_nobody_asks(kit):
    """R9: a dashboard that is idle."""
    fail_to_sign_in(kit)
    heal(kit)
    kit.refresher.unsaved.try_all()
    assert [str(account) for account in kit.accounts()] == [ME]


def test_what_a_program_printed_as_it_ended_is_put_back_by_another(kit, tmp_path):
    """R9, R35: sealed, and it can be read nowhere in between."""
    fail_to_sign_in(kit)
    account, sealed = sealed_of(kit)
    assert account == ME
    assert is_of_a_sign_in(sealed)
    assert b"refresh-" not in sealed
    other = another(kit, tmp_path)
    assert str(put_back(other.refresher, ME, sealed)) == ME
    assert other.records.get(*other.accounts()).grant.refresh_token == kit.scripted._current
    assert kit.scripted.exchanges == 1
    assert str(put_back(other.refresher, ME, sealed)) == ME  # twice is as good as once


def test_what_came_after_it_stands_when_it_is_put_back(kit, tmp_path):
    """R8, R18: another sign-in, another person, a sign-out."""
    fail_to_sign_in(kit)
    _, sealed = sealed_of(kit)
    other = another(kit, tmp_path)
    put_back(other.refresher, ME, sealed)
    other.logout(ME)
    with pytest.raises(UsageError, match="it was signed out since"):
        put_back(other.refresher, ME, sealed)
    kit.clock.advance(1)
    other.sign_in()
    newest = kit.scripted._current
    with pytest.raises(UsageError, match="newer, or another person's"):
        put_back(other.refresher, ME, sealed)
    assert other.records.get(*other.accounts()).grant.refresh_token == newest


def test_another_persons_account_of_that_name_is_not_written_over(kit, tmp_path):
    """R18: they have taken the name since."""
    fail_to_sign_in(kit)
    _, sealed = sealed_of(kit)
    other = another(kit, tmp_path)
    kit.scripted.subject = "subject-2"
    kit.clock.advance(-60)
    other.sign_in()
    with pytest.raises(UsageError, match="another person's"):
        put_back(other.refresher, ME, sealed)


def test_it_is_put_back_in_the_place_of_an_earlier_sign_in(kit, tmp_path):
    """R18: the former grant goes to quarantine."""
    kit.sign_in()
    kit.clock.advance(1)
    fail_to_sign_in(kit)
    _, sealed = sealed_of(kit)
    put_back(another(kit, tmp_path).refresher, ME, sealed)
    assert kit.records.get(*kit.accounts()).grant.refresh_token == kit.scripted._current
    assert len(list(kit.records.store.names("quarantine"))) == 2  # a copy by each of the two processes


def test_it_is_not_put_back_as_another_account_nor_from_what_is_no_record(kit, tmp_path):
    """R27, R30: the header is compared with what was asked for, and nothing is made of nonsense."""
    fail_to_sign_in(kit)
    _, sealed = sealed_of(kit)
    other = another(kit, tmp_path)
    with pytest.raises(UsageError, match=f"the grant of {ME}, and not of scripted/you"):
        put_back(other.refresher, "scripted/you", sealed)
    with pytest.raises(BrokenRecord):
        is_of_a_sign_in(b"not sealed")
    assert other.accounts() == []


def test_a_store_of_which_nothing_can_be_read_loses_nothing_either(kit, monkeypatch):
    """R9: a database that is away for longer than it is waited for."""
    pending = kit.begin("scripted", redirect_uri=REDIRECT, binding="b")
    load = FullStore.load

    def away(self, name):
        if name.kind == "grant":
            raise StoreUnavailable("away")
        return load(self, name)

    monkeypatch.setattr(FullStore, "load", away)
    with pytest.raises(StoreUnavailable, match="keeps it"):
        kit.complete(f"{REDIRECT}?code=c&state={pending.state.reveal()}", binding="b")
    monkeypatch.setattr(FullStore, "load", load)
    assert kit.token(ME)
    assert kit.scripted.exchanges == 1


def test_a_grant_that_its_caller_still_has_is_not_kept(kit):
    """`kit.adopt` raises, and what it was given is the caller's to give again."""
    grant = kit.scripted.issue(kit.clock.now()).renewed(
        issuer=kit.scripted.issuer, token_endpoint=kit.scripted.token_endpoint, client_id="client-1"
    )
    kit.records.store.full_for_save = True
    with pytest.raises(StoreUnavailable, match=r"\ANo space left on device\n"):
        kit.adopt(grant)
    assert kit.refresher.unsaved.accounts == []
    heal(kit)
    with pytest.raises(UnknownAccount):
        kit.token(ME)
