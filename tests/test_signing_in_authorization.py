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
from tokenkit.grants.sealed_store import grant_name
from tokenkit.provider import ClientRegistration
from tokenkit.store.files import FileStore
from tokenkit.store.memory import MemoryStore

from scripted import ScriptedKit, ScriptedProvider

SHARED = "https://dash.example/oauth"
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
    """R22: else an attacker could sign you in to their account (login CSRF)."""
    with pytest.raises(CallbackRefused):
        kit.complete(f"{REDIRECT}?code=attacker&state=forged", binding="browser-1")
    assert kit.scripted.exchanges == 0


@pytest.mark.parametrize("sent", [False, True])
def test_the_same_answer_can_be_given_again_only_where_nothing_was_sent(sent, kit, monkeypatch):
    """R18: a code exchange is sent exactly once; a network that was away for a moment has not spent the code."""
    pending = begin(kit)
    works = kit.scripted.complete

    def fails(*_):
        raise ProviderUnavailable("it could not be reached", sent=sent, hint="connect, then try again")

    monkeypatch.setattr(kit.scripted, "complete", fails)
    with pytest.raises(ProviderUnavailable):
        kit.complete(answer(pending), binding="browser-1")
    monkeypatch.setattr(kit.scripted, "complete", works)
    if sent:
        with pytest.raises(CallbackRefused):
            kit.complete(answer(pending), binding="browser-1")
    else:
        assert str(kit.complete(answer(pending), binding="browser-1")) == "scripted/me@example.com"
    assert kit.scripted.exchanges == (0 if sent else 1)


def test_a_replayed_callback_is_refused(kit):
    """R21: a sign-in under way can be used once."""
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
    """R23: one provider's answer must not pass for another's (mix-up)."""
    pending = begin(kit)
    with pytest.raises(CallbackRefused, match="another path"):
        kit.complete(answer(pending, path="http://127.0.0.1:8123/callback/other"), binding="browser-1")
    assert kit.complete(answer(pending), binding="browser-1")


def test_an_expired_sign_in_is_refused(kit):
    """R21: a sign-in under way ends by time."""
    pending = begin(kit)
    kit.clock.advance(601)
    with pytest.raises(CallbackRefused):
        kit.complete(answer(pending), binding="browser-1")


def test_a_parameter_given_twice_is_refused(kit):
    """R23: two readers could take two different values."""
    pending = begin(kit)
    with pytest.raises(CallbackRefused, match="twice"):
        kit.complete(answer(pending) + "&code=other", binding="browser-1")
    assert kit.scripted.exchanges == 0


def test_the_code_is_exchanged_once_even_if_the_exchange_fails(kit, monkeypatch):
    """R18: a code that is sent twice ends what it brought."""
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
    """R21: a `state` comes from outside."""
    for state in ("../../etc/passwd", "google:../config", "\0", "x" * 5000, ""):
        with pytest.raises(CallbackRefused):
            kit.complete(f"{REDIRECT}?{urlencode({'code': 'c', 'state': state})}", binding="browser-1")


def test_pending_authorizations_are_bounded_for_each_binding_and_never_evict_anothers(kit):
    """R21: nobody can push out another's sign-in."""
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
    """R20: a consent that cannot be stored is wasted."""

    class ReadOnly(MemoryStore):
        def save(self, name, data, *, replaces, due=None):
            raise StoreUnavailable("the file system is read-only")

    with pytest.raises(StoreUnavailable, match="read-only"):
        begin(ScriptedKit(tmp_path, store=ReadOnly()))


def test_a_broken_record_is_told_before_the_person_is_asked_and_set_aside_only_when_wanted(kit):
    """R30: what cannot be opened is never overwritten."""
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
    assert "tokenkit login scripted/me@example.com --replace" in caught.value.hint
    pending = begin(kit, replace_broken=True)
    assert kit.complete(answer(pending), binding="browser-1") == account
    assert len(list(kit.records.store.names("quarantine"))) == 1


@pytest.fixture
def closed(kit, tmp_path):
    """Two accounts whose key is missing; `closed()` gives it back, and tells what lies where."""
    keys = tmp_path / ".local" / "share" / "tokenkit" / "keys.json"
    for number, name in enumerate(("a@example.com", "b@example.com"), 1):
        kit.scripted.subject, kit.scripted.account_name = f"subject-{number}", name
        kit.sign_in()
    backup = kit.records.ring.export_keys()
    keys.unlink()
    kit.records.ring.add()

    def give_back():
        kit.records.ring.import_keys(backup, "backup")
        quarantined = len(list(kit.records.store.names("quarantine")))
        return [(account.name, kit.records.get(account).grant.subject) for account in kit.accounts()], quarantined

    return give_back


def test_a_sign_in_that_nobody_goes_through_with_moves_no_record(kit, closed):
    """R30: a key may be missing for a while only."""
    begin(kit, account="a@example.com", replace_broken=True)
    assert closed() == ([("a@example.com", "subject-1"), ("b@example.com", "subject-2")], 0)


def test_only_the_account_that_is_signed_in_to_is_set_aside(kit, closed):
    """R30: the other's record is good again as soon as its key is back."""
    kit.scripted.subject, kit.scripted.account_name = "subject-1", "a@example.com"
    pending = begin(kit, account="a@example.com", replace_broken=True)
    assert pending.replaces == "a@example.com"
    assert kit.complete(answer(pending), binding="browser-1").name == "a@example.com"
    assert closed() == ([("a@example.com", "subject-1"), ("b@example.com", "subject-2")], 1)


def test_another_person_than_the_one_to_be_replaced_takes_nobodys_place(kit, closed):
    """R18: an address is nobody else's."""
    kit.scripted.subject, kit.scripted.account_name = "subject-3", "c@example.com"
    pending = begin(kit, account="a@example.com", replace_broken=True)
    assert kit.complete(answer(pending), binding="browser-1").name == "c@example.com"
    names = [("a@example.com", "subject-1"), ("b@example.com", "subject-2"), ("c@example.com", "subject-3")]
    assert closed() == (names, 0)


def test_which_of_several_is_to_be_replaced_must_be_said(kit, closed):
    with pytest.raises(KeyUnavailable, match="a@example") as caught:
        begin(kit, replace_broken=True)
    assert "tokenkit login scripted/a@example.com --replace" in caught.value.hint


def test_a_record_that_cannot_be_opened_blocks_no_sign_in_of_another_person(kit, closed):
    kit.scripted.subject, kit.scripted.account_name = "subject-3", "c@example.com"
    pending = begin(kit, account="c@example.com")
    assert kit.complete(answer(pending), binding="browser-1").name == "c@example.com"
    for asked in ({}, {"account": "b@example.com"}, {"account": "work"}, {"name": "b@example.com"}):
        with pytest.raises(KeyUnavailable):
            begin(kit, **asked)


def test_a_person_who_may_be_called_otherwise_here_is_told_of_the_record_that_cannot_be_opened(kit):
    """R18: it could be the same person's account."""
    torn(kit, kit.sign_in(name="work2"))
    for asked in ({}, {"account": "me@example.com"}):
        with pytest.raises(BrokenRecord, match="work2"):
            begin(kit, **asked)
    assert begin(kit, name="mine")


def test_the_second_person_of_one_name_may_be_the_one_who_signs_in(kit):
    """R18: the number is ours."""
    kit.sign_in()
    kit.scripted.subject = "subject-2"
    torn(kit, kit.sign_in())
    with pytest.raises(BrokenRecord, match=r"me@example\.com-2"):
        begin(kit, account="me@example.com")


@pytest.mark.parametrize(
    "asked", [{"account": "work2"}, {"name": "work2"}, {}], ids=["account", "name", "the only one"]
)
def test_an_account_that_is_replaced_keeps_the_name_that_the_person_gave(kit, tmp_path, asked):
    account = kit.sign_in(name="work2")
    torn(kit, account)
    pending = begin(kit, replace_broken=True, **asked)
    other = ScriptedKit(tmp_path, provider=kit.scripted, clock=kit.clock, store=kit.records.store)
    assert other.complete(answer(pending), binding="browser-1") == account
    assert kit.accounts() == [account]
    assert kit.token("scripted")
    assert [kit.records.store.load(name).data for name in kit.records.store.names("quarantine")] == [b"torn"]


def test_a_person_whose_account_can_be_opened_gets_that_one_and_no_second(kit):
    """R18: the account is not there twice, and what was to be replaced stays."""
    account = kit.sign_in()
    kit.scripted.subject = "subject-2"
    torn(kit, kit.sign_in(name="work2"))
    kit.scripted.subject = "subject-1"
    pending = begin(kit, account="work2", replace_broken=True)
    assert kit.complete(answer(pending), binding="browser-1") == account
    assert [each.name for each in kit.accounts()] == ["me@example.com", "work2"]
    with pytest.raises(BrokenRecord):
        kit.records.load(account._replace(name="work2"))


def torn(kit, account):
    name = grant_name(account)
    kit.records.store.save(name, b"torn", replaces=kit.records.store.version(name))


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


@pytest.fixture
def two(tmp_path):
    """Two authorization servers that are registered with one address."""
    kit = ScriptedKit(tmp_path, clients={"other": ClientRegistration("client-2")})
    other = ScriptedProvider("other")
    kit.providers.add(other)
    kit.servers = (kit.scripted, other)
    for server in kit.servers:
        server.redirect_uri = SHARED
    return kit


def test_an_address_that_two_servers_share_serves_one_at_a_time(two):
    """R23, RFC 9700 section 4.4: the answer of one could pass for the other's."""
    first = two.begin("scripted", redirect_uri=SHARED, binding="b")
    two.begin("scripted", redirect_uri=SHARED, binding="b")
    with pytest.raises(UsageError, match="could not be told apart"):
        two.begin("other", redirect_uri=SHARED, binding="c")
    two.servers[0].iss = "required"
    with pytest.raises(UsageError, match="could not be told apart"):
        two.begin("other", redirect_uri=SHARED, binding="c")
    assert str(two.complete(answer(first, SHARED), binding="b")) == "scripted/me@example.com"
    two.clock.advance(601)
    assert two.begin("other", redirect_uri=SHARED, binding="c")


def test_servers_that_both_name_themselves_may_share_an_address(two):
    """R23: each requires `iss`, so that an answer says whose it is (RFC 9207)."""
    for server in two.servers:
        server.iss = "required"
    two.begin("scripted", redirect_uri=SHARED, binding="b")
    assert two.begin("other", redirect_uri=SHARED, binding="c")


def test_a_redirect_uri_that_is_not_the_providers_own_is_refused(kit):
    """R23: one callback path a provider, against mix-up."""
    with pytest.raises(UsageError, match="/callback/scripted"):
        kit.begin("scripted", redirect_uri="http://127.0.0.1:1/callback", binding="b")
    assert list(kit.records.pendings()) == []


def test_a_provider_that_is_handed_over_is_held_against_its_resource_hosts_before_the_person_is_asked(kit, monkeypatch):
    """R32: nobody has loaded it, so nobody else has looked."""
    monkeypatch.setattr(kit.scripted, "resource_hosts", ("https://scripted.example/token",), raising=False)
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


@pytest.mark.parametrize("name", [" ", "\t\n", "\N{NO-BREAK SPACE}"])
def test_a_blank_name_is_refused_before_anybody_is_asked(kit, name):
    """R4: it comes of a variable that is not set, and nobody could ask for that account."""
    with pytest.raises(UsageError, match="blank") as caught:
        begin(kit, name=name)
    assert caught.value.hint == "tokenkit login scripted --as NAME"


def test_an_answer_that_is_cut_short_is_refused_and_not_consumed(kit):
    """R21: the person gives the whole of it, and nothing is begun anew."""
    pending = begin(kit)
    short = urlencode({"state": pending.state.reveal(), "iss": "https://scripted.example"})
    with pytest.raises(CallbackRefused, match="cut short"):
        kit.complete(f"{REDIRECT}?{short}", binding="browser-1")
    assert kit.complete(answer(pending), binding="browser-1")
