"""Who looks at many accounts of a shared store asks for them in pages: one by one it would be minutes (R37, R38)."""

import pytest
from tokenkit.audit import Inventory, audit
from tokenkit.audit.found_record import Opening
from tokenkit.errors import StoreUnavailable
from tokenkit.grant import NEEDS_CONSENT
from tokenkit.grants.sealed_store import AT_ONCE, SealedStore, grant_name
from tokenkit.grants.status import Active, Broken, NeedsConsent, statuses_of
from tokenkit.store.postgres.connections import Connections

from fleet import ME, ask, authority, database, machine, sign_in, url  # noqa: F401

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture
def kit(machine, authority):  # noqa: F811
    """A kit with one account."""
    kit = machine("a")
    sign_in(kit, authority)
    return kit


@pytest.fixture
def asked(monkeypatch):
    """The statements that were sent."""
    asked = []
    once = Connections.once

    def counted(self, text, *arguments, **options):
        asked.append(text)
        return once(self, text, *arguments, **options)

    monkeypatch.setattr(Connections, "once", counted)
    return asked


@pytest.fixture
def gone(monkeypatch):
    """The database goes away after the first page."""
    reading, pages = SealedStore.reading, []

    def until_the_second(self, *names):
        if pages:
            raise StoreUnavailable("the database has gone away", hint="")
        pages.append(names)
        return reading(self, *names)

    monkeypatch.setattr(SealedStore, "reading", until_the_second)


def add(kit, number, **changes):
    """Store one more account, as the copy of the first."""
    account = ME._replace(name=f"{number:03}@example.com", owner=kit.owner)
    kit.records.save(account, kit.records.get(ME).grant.renewed(**changes), replaces=None)
    return account


@pytest.mark.parametrize(
    "look", [lambda kit: kit.statuses(), lambda kit: audit(Inventory(kit, core_limit=0, mounts=()))]
)
def test_fifty_accounts_more_cost_a_few_questions_and_not_hundreds(kit, asked, look):
    questions = []
    for page in range(3):
        for number in range(page * AT_ONCE, (page + 1) * AT_ONCE):
            add(kit, number)
        look(kit)  # the first look of a kit asks for more
        asked.clear()
        look(kit)
        questions.append(len(asked))
    assert questions[2] - questions[1] <= 4


def test_how_many_have_an_account_somewhere_is_one_question_and_not_one_for_each(kit, asked):
    """R13, R37: where two of few grants end, it is looked whether there are many; of ten thousand people that took
    ten seconds, for which the second one's callers waited.
    """
    for number in range(5):
        theirs = kit.for_owner(f"person-{number}")
        account = ME._replace(owner=theirs.owner)
        theirs.records.save(account, kit.records.get(ME).grant, replaces=None)
    asked.clear()
    endings = kit.refresher.endings
    assert [endings._count("google", most) for most in (3, 6, 100)] == [3, 6, 6]
    assert endings._count("goog", 100) == endings._count("pocket", 100) == 0
    assert len(asked) == 5
    kit.for_owner("person-0").records.remove(
        ME._replace(owner="person-0"),
        replaces=kit.for_owner("person-0").records.get(ME._replace(owner="person-0")).version,
    )
    assert endings._count("google", 100) == 5


def test_in_a_page_each_account_stands_as_it_stands_alone(kit, database):  # noqa: F811
    """R10, R12, R13: a note, a sign-out whose record was put back, and a record of another account in its place."""
    store = kit.records.store
    good, refused, old, back, swapped = (add(kit, number) for number in range(5))
    held = kit.records.get(refused)
    kit.records.save(refused, held.grant.renewed(state=NEEDS_CONSENT, reason="gone"), replaces=held.version)
    with store.lease(grant_name(old), lasts=60, wait=0) as lease:
        lease.write_note(b'{"newest": 99}')
    row = "SELECT data FROM tokenkit.record WHERE kind = 'grant' AND id = %s"
    put_back = "UPDATE tokenkit.record SET data = %s WHERE kind = 'grant' AND id = %s"
    before = ask(database, row, str(back).encode())
    kit.logout(str(back), local=True)
    ask(database, put_back, before[0][0], str(back).encode())
    ask(database, put_back, before[0][0], str(swapped).encode())
    together = {status.account: status for status in kit.statuses()}
    assert together == {account: kit.status(str(account)) for account in together}
    assert isinstance(together[good].state, Active)
    assert isinstance(together[refused].state, NeedsConsent)
    assert (together[old].state.superseded, together[back].state.superseded) == (True, True)
    assert isinstance(together[swapped].state, Broken)


def test_a_database_that_goes_away_between_two_pages_is_said_once(kit, gone):
    """R11: thousands of accounts are not each broken because nobody answers."""
    for number in range(AT_ONCE):
        add(kit, number)
    statuses = statuses_of(kit.refresher, kit.context.now, kit.accounts())
    assert all(isinstance(next(statuses).state, Active) for _ in range(AT_ONCE))
    with pytest.raises(StoreUnavailable, match="gone away"):
        list(statuses)


def test_the_audit_names_what_a_database_that_goes_away_did_not_give_out(kit, gone):
    """R30: what could not be read is a finding, never an absence."""
    for number in range(AT_ONCE):
        add(kit, number)
    records = Inventory(kit, core_limit=0, mounts=()).records
    assert [record.opening for record in records] == [Opening.OPENED] * AT_ONCE + [Opening.UNREADABLE]
    assert (str(records[-1].account), records[-1].said) == (str(ME), "the database has gone away")
