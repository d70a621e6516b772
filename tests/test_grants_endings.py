"""A provider's bad hour signs nobody out: many grants that end at once are not believed to have ended (R13)."""

import itertools
import json
import threading
from contextlib import contextmanager

import pytest
from tokenkit import Account, TokenKit
from tokenkit.errors import ConsentRequired, ProviderUnavailable, StoreUnavailable
from tokenkit.grant import NEEDS_CONSENT
from tokenkit.grants import endings
from tokenkit.grants.endings import Endings, Ends
from tokenkit.grants.sealed_store import grant_name
from tokenkit.grants.status import NeedsConsent, Unavailable
from tokenkit.store import Name
from tokenkit.store.files import FileStore
from tokenkit.store.memory import MemoryStore

from patience import PATIENCE
from scripted import LIFETIME, ScriptedKit
from test_owners import ME, Everybodys, sign_in

PEOPLE = 500


@pytest.fixture
def kit(tmp_path):
    """Five hundred people, each with an account of their own at one provider, whose tokens have ended."""
    return crowd(tmp_path, PEOPLE)


def crowd(tmp_path, people: int, **options) -> ScriptedKit:
    kit = ScriptedKit(tmp_path, provider=Everybodys(), **options)
    for who in names(people):
        sign_in(kit.for_owner(who))
    kit.clock.advance(LIFETIME + 1)
    kit.heard = []
    for kind in ("consent_needed", "back"):
        kit.on(kind, lambda event: kit.heard.append((event.kind, event.account.owner)))
    return kit


def names(people: int) -> list[str]:
    return [f"person-{number:03}" for number in range(people)]


def ask(kit: TokenKit, who: str) -> str:
    """Ask as a tool does, and say what came of it."""
    try:
        return kit.for_owner(who).token(ME).value.partition("~")[0]
    except ConsentRequired:
        return "signed out"
    except ProviderUnavailable:
        return "try later"


@pytest.mark.slow
def test_when_a_bad_minute_is_over_everybody_works_again_without_a_sign_in(kit):
    """R13: not 99 of a hundred but all, and one person at most was told that they are needed."""
    kit.scripted.ended.update(names(PEOPLE))
    during = [ask(kit, who) for who in names(PEOPLE)]
    assert during.count("signed out") == 25, "20 and 5 % are believed"
    assert during.count("try later") == 475
    kit.clock.advance(61)
    kit.scripted.ended.clear()
    assert [ask(kit, who) for who in names(PEOPLE)] == names(PEOPLE)
    kit.clock.advance(3600)
    kit.for_owner(names(1)[0]).token(ME)
    assert [event for event in kit.heard if event[0] == "consent_needed"] == [("consent_needed", "person-000")]
    assert ("back", "person-000") in kit.heard


@pytest.mark.slow
def test_nothing_is_sent_for_them_before_their_time(kit):
    """R13: a provider in trouble is not asked again at once, and a signed-out grant that was not is asked once."""
    kit.scripted.ended.update(names(PEOPLE))
    for who in names(PEOPLE):
        ask(kit, who)
    sent = kit.scripted.tried
    kit.clock.advance(30)
    assert {ask(kit, who) for who in names(PEOPLE)[25:]} == {"try later"}
    assert kit.scripted.tried == sent


@pytest.mark.slow
def test_the_status_says_what_the_next_ask_would_do(kit):
    """R11: who was latched in the first moments is not shown as signed out any more."""
    kit.scripted.ended.update(names(PEOPLE))
    for who in names(20):
        ask(kit, who)
    first = kit.for_owner("person-000")
    assert isinstance(first.status(ME).state, NeedsConsent)
    for who in names(PEOPLE):
        ask(kit, who)
    assert not isinstance(first.status(ME).state, NeedsConsent)
    assert isinstance(kit.for_owner("person-499").status(ME).state, Unavailable)


@pytest.mark.parametrize(
    ("people", "ended"),
    [*(pytest.param(*each, marks=pytest.mark.slow) for each in ((500, 20), (500, 25), (600, 30))), (20, 20)],
)
def test_as_many_as_people_may_choose_are_believed(tmp_path, people, ended):
    """R13: up to 20, and up to 5 %, are latched: no more is sent for them, later either."""
    kit = crowd(tmp_path, people)
    kit.scripted.ended.update(names(ended))
    assert {ask(kit, who) for who in names(ended)} == {"signed out"}
    sent = kit.scripted.tried
    kit.clock.advance(2 * 86400)
    assert {ask(kit, who) for who in names(ended)} == {"signed out"}
    assert kit.scripted.tried == sent
    assert {kit.records.get(Account("scripted", "me@example.com", who)).grant.state for who in names(ended)} == {
        NEEDS_CONSENT
    }


def test_one_grant_that_ends_again_and_again_is_not_many(tmp_path):
    """R13: as of an account that another program signs in to and out of."""
    kit = crowd(tmp_path, 2)
    who = kit.for_owner(names(2)[0])
    kit.scripted.ended.add(who.owner)
    for _ in range(30):
        with pytest.raises(ConsentRequired):
            who.refresh(ME, force=True)
        sign_in(who)
        kit.clock.advance(1)


def test_endings_that_come_one_by_one_are_believed(tmp_path):
    """R13: what counts is how many end within ten minutes."""
    kit = crowd(tmp_path, 60)
    kit.scripted.ended.update(names(60))
    for who in names(60):
        assert ask(kit, who) == "signed out"
        kit.clock.advance(40)


@pytest.mark.slow
def test_other_providers_are_not_touched(kit):
    counted = Endings(kit.records.store)
    kit.scripted.ended.update(names(PEOPLE))
    for who in names(PEOPLE):
        ask(kit, who)
    assert counted.in_bad_hour("scripted", kit.clock.now())
    assert not counted.in_bad_hour("other", kit.clock.now())
    assert not counted.one_more("other", kit.clock.now())


@pytest.mark.slow
def test_who_is_really_signed_out_by_all_is_believed_after_a_day(tmp_path):
    """R13: a provider that means it is not asked for ever."""
    kit = crowd(tmp_path, 22)
    kit.scripted.ended.update(names(22))
    for _ in range(160):
        outcomes = {ask(kit, who) for who in names(22)}
        kit.clock.advance(541)
    assert outcomes == {"signed out"}
    sent = kit.scripted.tried
    kit.clock.advance(86400)
    assert {ask(kit, who) for who in names(22)} == {"signed out"}
    assert kit.scripted.tried == sent
    assert len({owner for kind, owner in kit.heard if kind == "consent_needed"}) == 22


def test_few_accounts_are_told_at_once(tmp_path):
    """A person with a handful of accounts hears of each when it ends."""
    kit = crowd(tmp_path, 5)
    kit.scripted.ended.update(names(5))
    for who in names(5):
        ask(kit, who)
    assert [owner for _, owner in kit.heard] == names(5)


def test_with_many_accounts_the_second_one_is_told_after_ten_minutes(tmp_path):
    """R13: only then it is known that it was not one of many."""
    kit = crowd(tmp_path, 100)
    kit.scripted.ended.update(names(2))
    for who in names(3):
        ask(kit, who)
    assert [owner for _, owner in kit.heard] == ["person-000"]
    kit.clock.advance(601)
    ask(kit, "person-004")
    assert [owner for _, owner in kit.heard] == names(2)


@pytest.mark.parametrize("does", ["sign in again", "sign out", "nothing"])
def test_who_has_signed_in_again_or_out_meanwhile_is_not_told_of_the_end(tmp_path, does):
    """R13: in another process, as a dashboard beside a worker, which hears nothing of it."""
    kit = crowd(tmp_path, 100)
    kit.scripted.ended.update(names(2))
    for who in names(2):
        ask(kit, who)
    other = started_anew(tmp_path, kit).for_owner("person-001")
    if does == "sign in again":
        sign_in(other)
    elif does == "sign out":
        other.logout(ME)
    kit.clock.advance(601)
    ask(kit, "person-004")
    told = [owner for kind, owner in kit.heard if kind == "consent_needed"]
    assert told == (names(2) if does == "nothing" else names(1))


def test_processes_count_together(tmp_path):
    """R13: each of several workers sees only some of the endings."""
    store = FileStore(str(tmp_path / "tokens"), str(tmp_path / "state"))
    first = crowd(tmp_path, 44, store=store)
    second = ScriptedKit(tmp_path, provider=first.scripted, clock=first.clock, store=store)
    second.records.ring = first.records.ring
    first.scripted.ended.update(names(44))
    outcomes = [ask(kit, who) for who, kit in zip(names(44), itertools.cycle([first, second]), strict=False)]
    assert outcomes == ["signed out"] * 20 + ["try later"] * 24


def test_a_restart_in_the_middle_tells_nobody_once_more(tmp_path):
    """R13: at most one notice, however often the process is started anew, and all work again."""
    store = FileStore(str(tmp_path / "tokens"), str(tmp_path / "state"))
    kit = first = crowd(tmp_path, 44, store=store)
    first.scripted.ended.update(names(44))
    for number, who in enumerate(names(44)):
        if number in (5, 19, 30):
            kit = started_anew(tmp_path, kit)
        ask(kit, who)
    first.scripted.ended.clear()
    first.clock.advance(61)
    kit = started_anew(tmp_path, kit)
    assert [ask(kit, who) for who in names(44)] == names(44)
    assert [event for event in first.heard if event[0] == "consent_needed"] == [("consent_needed", "person-000")]


def started_anew(tmp_path, kit: ScriptedKit) -> ScriptedKit:
    again = ScriptedKit(tmp_path, provider=kit.scripted, clock=kit.clock, store=kit.records.store)
    again.heard = kit.heard
    again.on("consent_needed", lambda event: again.heard.append((event.kind, event.account.owner)))
    return again


def test_many_that_have_presumably_ended_are_a_bad_hour_too(tmp_path):
    """R13: the provider's own words may mean an end, and nobody is signed out, nor more than one told of it."""
    store = FileStore(str(tmp_path / "tokens"), str(tmp_path / "state"))
    kit = first = crowd(tmp_path, 44, store=store)
    first.scripted.presumes = True
    first.scripted.ended.update(names(44))
    outcomes = [ask(kit := started_anew(tmp_path, kit) if number == 12 else kit, who) for number, who in numbered(44)]
    assert outcomes == ["signed out"] * 20 + ["try later"] * 24
    with pytest.raises(ProviderUnavailable, match="it was withdrawn"):
        kit.for_owner(names(44)[-1]).token(ME)
    first.scripted.ended.clear()
    first.clock.advance(61)
    assert [ask(kit, who) for who in names(44)] == names(44)
    first.clock.advance(601)
    assert [ask(kit, who) for who in names(44)] == names(44)
    assert [owner for kind, owner in first.heard if kind == "consent_needed"] == ["person-000"]


def numbered(people: int) -> list[tuple[int, str]]:
    return list(enumerate(names(people)))


def test_one_that_has_presumably_ended_counts_once_however_often_it_is_tried(tmp_path):
    """R13: it is tried again after a minute, and so on: eleven such are no twenty-two."""
    kit = crowd(tmp_path, 44)
    kit.scripted.presumes = True
    kit.scripted.ended.update(names(11))
    for _ in range(3):
        assert {ask(kit, who) for who in names(11)} == {"signed out"}
        kit.clock.advance(61)


class ApartStore(MemoryStore):
    """Has a clock of its own, so many seconds ahead of that of the machines."""

    def __init__(self, ahead: float) -> None:
        super().__init__()
        self.ahead = ahead

    @contextmanager
    def lease(self, name, *, lasts, wait):
        with super().lease(name, lasts=lasts, wait=wait) as lease:
            lease.now = lambda here: here + self.ahead
            yield lease


@pytest.mark.parametrize("ahead", [-120.0, 700.0])
def test_a_clock_that_is_minutes_apart_from_the_stores_signs_nobody_out(tmp_path, ahead):
    """R13, R38: those who were latched in the first moments are tried again, and nobody else hears of it."""
    kit = crowd(tmp_path, 44, store=ApartStore(ahead))
    kit.scripted.ended.update(names(44))
    assert [ask(kit, who) for who in names(44)] == ["signed out"] * 20 + ["try later"] * 24
    kit.scripted.ended.clear()
    kit.clock.advance(61)
    assert [ask(kit, who) for who in names(44)] == names(44)
    kit.clock.advance(601)
    ask(kit, "person-000")
    assert [owner for kind, owner in kit.heard if kind == "consent_needed"] == ["person-000"]


@pytest.mark.parametrize("ahead", [-120.0, 700.0])
def test_who_was_not_asked_since_a_bad_hour_is_told_of_it_by_no_clock(tmp_path, ahead):
    """R13, R38: what waits to be told is compared with the bad hour by the clock of the store."""
    kit = crowd(tmp_path, 44, store=ApartStore(ahead))
    kit.scripted.ended.update(names(44))
    for who in names(44):
        ask(kit, who)
    kit.scripted.ended.clear()
    kit.clock.advance(601)
    ask(kit, "person-043")
    assert [owner for kind, owner in kit.heard if kind == "consent_needed"] == ["person-000"]


@pytest.mark.slow
def test_a_forced_refresh_is_sent_in_a_bad_hour_too(kit):
    """R13: the person's own try counts at once."""
    kit.scripted.ended.update(names(PEOPLE))
    for who in names(PEOPLE):
        ask(kit, who)
    kit.scripted.ended.clear()
    assert kit.for_owner("person-499").refresh(ME, force=True).value.startswith("person-499~")


@pytest.mark.slow
def test_a_store_in_trouble_latches_as_ever(kit, monkeypatch):
    """R13: who cannot count believes the provider."""

    def refuse(name, **_):
        raise StoreUnavailable("no", hint="")

    monkeypatch.setattr(kit.records.store, "lease", refuse)
    assert not Endings(kit.records.store).one_more("scripted", 0.0)


@pytest.mark.parametrize("damage", [b"", b"\xff", b"[]", b'{"counts": 1}', b'{"hours": [[1]]}', b"[" * 5000])
def test_a_damaged_note_counts_from_the_start(damage):
    assert Ends.from_bytes(damage) == Ends()


def test_the_note_stays_small():
    """A note of a lease has 4,096 bytes."""
    ends = Ends()
    for second in range(0, 30_000, 3):
        ends = ends.one_more(1e9 + second).bad(1e9 + second)
    for at in range(10):
        ends = ends.bad(2e9 + at * 1e6)
    assert len(ends.to_bytes()) < 2048
    assert Ends.from_bytes(ends.to_bytes()) == ends


def test_of_many_people_a_bad_hour_is_noticed_before_it_is_over(monkeypatch):
    """R13, R37: to count them takes seconds. So no ending counts what one before has counted, nor under the lease."""
    store, read, leased = MemoryStore(), [], []
    for who in names(1000):
        store.save(Name("grant", who, ME), b"sealed", replaces=None)
    original, lease = MemoryStore.names, store.lease

    def counted(*args, **more):
        assert not leased, "all others wait meanwhile, and give up"
        return (read.append(1) or name for name in original(*args, **more))

    @contextmanager
    def noted(*args, **more):
        with lease(*args, **more) as held:
            leased.append(1)
            yield held
            leased.pop()

    monkeypatch.setattr(MemoryStore, "names", counted)
    monkeypatch.setattr(store, "lease", noted)
    found = Endings(store)
    assert [found.one_more("scripted", 1e9 + number) for number in range(55)] == [False] * 50 + [True] * 5
    assert len(read) < 3 * 1000
    assert found.one_more("other", 1e9) is False
    assert found.has_many("scripted", 1e9 + 54)
    store.save(Name("grant", "one-more", ME), b"sealed", replaces=None)
    assert found._stored("scripted", 1001, 1e9 + 10_000) == 1001, "an old count does not serve"


def test_the_threads_of_a_process_note_one_after_the_other_and_none_waits_for_a_count(monkeypatch):
    """R13: many that wait for one lease, or for one that waits under it, give up uncounted: no bad hour is noticed."""
    store, held = MemoryStore(), []
    ended = Ends()
    for _ in range(30):
        ended = ended.one_more(1e9)
    with store.lease(endings._name("scripted"), lasts=60, wait=0) as lease:
        lease.write_note(ended.to_bytes())
    monkeypatch.setattr(store, "note", lambda _: b"")  # as it stood when this one began
    found, lease = Endings(store), store.lease

    def noted(*args, **more):
        held.append(found._noting.lock.locked())
        return lease(*args, **more)

    monkeypatch.setattr(store, "lease", noted)
    with found._counting.lock:  # another thread counts
        noting = threading.Thread(target=found.one_more, args=("scripted", 1e9), daemon=True)
        noting.start()
        noting.join(PATIENCE)
        assert not noting.is_alive()
    assert held == [True]
    monkeypatch.setattr(endings, "_TURN", 0.01)
    with found._noting.lock:
        assert not found.one_more("scripted", 1e9), "one that is stopped holds nobody up for long"
    assert held == [True]


def test_a_store_in_trouble_hides_no_ending(tmp_path, monkeypatch):
    """R13: the person is told that they are needed, though it cannot be counted whether they are one of many."""
    kit = crowd(tmp_path, 2)

    def refuse(*_, **__):
        raise StoreUnavailable("no", hint="")

    kit.scripted.ended.update(names(2))
    assert ask(kit, "person-000") == "signed out"
    monkeypatch.setattr(kit.records.store, "owners", refuse)
    assert ask(kit, "person-001") == "signed out"
    assert kit.heard == [("consent_needed", "person-000"), ("consent_needed", "person-001")]


@pytest.mark.slow
def test_no_more_names_are_read_than_tell(kit, monkeypatch):
    """R37: whether there are many is known after twenty-one."""
    read, original = [], MemoryStore.names
    monkeypatch.setattr(
        MemoryStore, "names", lambda *args, **more: (read.append(1) or name for name in original(*args, **more))
    )
    assert Endings(kit.records.store).has_many("scripted", kit.clock.now())
    assert len(read) <= endings.MORE_THAN + 2
    assert json.loads(Ends().to_bytes()) == {"counts": [], "hours": []}
    assert kit.records.store.version(grant_name(Account("scripted", "me@example.com", "person-000")))
