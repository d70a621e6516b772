"""The worker: it keeps all grants fresh ahead of time, and asks no more than the life of a grant allows."""

import re
import subprocess
import sys
import threading
from concurrent.futures import Future
from itertools import pairwise
from typing import get_args

import pytest
from tokenkit.errors import BrokenRecord, ConsentRequired, KeyUnavailable, StoreUnavailable
from tokenkit.store.files import FileStore
from tokenkit.store.memory import MemoryStore
from tokenkit.testing.clock import Clock
from tokenkit.worker.figures import Figures, Result
from tokenkit.worker.outcome import HOUR, RETRY, judge
from tokenkit.worker.worker import Worker

from documents import TOP
from patience import PATIENCE
from scripted import unavailable
from stores import FullStore
from workers import CountingProvider, add, kit_of, stored_grant
from world import PUBLIC

DUE = 3600 - 200
"""Seconds after which the tokens of these tests are due, whatever was drawn."""


class Halting(Worker):
    """A worker whose clock is the test's."""

    def __init__(self, kit, **options):
        super().__init__(kit, clock=kit.clock.now, draw=lambda: 0.0, **options)


@pytest.fixture
def kit(tmp_path):
    kit = kit_of(tmp_path)
    yield kit
    kit.close()


def refused():
    return ConsentRequired("refused", reason="revoked")


def test_what_is_due_is_refreshed_for_all_owners_and_nothing_else(kit):
    due = [add(kit, "me@example.com"), add(kit, "me@example.com", owner="alice"), add(kit, "other", owner="bob")]
    kit.clock.advance(DUE)
    late = add(kit, "late", owner="alice")
    worker = Halting(kit)
    worker.run_once()
    assert kit.scripted.asked == {f"refresh of {account.owner}/{account.name}": 1 for account in due}
    assert all(stored_grant(kit, account).access_token.expires_at == kit.clock.now() + 3600 for account in due)
    assert stored_grant(kit, late).access_token.value == "access of alice/late"
    worker.run_once()
    assert sum(kit.scripted.asked.values()) == 3


def test_a_token_is_refreshed_before_any_caller_would_wait_for_it(kit):
    account = add(kit, "me")
    kit.clock.advance(DUE)
    Halting(kit).run_once()
    kit.clock.advance(300)
    asked = kit.token(str(account))
    assert asked.good(kit.clock.now(), 600)
    assert sum(kit.scripted.asked.values()) == 1


def test_what_a_caller_has_refreshed_meanwhile_is_left_alone(kit):
    account = add(kit, "me")
    worker = Halting(kit)
    worker.turn()
    kit.clock.advance(DUE)
    kit.refresh(str(account))
    worker.run_once()
    assert sum(kit.scripted.asked.values()) == 1
    assert worker.figures.total("refreshed") == 0


@pytest.mark.parametrize(
    "changes",
    [{"state": "needs_consent", "reason": "revoked"}, {"state": "moved"}, {"refresh_token": None}, {"lifetime": 30}],
    ids=["needs consent", "moved", "no refresh token", "short"],
)
def test_what_only_a_person_can_help_is_never_asked(kit, changes):
    """R13: a latched grant costs no request."""
    add(kit, "me", **changes)
    kit.clock.advance(DUE)
    Halting(kit).run_once()
    assert not kit.scripted.asked


def test_a_grant_that_the_provider_has_ended_is_asked_once(kit):
    """R13: the refusal is latched, and the person hears of it."""
    account, told = add(kit, "me"), []
    kit.on("consent_needed", told.append)
    kit.clock.advance(DUE)
    kit.scripted.will(refused())
    worker = Halting(kit)
    for _ in range(3):
        worker.run_once()
        kit.clock.advance(3600)
    assert sum(kit.scripted.asked.values()) == 1
    assert stored_grant(kit, account).state == "needs_consent"
    assert [event.account for event in told] == [account]
    assert worker.figures.total("consent_needed") == 1


@pytest.mark.parametrize("started_anew", [False, True])
def test_who_was_refused_in_a_bad_hour_is_refreshed_after_it_though_nobody_asks(kit, started_anew):
    """R13: the sign-in of a person who is away would else end, for it ends where it is not used."""
    accounts = [add(kit, "me", owner=f"person-{number}") for number in range(44)]
    kit.clock.advance(DUE)
    kit.scripted.will(*[refused() for _ in accounts])
    worker = Halting(kit)
    worker.run_once()
    assert 20 <= [stored_grant(kit, account).state for account in accounts].count("needs_consent") < 44
    kit.scripted.script.clear()
    for _ in range(30):
        kit.clock.advance(30)
        worker = Halting(kit) if started_anew else worker
        worker.run_once()
    assert {stored_grant(kit, account).state for account in accounts} == {"active"}
    assert all(stored_grant(kit, account).access_token.good(kit.clock.now(), 1200) for account in accounts)


def test_what_failed_is_tried_when_callers_would_try_it_again(kit):
    """R12: the back-off is that of all processes, and it grows."""
    add(kit, "me")
    kit.clock.advance(DUE)
    kit.scripted.will(*[unavailable(retry_at=None) for _ in range(20)])
    worker, times = Halting(kit), []
    for _ in range(40):
        before = sum(kit.scripted.asked.values())
        worker.run_once()
        if sum(kit.scripted.asked.values()) > before:
            times.append(kit.clock.now())
        kit.clock.advance(1)
    pauses = [later - sooner for sooner, later in pairwise(times)]
    assert len(times) >= 4
    assert pauses == sorted(pauses)
    assert pauses[-1] >= 8


def test_a_provider_in_trouble_is_asked_by_one_account_at_a_time(kit):
    """Its other accounts wait for their callers, and none waits behind the worker."""
    names = [f"me-{number:02}" for number in range(100)]
    for name in names:
        add(kit, name)
    kit.clock.advance(DUE)
    said = []
    worker = Halting(kit, report=said.append)
    kit.scripted.will(*[unavailable(sent=False) for _ in range(1000)])
    worker.run_once()
    asked = sum(kit.scripted.asked.values())
    assert 3 <= asked <= 33
    assert "scripted: refreshes fail" in said[0]
    for _ in range(5):
        kit.clock.advance(400)
        worker.turn()
        while worker._under_way:
            worker._settle(5)
    assert sum(kit.scripted.asked.values()) == asked + 5, "one after each pause"
    kit.scripted.script.clear()
    idle = next(name for name in names if f"refresh of /{name}" not in kit.scripted.asked)
    assert kit.token(f"scripted/{idle}").good(kit.clock.now()), "a caller refreshes for itself meanwhile"
    kit.clock.advance(400)
    worker.turn()
    while worker._under_way:
        worker._settle(5)
    assert said[1:] == ["scripted: refreshes work again"]


def test_no_more_refreshes_a_second_begin_than_the_limit_allows(kit):
    for number in range(30):
        add(kit, f"me-{number}")
    kit.clock.advance(DUE)
    worker = Halting(kit, limit=5)
    counts = []
    for _ in range(4):
        worker.turn()
        while worker._under_way:
            worker._settle(5)
        counts.append(sum(kit.scripted.asked.values()))
        kit.clock.advance(1)
    assert counts == [5, 10, 15, 20]


def test_a_slow_provider_keeps_no_other_waiting(tmp_path):
    slow, quick = CountingProvider("slow"), CountingProvider("quick")
    store, clients, leave = MemoryStore(), {"slow": PUBLIC, "quick": PUBLIC}, threading.Event()
    kit = kit_of(tmp_path, provider=slow, store=store, clients=clients)
    kit.providers.add(quick)
    other = kit_of(tmp_path, provider=quick, store=store, clients=clients, clock=kit.clock)
    for number in range(40):
        add(kit, f"me-{number}")
    add(other, "me")
    kit.clock.advance(DUE)
    slow.will(*[lambda: leave.wait(PATIENCE)] * 40)
    worker = Halting(kit, limit=1000)
    worker.turn()
    while not quick.asked:
        worker._settle(0.1)
    assert len(slow.asked) <= 32
    leave.set()
    worker.run_once()
    assert len(slow.asked) == 40
    kit.close()


class Away(MemoryStore):
    """A store that cannot be asked while `away`."""

    away = False

    def owners(self):
        if self.away:
            raise StoreUnavailable("the database is away")
        return super().owners()


def test_a_store_that_is_away_is_waited_for_and_said_once(tmp_path):
    store = Away()
    kit, said = kit_of(tmp_path, store=store), []
    add(kit, "me")
    worker = Halting(kit, report=said.append)
    worker.turn()
    kit.clock.advance(DUE)
    store.away = True
    assert [worker._turn_or_pause() for _ in range(6)] == [1, 2, 5, 10, 30, 30]
    kit.clock.advance(91)
    assert not worker.healthy
    assert "tokenkit_worker_store_up 0\n" in worker.figures.to_text()
    store.away = False
    worker._turn_or_pause()
    assert worker.healthy
    assert said == ["the store cannot be asked: the database is away", "the store answers again"]
    kit.close()


def test_a_refresh_that_fails_and_not_by_the_provider_is_said_until_one_succeeds(tmp_path):
    """A full disk, a key or a right that is missing: else a worker fails for days, is healthy, and says nothing."""
    kit, said = kit_of(tmp_path, store=FullStore()), []
    worker = Halting(kit, report=said.append)
    for name in ("one", "two"):
        add(kit, name)
    for _ in range(2):
        kit.clock.advance(DUE)
        kit.records.store.full_for_reserve = True
        worker.run_once()
        kit.records.store.full_for_reserve = False
        kit.clock.advance(200)
        worker.run_once()
    told = "scripted: a refresh fails on this machine, or in the store: No space left on device"
    assert said == [told, told]
    assert worker.figures.total("failed") == 4
    kit.close()


@pytest.mark.parametrize(("error", "pause"), [(KeyUnavailable, RETRY), (BrokenRecord, HOUR)])
def test_a_key_that_lacks_here_keeps_no_worker_elsewhere_from_the_account(kit, error, pause):
    """All workers share one schedule; a record that is damaged is so for all of them."""
    flight = Future()
    flight.set_exception(error("it cannot be opened"))
    verdict = judge(kit.refresher, add(kit, "me"), flight, 1000.0, stopping=False)
    assert (verdict.result, verdict.at) == ("failed", 1000.0 + pause)


@pytest.mark.parametrize(("stopping", "at"), [(False, 1000.0 + RETRY), (True, None)])
def test_a_store_that_failed_is_not_asked_about_what_failed(kit, monkeypatch, stopping, at):
    """One that stalls takes ten seconds for each of many, and who has told the worker to stop kills it before."""
    monkeypatch.setattr(kit.refresher, "note", lambda account: pytest.fail("it was asked"))
    flight = Future()
    flight.set_exception(StoreUnavailable("it did not answer in time"))
    verdict = judge(kit.refresher, add(kit, "me"), flight, 1000.0, stopping=stopping)
    assert (verdict.result, verdict.at) == ("failed", at)


def test_a_store_that_is_away_at_the_start_ends_the_worker(tmp_path):
    store = Away()
    store.away = True
    with pytest.raises(StoreUnavailable), kit_of(tmp_path, store=store) as kit:
        Halting(kit).run()


def test_it_stops_when_told_and_what_is_under_way_is_saved(kit):
    """R7: the answer under way is awaited."""
    accounts = [add(kit, f"me-{number}") for number in range(3)]
    kit.clock.advance(DUE)
    sent, leave = threading.Semaphore(0), threading.Event()

    def slowly():
        sent.release()
        leave.wait(PATIENCE)

    kit.scripted.will(*[slowly] * 3)
    worker = Halting(kit)
    running = threading.Thread(target=worker.run)
    running.start()
    for _ in accounts:
        assert sent.acquire(timeout=PATIENCE)
    worker.stop()
    running.join(0.3)
    assert running.is_alive()
    leave.set()
    running.join(PATIENCE)
    assert not running.is_alive()
    assert all(stored_grant(kit, account).access_token.good(kit.clock.now(), 3000) for account in accounts)


def test_an_answer_that_is_no_ones_fault_but_ours_is_counted_and_not_repeated_at_once(kit):
    add(kit, "me")
    kit.clock.advance(DUE)
    kit.scripted.will(ValueError("Bearer secret"))
    said = []
    worker = Halting(kit, report=said.append)
    worker.run_once()
    worker.run_once()
    assert worker.figures.total("failed") == 1
    assert "secret" not in f"{said}"


def test_no_metric_names_an_account_or_an_owner(kit):
    add(kit, "me@example.com", owner="alice@example.com")
    kit.clock.advance(DUE)
    worker = Halting(kit)
    kit.scripted.will(unavailable(sent=False))
    worker.run_once()
    text = worker.figures.to_text()
    assert 'tokenkit_worker_refreshes_total{provider="scripted",result="failed"} 1\n' in text
    assert "example.com" not in text


def test_two_workers_on_the_files_of_one_machine_refresh_each_account_once(tmp_path):
    def open_kit(provider):
        store = FileStore(str(tmp_path / "tokens"), str(tmp_path / "state"))
        return kit_of(tmp_path, provider=provider, store=store, clock=clock)

    clock, provider = Clock(), CountingProvider()
    kits = [open_kit(provider), open_kit(provider)]
    for number in range(20):
        add(kits[0], f"me-{number}", owner=f"owner-{number % 3}")
    clock.advance(DUE)
    threads = [threading.Thread(target=Halting(kit, limit=1000).run_once) for kit in kits]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert sorted(provider.asked.values()) == [1] * 20
    for kit in kits:
        kit.close()


def test_the_page_of_the_worker_explains_each_metric():
    page = (TOP / "docs/how-to/keep-tokens-fresh.md").read_text(encoding="utf-8")
    odd = Figures()
    odd.ended('a"} 1\nb', "failed", 1.0)
    assert '{provider="a\\"} 1\\nb",result="failed"} 1\n' in odd.to_text(), "a database may say anything"
    metrics = {line.split()[2] for line in Figures().to_text().splitlines() if line.startswith("# TYPE")}
    assert set(re.findall(r"^\| `(tokenkit_worker_\w+)`", page, re.MULTILINE)) == metrics
    assert set(re.search(r"by `result`: (.*?) \|", page)[1].split("`")[1::2]) == set(get_args(Result))


_ENDS_BY_ITSELF = """
import os, signal, sys
from tokenkit.signals import ending_by_itself, sending
from tokenkit.errors import ProviderUnavailable
told = []
with ending_by_itself(lambda: told.append(1), "SIGTERM"):
    with sending():
        os.kill(os.getpid(), signal.SIGTERM)
        try:
            with sending():
                sys.exit(2)
        except ProviderUnavailable as error:
            assert not error.sent
    print("saved", bool(told))
"""


def test_a_signal_lets_the_answer_under_way_be_saved_and_nothing_new_be_sent():
    """R7: after a signal nothing new is sent, and the program ends by itself."""
    done = subprocess.run([sys.executable, "-c", _ENDS_BY_ITSELF], capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout) == (0, "saved True\n"), done.stderr
