"""One refresh under its lease: what is tried before it is sent, and what each answer leads to."""

import pytest
from tokenkit.errors import (
    ClientRefused,
    ConsentRequired,
    InvalidAnswer,
    ProviderBroken,
    ProviderChanged,
    ProviderUnavailable,
    StoreUnavailable,
    UnknownAccount,
)
from tokenkit.grant import NEEDS_CONSENT
from tokenkit.grants.machine import Turns
from tokenkit.grants.refresh_job import RefreshJob
from tokenkit.grants.refresh_state import RefreshState
from tokenkit.grants.sealed_store import grant_name
from tokenkit.signing_in import places

from scripted import ScriptedKit, expire, stored, unavailable
from stores import BriefStore


@pytest.fixture
def kit(tmp_path):
    kit = ScriptedKit(tmp_path)
    kit.me = kit.sign_in()
    return kit


def test_repeated_failures_back_off_further_each_time(kit):
    """R12: what was not sent is tried again, less often each time."""
    expire(kit)
    waits = []
    for _ in range(4):
        kit.scripted.will(unavailable(sent=False))
        with pytest.raises(ProviderUnavailable):
            kit.token("scripted")
        retry_at = kit.refresher.note(kit.me).failure.retry_at
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
    """R12: an unknown outcome is tried once more. R14: it is no sign-out."""
    expire(kit)
    kit.scripted.will(unavailable(), unavailable())
    with pytest.raises(ProviderUnavailable):
        kit.token("scripted")
    assert kit.scripted.refreshes == 2
    assert stored(kit).state == "active"
    kit.clock.advance(2)
    assert kit.token("scripted")


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
    assert kit.refresher.note(kit.me)._replace(turns=Turns()) == RefreshState(newest=2)


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
    note = kit.refresher.note(kit.me)
    assert (note.failure.kind, note.attempt is not None) == ("ProviderUnavailable", sent)


def test_a_refused_client_is_a_configuration_error_and_never_latched(kit):
    """R13: a person corrects the client and tries again at once."""
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


def test_a_lost_answer_is_told_still_when_a_person_tries_again(kit):
    """R8: the words of the provider alone would name other causes, and none of them is true."""
    expire(kit)
    kit.scripted.will(unavailable(), *2 * [ConsentRequired("refused", reason="used twice")])
    with pytest.raises(ConsentRequired, match="answer to an earlier refresh was lost"):
        kit.token("scripted")
    with pytest.raises(ConsentRequired, match="answer to an earlier refresh was lost"):
        kit.refresh("scripted", force=True)


def test_a_lost_answer_is_told_though_the_retry_was_put_off(kit):
    """R8, R12: that the retry was not acted on says nothing about the first request."""
    expire(kit)
    kit.scripted.will(unavailable(), unavailable(sent=False), ConsentRequired("refused", reason="used twice"))
    with pytest.raises(ProviderUnavailable):
        kit.token("scripted")
    kit.clock.advance(2)
    with pytest.raises(ConsentRequired, match="answer to an earlier refresh was lost"):
        kit.token("scripted")


def test_a_changed_client_id_gets_no_refresh_token(kit, tmp_path):
    """R17: a refresh token goes only where it came from."""
    expire(kit)
    other = ScriptedKit(tmp_path, provider=kit.scripted, clock=kit.clock, store=kit.records.store)
    other.configured.environ["TOKENKIT_SCRIPTED_CLIENT_ID"] = "another"
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


def test_a_refresh_of_a_former_grant_never_replaces_that_of_a_new_login(kit, monkeypatch):
    """R8: not even where the note, and with it the newest generation, was lost in between."""
    monkeypatch.setattr(places, "SHORT_WAIT", 0.0)
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
    assert kit.refresher.note(kit.me).attempt is None
    kit.records.store.left = 75.0
    kit.clock.advance(2)
    assert kit.token("scripted").value == stored(kit).access_token.value
    assert kit.scripted.refreshes == 1


def test_a_lease_that_ran_out_while_the_answer_was_lost_allows_no_second_request(tmp_path):
    """R38: the machine slept; another one may have taken the lease, and be sending the same refresh token."""
    kit = ScriptedKit(tmp_path, store=BriefStore())
    kit.me = kit.sign_in()
    expire(kit)
    kit.records.store.left = 90.0

    def slept(*_):
        kit.records.store.left = 20.0
        raise ProviderUnavailable("the connection was lost", sent=True)

    kit.scripted.will(slept)
    with pytest.raises(ProviderUnavailable):
        kit.token("scripted")
    assert kit.scripted.refreshes == 1


def test_a_refusal_that_a_login_overtakes_while_it_is_latched_serves_what_the_login_stored(kit, monkeypatch):
    """R13: between the last look into the store and the verdict's being written."""
    monkeypatch.setattr(places, "SHORT_WAIT", 0.0)
    expire(kit)
    kit.scripted.will(ConsentRequired("refused", reason="revoked"))
    replace, overtaken = kit.records.replace, []

    def signed_in_meanwhile(account, grant, held, **more):
        if grant.state == NEEDS_CONSENT and not overtaken:
            overtaken.append(kit.sign_in())
        return replace(account, grant, held, **more)

    monkeypatch.setattr(kit.records, "replace", signed_in_meanwhile)
    assert kit.token("scripted").value == stored(kit).access_token.value
    assert overtaken == [kit.me]
    assert stored(kit).state == "active"


def test_what_is_refreshed_is_read_and_not_taken_on_trust_from_a_version_that_a_file_system_remembers(
    kit, tmp_path, monkeypatch
):
    """R2: on a network's disk, a look at a file's time may be answered from memory after another host has refreshed."""
    expire(kit)
    seen = kit.records.get(kit.me)
    stale = seen.version
    other = ScriptedKit(tmp_path, provider=kit.scripted, clock=kit.clock, store=kit.records.store)
    renewed = other.token(str(kit.me))
    monkeypatch.setattr(kit.records.store, "version", lambda name: stale)
    assert kit.refresher.renew(kit.me, RefreshJob(), seen).result().held.grant.access_token.value == renewed.value
    assert kit.scripted.refreshes == 1
