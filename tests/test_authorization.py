"""A sign-in in two legs: whoever begins it completes it, once, in time, at the right path (R18, R20 to R23)."""

from urllib.parse import urlencode

import pytest
from tokenkit.errors import (
    BrokenRecord,
    CallbackRefused,
    ConfigurationError,
    KeyUnavailable,
    ProviderUnavailable,
    StoreUnavailable,
    UsageError,
)
from tokenkit.records import grant_name
from tokenkit.store.files import FileStore
from tokenkit.store.memory import MemoryStore

from scripted import ScriptedKit

REDIRECT = "http://127.0.0.1:8123/callback/scripted"


@pytest.fixture
def kit(tmp_path):
    return ScriptedKit(tmp_path)


def begin(kit, binding="browser-1", **options):
    return kit.begin("scripted", redirect_uri=REDIRECT, binding=binding, **options)


def answer(pending, path=REDIRECT, **parameters):
    return f"{path}?{urlencode({'code': 'c', 'state': pending.state.reveal(), **parameters})}"


def test_the_two_legs_may_run_in_different_processes(kit, tmp_path):
    pending = begin(kit)
    other = ScriptedKit(tmp_path, provider=kit.scripted, clock=kit.clock, store=kit.records.store)
    account = other.complete(answer(pending), binding="browser-1")
    assert str(account) == "scripted/me@example.com"
    assert kit.token("scripted")


def test_a_callback_is_refused_where_no_flow_was_begun(kit):
    """R22: login CSRF."""
    with pytest.raises(CallbackRefused):
        kit.complete(f"{REDIRECT}?code=attacker&state=forged", binding="browser-1")
    assert kit.scripted.exchanges == 0


def test_a_replayed_callback_is_refused(kit):
    """R21: single use."""
    pending = begin(kit)
    kit.complete(answer(pending), binding="browser-1")
    with pytest.raises(CallbackRefused):
        kit.complete(answer(pending), binding="browser-1")
    assert kit.scripted.exchanges == 1


def test_another_browsers_state_is_refused_and_not_consumed(kit):
    """R22: that a state exists proves nothing."""
    pending = begin(kit, binding="browser-1")
    with pytest.raises(CallbackRefused):
        kit.complete(answer(pending), binding="browser-2")
    assert kit.complete(answer(pending), binding="browser-1")


def test_another_owners_return_cannot_become_this_ones_account(kit, tmp_path):
    pending = begin(kit)
    other = ScriptedKit(tmp_path, provider=kit.scripted, clock=kit.clock, store=kit.records.store, owner="bob")
    with pytest.raises(CallbackRefused):
        other.complete(answer(pending), binding="browser-1")
    assert other.accounts() == []


def test_an_answer_at_another_path_is_refused_and_not_consumed(kit):
    """R23: mix-up."""
    pending = begin(kit)
    with pytest.raises(CallbackRefused, match="another path"):
        kit.complete(answer(pending, path="http://127.0.0.1:8123/callback/other"), binding="browser-1")
    assert kit.complete(answer(pending), binding="browser-1")


def test_an_expired_sign_in_is_refused(kit):
    """R21."""
    pending = begin(kit)
    kit.clock.advance(601)
    with pytest.raises(CallbackRefused):
        kit.complete(answer(pending), binding="browser-1")


def test_a_parameter_given_twice_is_refused(kit):
    """R23."""
    pending = begin(kit)
    with pytest.raises(CallbackRefused, match="twice"):
        kit.complete(answer(pending) + "&code=other", binding="browser-1")
    assert kit.scripted.exchanges == 0


def test_the_code_is_exchanged_once_even_if_the_exchange_fails(kit, monkeypatch):
    """R18."""
    pending = begin(kit)

    def fails(*_):
        raise ProviderUnavailable("cut")

    monkeypatch.setattr(kit.scripted, "complete", fails)
    with pytest.raises(ProviderUnavailable):
        kit.complete(answer(pending), binding="browser-1")
    monkeypatch.undo()
    with pytest.raises(CallbackRefused):
        kit.complete(answer(pending), binding="browser-1")
    assert kit.scripted.exchanges == 0


def test_a_binding_is_required(kit):
    with pytest.raises(UsageError):
        begin(kit, binding="")


def test_a_crafted_state_names_no_file(kit):
    """R21."""
    for state in ("../../etc/passwd", "google:../config", "\0", "x" * 5000, ""):
        with pytest.raises(CallbackRefused):
            kit.complete(f"{REDIRECT}?{urlencode({'code': 'c', 'state': state})}", binding="browser-1")


def test_pending_authorizations_are_bounded_for_each_binding_and_never_evict_anothers(kit):
    """R21."""
    others = begin(kit, binding="browser-2")
    first = begin(kit)
    for _ in range(30):
        kit.clock.advance(1)
        last = begin(kit)
    assert len(list(kit.records.pendings())) == 21
    with pytest.raises(CallbackRefused):
        kit.complete(answer(first), binding="browser-1")
    assert kit.complete(answer(others), binding="browser-2")
    assert kit.complete(answer(last), binding="browser-1")


def test_expired_pending_authorizations_are_swept_by_the_next_sign_in(kit):
    begin(kit)
    kit.clock.advance(601)
    begin(kit)
    assert len(list(kit.records.pendings())) == 1


def test_a_pending_authorization_is_sealed(kit):
    """R21: its state and verifier are no plaintext."""
    pending = begin(kit)
    name = next(kit.records.pendings())
    data = kit.records.store.load(name).data
    assert pending.state.reveal().encode() not in data
    assert pending.state.reveal() not in name.id
    assert pending.state.reveal() not in repr(pending)


def test_a_store_that_cannot_be_written_is_found_before_the_person_is_asked(tmp_path):
    """R20."""

    class ReadOnly(MemoryStore):
        def save(self, name, data, *, replaces):
            raise StoreUnavailable("the file system is read-only")

    with pytest.raises(StoreUnavailable, match="read-only"):
        begin(ScriptedKit(tmp_path, store=ReadOnly()))


def test_a_broken_record_is_told_before_the_person_is_asked_and_set_aside_only_when_wanted(kit):
    """R30."""
    account = kit.sign_in()
    held = kit.records.store.load(grant_name(account))
    kit.records.store.save(grant_name(account), b"torn", replaces=held.version)
    with pytest.raises(BrokenRecord):
        begin(kit)
    pending = begin(kit, replace_broken=True)
    assert kit.complete(answer(pending), binding="browser-1") == account
    kept = [kit.records.store.load(name).data for name in kit.records.store.names("quarantine")]
    assert kept == [b"torn"]


def test_what_is_sealed_with_a_lost_key_is_set_aside_only_when_wanted(kit, tmp_path):
    """R30: the way out that the error names is one."""
    account = kit.sign_in()
    (tmp_path / ".local" / "share" / "tokenkit" / "keys.json").unlink()
    kit.records.ring.add()
    with pytest.raises(KeyUnavailable) as caught:
        begin(kit)
    assert "tokenkit login scripted --replace" in caught.value.hint
    pending = begin(kit, replace_broken=True)
    assert kit.complete(answer(pending), binding="browser-1") == account
    assert len(list(kit.records.store.names("quarantine"))) == 1


def test_a_lost_key_is_told_and_not_replaced_by_a_new_one_even_for_another_owner(kit, tmp_path):
    """R28: a key is created only when no sealed record exists, whoever's."""
    kit.sign_in()
    (tmp_path / ".local" / "share" / "tokenkit" / "keys.json").unlink()
    bob = ScriptedKit(tmp_path, provider=kit.scripted, clock=kit.clock, store=kit.records.store, owner="bob")
    with pytest.raises(KeyUnavailable, match=r"keys\.json is missing"):
        begin(bob)
    assert not (tmp_path / ".local" / "share" / "tokenkit" / "keys.json").exists()


def test_a_name_that_is_too_long_is_refused_before_the_person_is_asked(tmp_path):
    kit = ScriptedKit(tmp_path, store=FileStore(str(tmp_path / "tokens"), str(tmp_path / "state")))
    with pytest.raises(UsageError, match="bytes as a file name"):
        begin(kit, name="x" * 300)
    assert list(kit.records.pendings()) == []


def test_a_redirect_uri_that_is_not_the_providers_own_is_refused(kit):
    """R23: one callback path a provider, against mix-up."""
    with pytest.raises(UsageError, match="/callback/scripted"):
        kit.begin("scripted", redirect_uri="http://127.0.0.1:1/callback", binding="b")
    assert list(kit.records.pendings()) == []


def test_a_provider_that_is_handed_over_is_held_against_its_resource_hosts_before_the_person_is_asked(kit, monkeypatch):
    """R32: nobody has loaded it, so nobody else has looked."""
    monkeypatch.setattr(kit.scripted, "resource_hosts", ("https://scripted.example",), raising=False)
    with pytest.raises(ConfigurationError, match=r"takes in its endpoint https://scripted\.example/token"):
        begin(kit)


def test_a_person_is_sent_to_no_resource_host(kit, monkeypatch):
    """R32: where the sign-in takes place is known only now."""
    monkeypatch.setattr(kit.scripted, "resource_hosts", ("https://scripted.example/authorize",), raising=False)
    with pytest.raises(
        ConfigurationError, match=r"takes in its endpoint https://scripted\.example/authorize,"
    ) as caught:
        begin(kit)
    assert "state=" not in str(caught.value)
    assert list(kit.records.pendings()) == []


def test_scopes_given_as_a_string_are_refused_and_not_read_letter_by_letter(kit):
    with pytest.raises(UsageError, match="list"):
        begin(kit, scopes="read")
    kit.sign_in()
    with pytest.raises(UsageError, match="list"):
        kit.token("scripted", scopes="read")
