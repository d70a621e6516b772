"""A grant just issued becomes an account: whose it is, what it is called, and never another's place (R4, R18)."""

import itertools

import pytest
from tokenkit.errors import BrokenRecord, ClientRefused, ConsentRequired, InvalidAnswer, ProviderUnavailable
from tokenkit.grants.refresh import RETRY_AFTER
from tokenkit.grants.sealed_store import grant_name
from tokenkit.provider import Identity
from tokenkit.store.files import FileStore
from tokenkit.store.memory import MemoryStore

from scripted import ScriptedKit

REDIRECT = "http://127.0.0.1:8123/callback/scripted"


@pytest.fixture
def kit(tmp_path):
    return ScriptedKit(tmp_path)


@pytest.fixture
def silent(kit, monkeypatch):
    """A provider that does not say whose a grant is until it is told to speak."""

    def identify(*_):
        raise ProviderUnavailable("down")

    monkeypatch.setattr(kit.scripted, "identify", identify)
    return monkeypatch


class Meets(MemoryStore):
    """A store that lets something happen just before it is given a new grant, once."""

    meeting = None

    def save(self, name, data, *, replaces, due=None):
        if name.kind == "grant" and self.meeting:
            meeting, self.meeting = self.meeting, None
            meeting()
        return super().save(name, data, replaces=replaces)


@pytest.fixture
def meeting(tmp_path):
    """Two kits over one store; what the second does happens between the first one's look and its save."""
    store = Meets()
    first = ScriptedKit(tmp_path, store=store)
    second = ScriptedKit(tmp_path, store=store, clock=first.clock)
    second.scripted._numbers = itertools.count(100)  # no two sign-ins bring the same tokens
    return first, second


def test_two_people_of_one_name_who_sign_in_in_the_same_instant_get_an_account_each(meeting):
    """R18: a login that comes back with another subject never overwrites, also when it has met no record yet."""
    first, second = meeting
    second.scripted.subject = "subject-2"
    first.records.store.meeting = second.sign_in
    account = first.sign_in()
    assert [str(each) for each in first.accounts()] == ["scripted/me@example.com", "scripted/me@example.com-2"]
    assert account.name == "me@example.com-2"
    subjects = [first.records.get(each).grant.subject for each in first.accounts()]
    assert subjects == ["subject-2", "subject-1"]
    assert list(first.records.store.names("quarantine")) == []


def test_two_sign_ins_of_one_person_in_the_same_instant_are_one_account(meeting):
    """R18: the later one stands, and the other lies in quarantine."""
    first, second = meeting
    first.records.store.meeting = second.sign_in
    account = first.sign_in()
    assert first.accounts() == [account]
    assert first.records.get(account).grant.generation == 2
    assert len(list(first.records.store.names("quarantine"))) == 1


def test_the_status_says_why_nobody_knows_whose_it_is_until_the_provider_has_said_it(kit, silent):
    """R4: for the command line, the dashboard and a host alike."""
    me = kit.sign_in()
    assert kit.status(str(me)).unidentified == "down"
    kit.clock.advance(7200)
    kit.token(str(me))
    assert kit.status(str(me)).unidentified == "down"
    silent.setattr(kit.scripted, "identify", lambda *_: Identity("subject-1", "me@example.com"))
    assert kit.sign_in() == me
    assert kit.status(str(me)).unidentified == ""


def test_two_whom_the_provider_does_not_name_get_an_account_each(kit, silent):
    """R18: nobody can say that they are the same person."""
    accounts = [kit.sign_in(), kit.sign_in()]
    assert [account.name for account in accounts] == ["default", "default-2"]
    assert list(kit.records.store.names("quarantine")) == []


@pytest.mark.parametrize("later", [10, 7200], ids=["at once", "when the access token has ended"])
def test_who_signs_in_again_after_the_provider_did_not_say_whose_it_is_has_one_account(kit, silent, later):
    """R4: under the name by which tools may ask for it already."""
    account = kit.sign_in()
    silent.undo()
    kit.clock.advance(later)
    assert kit.sign_in() == account
    assert kit.accounts() == [account]
    assert kit.records.get(account).grant.subject == "subject-1"
    assert kit.token("scripted")


def test_another_who_signs_in_after_the_provider_did_not_say_whose_it_is_gets_another_account(kit, silent):
    """R18: a sign-in never overwrites another person's account."""
    default = kit.sign_in()
    theirs = kit.records.get(default).grant.access_token.value

    def identify(ctx, client, grant):
        return Identity("subject-1", "me") if grant.access_token.value == theirs else Identity("subject-2", "you")

    silent.setattr(kit.scripted, "identify", identify)
    assert kit.sign_in().name == "you"
    assert [account.name for account in kit.accounts()] == ["default", "you"]
    assert kit.records.get(default).grant.subject == "subject-1"


def test_a_provider_that_is_down_is_asked_once_and_the_sign_in_goes_on(kit, silent):
    """A person waits: of the second account it would not say it either."""
    kit.sign_in()
    kit.sign_in()
    asked = []

    def identify(*_):
        asked.append(1)
        raise ProviderUnavailable("down")

    silent.setattr(kit.scripted, "identify", identify)
    assert kit.begin("scripted", redirect_uri=REDIRECT, binding="b")
    assert len(asked) == 1


def test_an_account_of_which_the_provider_will_not_say_it_hides_no_other(kit, silent):
    """R4: a grant that was imported need not allow the question."""
    accounts = [kit.sign_in(name=name) for name in ("calendar", "mail")]

    def identify(ctx, client, grant):
        if grant.access_token.value == first:
            raise InvalidAnswer("HTTP 403")
        return Identity("subject-1", "me@example.com")

    first = kit.records.get(accounts[0]).grant.access_token.value
    silent.setattr(kit.scripted, "identify", identify)
    kit.begin("scripted", redirect_uri=REDIRECT, binding="b")
    assert [kit.records.get(account).grant.subject for account in accounts] == ["", "subject-1"]


def test_asking_whose_an_account_is_gives_way_to_a_sign_in_that_is_saved_meanwhile(kit, silent):
    """R8: what has been read is written over nothing newer."""
    account = kit.sign_in()

    def identify(*_):
        held = kit.records.get(account)
        kit.records.save(account, held.grant.renewed(generation=9, subject="subject-9"), replaces=held.version)
        return Identity("subject-1", "me@example.com")

    silent.setattr(kit.scripted, "identify", identify)
    kit.begin("scripted", redirect_uri=REDIRECT, binding="b")
    assert kit.records.get(account).grant.subject == "subject-9"


def test_a_changed_plugin_is_not_asked_whose_an_account_is(kit, silent):
    """R17: it would be shown the token."""
    kit.sign_in()
    asked = []
    silent.setattr(kit.scripted, "identify", lambda *_: asked.append(1))
    silent.setattr(kit.scripted, "token_endpoint", "https://other.example/token", raising=False)
    kit.begin("scripted", redirect_uri=REDIRECT, binding="b")
    assert asked == []


def test_the_command_that_an_account_of_nobody_is_mended_by_mends_it(kit, silent):
    """R4: it is dead and cannot be asked any more; who names it says whose it is."""
    account = kit.sign_in()
    silent.undo()
    kit.scripted.will(ConsentRequired("refused", reason="revoked"))
    kit.clock.advance(7200)
    with pytest.raises(ConsentRequired) as caught:
        kit.token("scripted")
    assert caught.value.hint == "tokenkit login scripted/default"
    pending = kit.begin("scripted", redirect_uri=REDIRECT, binding="b", account="default")
    assert kit.complete(f"{REDIRECT}?code=c&state={pending.state.reveal()}", binding="b") == account
    assert kit.accounts() == [account]
    assert kit.token("scripted")


def test_a_device_code_mends_an_account_of_nobody_too(kit, silent):
    """R4: an account called `default` is asked for its name, by this way too (RFC 8628)."""
    account = kit.sign_in()

    def device(ctx, client, request, show):
        return kit.scripted.issue(ctx.now())

    kit.clock.advance(10)
    silent.setattr(kit.scripted, "device", device, raising=False)
    assert kit.login("scripted", account="default", way="device") == account
    assert kit.accounts() == [account]
    assert len(list(kit.records.store.names("quarantine"))) == 1


def test_a_grant_is_not_lost_because_the_provider_would_not_say_whose_it_is(kit, silent):
    """R18: the code is spent, and the former grant may have ended with it."""
    assert kit.sign_in().name == "default"
    assert kit.token("scripted")


def test_the_provider_is_asked_once_more_whose_it_is_after_a_pause(kit, monkeypatch):
    def identify(*_):
        monkeypatch.undo()
        raise ProviderUnavailable("down for a moment")

    monkeypatch.setattr(kit.scripted, "identify", identify)
    before = kit.clock.now()
    assert kit.sign_in().name == "me@example.com"
    assert kit.clock.now() - before == RETRY_AFTER


def test_no_error_of_a_plugin_that_is_asked_whose_it_is_loses_a_grant(kit, monkeypatch):
    def identify(*_):
        raise ClientRefused("this client may not ask that")

    monkeypatch.setattr(kit.scripted, "identify", identify)
    assert kit.sign_in().name == "default"


def test_what_breaks_during_the_consent_keeps_its_place(kit):
    """R30: never overwritten; what was just granted goes beside it."""
    account = kit.sign_in()
    pending = kit.begin("scripted", redirect_uri=REDIRECT, binding="b")
    held = kit.records.store.load(grant_name(account))
    kit.records.store.save(grant_name(account), b"torn", replaces=held.version)
    other = kit.complete(f"{REDIRECT}?code=c&state={pending.state.reveal()}", binding="b")
    assert other.name == "me@example.com-2"
    with pytest.raises(BrokenRecord):
        kit.records.load(account)


def test_a_login_never_replaces_a_record_that_it_has_not_seen(kit, monkeypatch):
    """R8: a refresh that is saved while the former grant is being copied is met by a newer generation."""
    account = kit.sign_in()
    quarantine = kit.records.quarantine

    def slowly(*args):
        monkeypatch.undo()
        held = kit.records.get(account)
        kit.records.save(account, held.grant.renewed(generation=2), replaces=held.version)
        return quarantine(*args)

    monkeypatch.setattr(kit.records, "quarantine", slowly)
    kit.sign_in()
    assert kit.records.get(account).grant.generation == 3


def test_an_account_can_be_named_by_the_person(kit):
    """R4: `login --as NAME`, where the provider cannot say."""
    assert kit.sign_in(name="work").name == "work"


@pytest.mark.parametrize("length", [1, 200, 223])
def test_the_longest_names_can_sign_in_again_and_again(tmp_path, length):
    """What is superseded goes to quarantine under a name that fits, too."""
    store = FileStore(str(tmp_path / "tokens"), str(tmp_path / "state"))
    kit = ScriptedKit(tmp_path, store=store)
    for _ in range(2):
        account = kit.sign_in(name="x" * length)
        kit.clock.advance(1)
    assert kit.accounts() == [account]
    assert kit.token("scripted")


def test_another_person_of_the_longest_name_gets_a_place_too(tmp_path):
    """R18: with a number behind it no file could have that name."""
    kit = ScriptedKit(tmp_path, store=FileStore(str(tmp_path / "tokens"), str(tmp_path / "state")))
    kit.scripted.account_name = "x" * 223
    kit.sign_in()
    kit.scripted.subject = "subject-2"
    account = kit.sign_in()
    assert len(account.name) == 16
    assert kit.sign_in() == account
    assert len(kit.accounts()) == 2


@pytest.mark.parametrize("name", ["\N{PILE OF POO}" * 100, "\udcff"], ids=["too long", "no Unicode"])
def test_a_grant_is_not_lost_because_of_a_name_that_no_file_can_have(tmp_path, name):
    kit = ScriptedKit(tmp_path, store=FileStore(str(tmp_path / "tokens"), str(tmp_path / "state")))
    kit.scripted.account_name = name
    account = kit.sign_in()
    assert len(account.name) == 16
    assert kit.token("scripted")
    assert kit.sign_in() == account


def test_a_device_code_replaces_the_account_that_cannot_be_opened_too(kit, monkeypatch):
    """R30: it is set aside first, by this way too (RFC 8628)."""
    account = kit.sign_in(name="work2")
    name = grant_name(account)
    kit.records.store.save(name, b"torn", replaces=kit.records.store.version(name))

    def device(ctx, client, request, show):
        return kit.scripted.issue(ctx.now())

    monkeypatch.setattr(kit.scripted, "device", device, raising=False)
    assert kit.login("scripted", account="work2", way="device", replace_broken=True) == account
    assert kit.accounts() == [account]


def test_one_subject_at_two_servers_is_two_people(kit):
    """R18: with a variable in the endpoints, as at two Mastodons, ``id=1`` is somebody else at each."""
    first = kit.sign_in()
    kit.scripted.issuer = ""
    kit.scripted.token_endpoint = "https://another.example/token"
    second = kit.sign_in()
    assert second != first
    assert kit.records.get(first).grant.token_endpoint == "https://scripted.example/token"
    assert kit.records.get(second).grant.token_endpoint == "https://another.example/token"
    assert kit.sign_in() == second


def test_a_name_that_a_person_gave_at_one_server_is_not_written_over_at_another(kit, monkeypatch):
    """R18: where the provider cannot say whose it is, too."""
    monkeypatch.setattr(kit.scripted, "identify", None)
    first = kit.sign_in(name="home")
    kit.scripted.issuer = ""
    kit.scripted.token_endpoint = "https://another.example/token"
    assert kit.sign_in(name="home").name == "home-2"
    assert kit.records.get(first).grant.token_endpoint == "https://scripted.example/token"
