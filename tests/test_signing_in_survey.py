"""What a sign-in reads of what is stored: each record once as it begins, and no more than it needs (R18, R20)."""

import contextlib

import pytest
from tokenkit.account import Account
from tokenkit.errors import BrokenRecord, StoreUnavailable
from tokenkit.grants import sealed_store
from tokenkit.grants.sealed_store import grant_name
from tokenkit.signing_in.survey import survey
from tokenkit.store.memory import MemoryStore

from scripted import ScriptedKit

REDIRECT = "http://127.0.0.1:8123/callback/scripted"
MANY = 30


class Counted(MemoryStore):
    """Says which grants were read, and which of them were asked for in one question."""

    def __init__(self):
        super().__init__()
        self.read = []
        self.together = []

    def load(self, name):
        if name.kind == "grant":
            self.read.append(name.id.partition("/")[2])
        return super().load(name)

    @contextlib.contextmanager
    def reading(self, names):
        self.together.append(len(names))
        yield

    def reads(self):
        """The names of the accounts that were read since the last time, in order."""
        read, self.read, self.together = sorted(self.read), [], self.together
        return read


@pytest.fixture
def kit(tmp_path):
    """A kit with thirty accounts of thirty people."""
    kit = ScriptedKit(tmp_path, store=Counted())
    for number in range(MANY):
        kit.scripted.subject, kit.scripted.account_name = f"subject-{number:02}", f"{number:02}@example.com"
        kit.sign_in()
    assert len(kit.accounts()) == MANY
    kit.records.store.reads()
    return kit


def everybody():
    return [f"{number:02}@example.com" for number in range(MANY)]


def begin(kit, **options):
    return kit.begin("scripted", redirect_uri=REDIRECT, binding="b", **options)


def complete(kit, pending):
    return kit.complete(f"{REDIRECT}?code=c&state={pending.state.reveal()}", binding="b")


def test_a_sign_in_that_begins_opens_each_account_once(kit):
    """R18, R20: scopes, broken records and accounts of nobody are all found in one pass."""
    begin(kit)
    assert kit.records.store.reads() == everybody()


def test_a_person_who_is_here_already_is_found_where_the_provider_says(kit):
    pending = begin(kit)
    kit.records.store.reads()
    kit.scripted.subject, kit.scripted.account_name = "subject-07", "07@example.com"
    assert complete(kit, pending).name == "07@example.com"
    assert set(kit.records.store.reads()) == {"07@example.com"}


def test_for_a_person_who_is_new_the_others_are_opened_once_more(kit):
    """R18: they may have changed their address, so no name says that they are new."""
    pending = begin(kit)
    kit.records.store.reads()
    kit.scripted.subject, kit.scripted.account_name = "subject-new", "new@example.com"
    assert complete(kit, pending).name == "new@example.com"
    read = kit.records.store.reads()
    assert [name for name in read if name != "new@example.com"] == everybody()


def test_a_person_with_a_new_address_keeps_the_name_of_their_account(kit):
    """R18: issuer and subject say who it is."""
    kit.scripted.subject, kit.scripted.account_name = "subject-07", "married@example.com"
    assert kit.sign_in().name == "07@example.com"


def test_a_sign_in_that_names_its_account_opens_that_one_only(kit):
    """R18: what else is stored changes nothing about where it goes, and nothing about what is asked for."""
    begin(kit, name="07@example.com")
    assert set(kit.records.store.reads()) == {"07@example.com"}
    kit.scripted.identify = None
    begin(kit, account="07@example.com")
    assert set(kit.records.store.reads()) == {"07@example.com"}


def test_a_record_that_is_damaged_is_in_nobodys_way_but_its_own(kit):
    """R30: a sign-in that is called otherwise does not even look at it."""
    damage(kit, "07@example.com")
    begin(kit, name="other")
    with pytest.raises(BrokenRecord):
        begin(kit, name="07@example.com")


def test_a_database_is_asked_in_a_few_questions(kit, monkeypatch):
    monkeypatch.setattr(sealed_store, "AT_ONCE", 20)
    store = kit.records.store
    store.together.clear()
    found = survey(kit.records, "scripted")
    assert store.together == [20, 10]
    assert list(found.grants) == everybody()


def test_what_is_wrong_with_one_record_is_told_and_hides_no_other(kit):
    """R30: what cannot be opened is an error, never an absence."""
    damage(kit, "07@example.com")
    found = survey(kit.records, "scripted")
    assert list(found.grants) == [name for name in everybody() if name != "07@example.com"]
    assert [(name, type(error)) for name, error in found.closed.items()] == [("07@example.com", BrokenRecord)]


def test_nothing_lies_under_a_name_that_no_store_keeps(kit):
    """It is no error here: where a grant is stored, a digest stands in the place of such a name."""
    assert survey(kit.records, "scripted", "x" * 5000) == ({}, {})


def test_a_store_that_is_away_is_an_error_and_no_empty_store(kit, monkeypatch):
    def away(*_, **__):
        raise StoreUnavailable("away")

    monkeypatch.setattr(kit.records.store, "names", away)
    with pytest.raises(StoreUnavailable):
        survey(kit.records, "scripted")


def damage(kit, name):
    """Write over an account's record what is no record."""
    store, record = kit.records.store, grant_name(Account("scripted", name))
    store.save(record, b"damaged", replaces=store.version(record))
