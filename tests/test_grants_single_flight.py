"""Flights are kept apart by the whole account, its owner included (R5, R37)."""

import threading
import time
from pathlib import Path

import pytest
from tokenkit import Account
from tokenkit.errors import UsageError
from tokenkit.grants.refresh_job import RefreshJob
from tokenkit.grants.single_flight import THREADS, SingleFlight

from patience import PATIENCE, wait_until
from scripted import LIFETIME, ScriptedKit

ALICE, BOB = Account("google", "me@example.com", "alice"), Account("google", "me@example.com", "bob")


def test_two_owners_with_one_account_name_never_share_a_flight() -> None:
    """R37: keyed by the words of the name, Bob would get what Alice's flight brings."""
    flights, go_on = SingleFlight(), threading.Event()

    def bring(token: str) -> str:
        go_on.wait(PATIENCE)
        return token

    hers, his = flights.run(ALICE, lambda: bring("hers")), flights.run(BOB, lambda: bring("his"))
    assert str(ALICE) == str(BOB)
    go_on.set()
    assert (hers.result(), his.result()) == ("hers", "his")


def test_all_who_ask_for_an_account_share_its_flight() -> None:
    """R5: what the second of them would do is not done."""
    flights, go_on = SingleFlight(), threading.Event()
    first = flights.run(ALICE, lambda: go_on.wait(PATIENCE))
    assert flights.run(ALICE, lambda: False) is first
    go_on.set()
    assert first.result()
    flights.close()


def test_closing_waits_for_the_flights_and_ends_the_threads() -> None:
    """R7: a later flight has new ones."""
    flights, go_on = SingleFlight(), threading.Event()
    flight = flights.run(ALICE, lambda: go_on.wait(PATIENCE))
    threading.Timer(0.1, go_on.set).start()
    flights.close()
    assert flight.done()
    assert flights.run(ALICE, lambda: "again").result() == "again"
    flights.close()


def test_flights_that_close_wait_neither_for_themselves_nor_for_each_other() -> None:
    """R7: a callback runs in a flight, and may be the one that closes the kit."""
    flights, both = SingleFlight(), threading.Barrier(2, timeout=PATIENCE)

    def close() -> bool:
        both.wait()
        flights.close()
        return True

    assert [flight.result(PATIENCE) for flight in [flights.run(account, close) for account in (ALICE, BOB)]]
    flights.close()


def test_flights_that_take_all_threads_do_not_wait_for_one_that_needs_another() -> None:
    """R7: each callback of a provider's bad hour asked for an account that had none left, and all waited for ever."""
    flights, all_fly = SingleFlight(), threading.Barrier(THREADS, timeout=PATIENCE)

    def ask_for_another() -> bool:
        all_fly.wait()
        with pytest.raises(UsageError, match="cannot wait"):
            flights.run(ALICE, lambda: True)
        all_fly.wait()
        return True

    crowd = [Account("google", f"{number}@example.com", "bob") for number in range(THREADS)]
    assert all(flight.result(PATIENCE) for flight in [flights.run(account, ask_for_another) for account in crowd])
    flights.close()


def test_a_flight_waits_for_one_of_another_provider_or_for_one_that_has_a_thread() -> None:
    """R7: a secret may come from a vault that is itself signed in to."""
    flights, vault = SingleFlight(), Account("vault", "me@example.com", "alice")

    def ask_for_others() -> list[str]:
        return [flights.run(account, lambda: "brought").result(PATIENCE) for account in (vault, BOB)]

    assert flights.run(ALICE, ask_for_others).result(PATIENCE) == ["brought", "brought"]
    flights.close()


def test_where_no_thread_can_be_had_no_account_waits_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """R37: a container allows a number of threads, and a provider that hangs must not hang all people."""

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    flights, go_on, begun = SingleFlight(), threading.Event(), threading.Event()
    hangs = threading.Thread(target=lambda: flights.run(ALICE, lambda: begun.set() or go_on.wait(PATIENCE)))
    asks = threading.Thread(target=lambda: flights.run(BOB, go_on.set))
    start = threading.Thread.start
    monkeypatch.setattr(threading.Thread, "start", refuse)
    start(hangs)
    assert begun.wait(PATIENCE)
    start(asks)
    assert go_on.wait(PATIENCE)
    for thread in (asks, hangs):
        thread.join(PATIENCE)
    flights.close()


def test_threads_that_have_ended_are_forgotten() -> None:
    """R37: what a thread has used is kept for nobody, however often the flights come and go."""
    flights = SingleFlight()
    for number in range(5):
        flights.run(ALICE, lambda number=number: number).result()  # the last one in the air: its thread ends
        wait_until(lambda: not flights._threads)
    flights.close()


def test_a_kit_that_is_closed_has_waited_for_its_refresh_and_keeps_no_thread(tmp_path: Path) -> None:
    """R7: the end of a block waits as the end of the program does."""
    before = threading.enumerate()
    with ScriptedKit(tmp_path) as kit:
        me = kit.sign_in()
        kit.clock.advance(LIFETIME + 1)
        kit.scripted.will(lambda: time.sleep(0.2))
        flight = kit.refresher.renew(me, RefreshJob())
    assert flight.done()
    assert [thread.name for thread in threading.enumerate() if thread not in before] == []
    assert kit.token("scripted")  # it starts what it needs when it is asked again
