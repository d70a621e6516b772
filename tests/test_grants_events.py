"""Those who ask are told what happens to the accounts of a kit: each need once."""

import asyncio
import contextlib
import sys
import threading
from typing import get_args

import pytest
from tokenkit import AccessToken, Account
from tokenkit.async_kit import AsyncTokenKit
from tokenkit.errors import ConsentRequired, ProviderUnavailable, StoreError, UnknownAccount, UsageError
from tokenkit.grant import Grant
from tokenkit.grants.due import SOON, consent_end
from tokenkit.grants.events import MOST_ENDS, Kind
from tokenkit.token import Secret

from patience import PATIENCE
from scripted import LIFETIME, ScriptedKit, expire, stored, unavailable


@pytest.fixture
def kit(tmp_path):
    """A kit with an account, and `told`, what was told of it."""
    kit = ScriptedKit(tmp_path)
    kit.me = kit.sign_in()
    kit.told = []
    for kind in get_args(Kind):
        kit.on(kind, kit.told.append)
    return kit


def kinds(kit):
    return [event.kind for event in kit.told]


def refused(*_):
    raise ConsentRequired("revoked", reason="revoked")


def test_each_refresh_is_told(kit):
    for _ in range(2):
        expire(kit)
        kit.token("scripted")
    kit.token("scripted")
    assert kinds(kit) == ["refreshed", "refreshed"]
    assert kit.told[0].account == kit.me


def test_that_only_the_person_can_go_on_is_told_once_until_the_account_is_back(kit):
    """R13: a dead grant is not asked for again, and neither is the person."""
    expire(kit)
    kit.scripted.will(refused)
    for _ in range(3):
        with pytest.raises(ConsentRequired):
            kit.token("scripted")
    assert kinds(kit) == ["consent_needed"]
    assert kit.told[0].error.reason == "revoked"
    kit.sign_in()
    kit.token("scripted")
    kit.token("scripted")
    assert kinds(kit) == ["consent_needed", "back"]
    expire(kit)
    kit.scripted.will(refused)
    with pytest.raises(ConsentRequired):
        kit.token("scripted")
    assert kinds(kit) == ["consent_needed", "back", "consent_needed"]


def test_a_failure_is_told_once_until_a_refresh_works(kit):
    """R12: whoever comes during the back-off shares the failure, and is not told anew."""
    expire(kit)
    kit.scripted.will(unavailable(), unavailable())
    for _ in range(3):
        with pytest.raises(ProviderUnavailable):
            kit.token("scripted")
    kit.clock.advance(3600)
    kit.token("scripted")
    assert kinds(kit) == ["failed", "refreshed", "back"]


def test_a_token_with_life_left_is_served_and_the_failure_told_all_the_same(kit):
    """R14: the caller gets a token; whoever watches learns that it cannot be renewed."""
    kit.clock.advance(LIFETIME - 60)
    kit.scripted.will(unavailable(), unavailable())
    kit.token("scripted", min_ttl=600)
    assert kinds(kit) == ["failed"]


def test_an_end_that_only_the_person_can_put_off_is_told_once(kit, monkeypatch):
    held = kit.records.get(kit.me)
    end = kit.clock.now() + SOON + 3600
    kit.records.save(kit.me, held.grant.renewed(refresh_expires_at=end), replaces=held.version)
    kit.token("scripted")
    assert kinds(kit) == []
    for _ in range(2):
        expire(kit)
        kit.token("scripted")
    assert kinds(kit) == ["refreshed", "ends_soon", "refreshed"]
    assert kit.told[1].ends_at == end


def test_an_access_token_that_nothing_renews_ends_soon_too(kit, monkeypatch):
    monkeypatch.setattr(kit.scripted, "_rotate", lambda: None)
    kit.sign_in()
    kit.token("scripted")
    assert kinds(kit) == ["ends_soon"]


def test_a_sign_out_is_no_failure(kit):
    """R8: who was signed out meanwhile asked for it."""
    expire(kit)
    kit.scripted.will(lambda: kit.logout("scripted"))
    with pytest.raises(UnknownAccount, match="signed out"):
        kit.token("scripted")
    assert kinds(kit) == []


def test_a_callback_that_fails_keeps_nobody_from_the_token(kit, monkeypatch):
    """R9: what was refreshed is saved and served; the failure goes where Python puts those that nobody can catch."""
    caught = []
    monkeypatch.setattr(sys, "unraisablehook", caught.append)

    def fail(event):
        raise RuntimeError("mine")

    kit.on("refreshed", fail)
    expire(kit)
    assert kit.token("scripted").value == "access-3"
    assert [str(one.exc_value) for one in caught] == ["mine"]


@pytest.mark.parametrize("kind", ["refreshed", "failed"])
@pytest.mark.parametrize("ask", [lambda kit: kit.token("scripted"), lambda kit: kit.refresh("scripted")])
def test_a_callback_that_would_wait_for_itself_is_refused(kit, monkeypatch, kind, ask):
    """R5: it runs within the one refresh of the account, and what it asks for joins that: both waited for ever."""
    raised = []
    monkeypatch.setattr(sys, "unraisablehook", lambda it: raised.append(it.exc_value))
    if kind == "failed":
        kit.scripted.will(unavailable(), unavailable())
    kit.on(kind, lambda event: (expire(kit), ask(kit)))
    expire(kit)
    caller = threading.Thread(target=_ask, args=(kit,), daemon=True)
    caller.start()
    caller.join(PATIENCE)
    assert not caller.is_alive()
    assert [type(error) for error in raised] == [UsageError]
    assert "in a thread of your own" in raised[0].hint


def _ask(kit, account="scripted"):
    with contextlib.suppress(ProviderUnavailable):
        kit.token(account)


def test_callbacks_of_two_accounts_that_ask_for_each_other_do_not_wait_for_ever(kit, monkeypatch):
    """R5: each runs within the refresh of its account, and the second to ask would close the circle."""
    raised = []
    monkeypatch.setattr(sys, "unraisablehook", lambda it: raised.append(it.exc_value))
    kit.scripted.subject, kit.scripted.account_name = "subject-2", "you@example.com"
    you, both = kit.sign_in(), threading.Barrier(2, timeout=PATIENCE)
    kit.scripted.will(*(unavailable() for _ in range(8)))  # more than all of them ask for

    def ask_for_the_other(event):
        both.wait()
        _ask(kit, str(you if event.account == kit.me else kit.me))

    kit.on("failed", ask_for_the_other)
    expire(kit)
    callers = [threading.Thread(target=_ask, args=(kit, str(account)), daemon=True) for account in (kit.me, you)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(PATIENCE)
    assert not any(caller.is_alive() for caller in callers)
    assert [type(error) for error in raised] == [UsageError]
    assert "in a thread of your own" in raised[0].hint


def test_a_callback_is_served_a_token_with_life_left_though_a_refresh_ahead_would_wait_for_it(tmp_path):
    """R3, R14: nobody waits for a refresh ahead of the end, so none refuses the token that is there."""
    kit, served = ScriptedKit(tmp_path, background=True), []
    first = kit.token(str(kit.sign_in()))
    kit.on("failed", lambda event: served.append(kit.token("scripted").value))
    kit.scripted.will(unavailable(), unavailable())
    kit.clock.advance(first.closing_from() - kit.clock.now() + 1)
    assert kit.token("scripted", min_ttl=LIFETIME / 2).value == first.value
    kit.close()
    assert served == [first.value]


@pytest.mark.parametrize("error", [asyncio.CancelledError(), SystemExit(3)], ids=lambda error: type(error).__name__)
def test_what_a_callback_raises_never_passes_for_a_cancellation_or_the_end_of_those_who_wait(kit, monkeypatch, error):
    """R7, R9: a task group took a token that was there for one of a task that was cancelled, and ended without it."""
    raised = []
    monkeypatch.setattr(sys, "unraisablehook", lambda it: raised.append(it.exc_value))

    def fail(event):
        raise error

    async def ask():
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(AsyncTokenKit(kit=kit).token("scripted")) for _ in range(2)]
        return {task.result().value for task in tasks}

    kit.on("refreshed", fail)
    expire(kit)
    assert asyncio.run(ask()) == {"access-3"}
    assert raised == [error]


def test_an_interruption_in_a_callback_is_the_persons(kit):
    """R7: Ctrl-C ends the program, wherever its main thread is just then."""

    def interrupted(event):
        raise KeyboardInterrupt

    ending = stored(kit).renewed(refresh_expires_at=kit.clock.now())
    kit.on("ends_soon", interrupted)
    with pytest.raises(KeyboardInterrupt):
        kit.refresher.events.seen(kit.me, ending, kit.clock.now())


def test_a_callback_that_fails_is_shown_by_a_program_that_catches_nothing(kit, monkeypatch, capsys):
    """R9: Python's own hook takes nothing but Python's own arguments, and must not fail in the caller's place."""
    monkeypatch.setattr(sys, "unraisablehook", sys.__unraisablehook__)

    def fail(event):
        raise RuntimeError("mine")

    kit.on("refreshed", fail)
    expire(kit)
    assert kit.token("scripted").value == "access-3"
    shown = capsys.readouterr().err
    assert "in fail" in shown
    assert "RuntimeError: mine" in shown


def test_what_cannot_be_called_is_no_callback(kit):
    with pytest.raises(UsageError, match="int"):
        kit.on("refreshed", 3)


def test_a_coroutine_function_is_refused_where_no_event_loop_is_known(kit):
    """It would never run, and Python would only warn."""

    async def notify(event): ...

    with pytest.raises(UsageError, match="coroutine function") as caught:
        kit.on("refreshed", notify)
    assert "AsyncTokenKit" in caught.value.hint


def test_the_async_kit_runs_a_coroutine_function_in_its_loop(kit):
    told = []

    async def main():
        over = asyncio.Event()

        async def notify(event):
            await asyncio.sleep(0)
            told.append((event.kind, asyncio.get_running_loop() is loop))
            over.set()

        loop, outer = asyncio.get_running_loop(), AsyncTokenKit(kit=kit)
        off = outer.on("refreshed", notify)
        await outer.refresh("scripted")
        await asyncio.wait_for(over.wait(), PATIENCE)
        off()
        await outer.refresh("scripted")
        await outer.close()

    asyncio.run(main(), debug=True)
    assert told == [("refreshed", True)]


def test_the_async_kit_says_where_it_calls_back_from(kit):
    with pytest.raises(UsageError, match="no event loop of asyncio runs here") as caught:
        AsyncTokenKit(kit=kit).on("refreshed", print)
    assert "async def" in caught.value.hint


def test_a_callback_can_be_taken_back(kit):
    told = []
    off = kit.on("refreshed", told.append)
    off()
    off()
    expire(kit)
    kit.token("scripted")
    assert (told, kinds(kit)) == ([], ["refreshed"])


def test_an_owner_who_takes_a_callback_back_leaves_it_to_the_others(kit):
    """R37: a program registers one function for many people."""
    heard = []
    ends = [kit.for_owner(who).on("refreshed", heard.append) for who in ("alice", "bob")]
    again = kit.for_owner("bob").on("refreshed", heard.append)
    ends[0]()
    again()
    for who in ("alice", "bob"):
        kit.refresher.events.refreshed(Account("scripted", "me", who), Grant("scripted", {}), 0.0)
    assert [event.account.owner for event in heard] == ["bob"]


def test_ends_that_are_over_are_forgotten(kit):
    """R37: what is remembered of the people of this year is not kept beside that of the next."""
    kit.on("ends_soon", lambda event: None)
    events = kit.refresher.events
    for number in range(5 * MOST_ENDS):
        token = AccessToken("a", expires_at=number * 86400.0, obtained_at=0.0)
        ends = Grant("scripted", access_tokens={"": token})
        events.seen(Account("scripted", f"person-{number}"), ends, number * 86400.0)
    assert len(events._ends) <= MOST_ENDS


def test_an_event_that_there_is_not_is_refused(kit):
    with pytest.raises(UsageError, match="no event 'refresh'") as caught:
        kit.on("refresh", print)
    assert "refreshed" in caught.value.hint


def test_the_async_kit_calls_back_in_its_loop(tmp_path):
    kit = ScriptedKit(tmp_path)
    kit.sign_in()

    async def main():
        face, told = AsyncTokenKit(kit=kit), asyncio.Queue()
        loop = asyncio.get_running_loop()
        face.on("refreshed", lambda event: told.put_nowait((event.kind, asyncio.get_running_loop() is loop)))
        expire(kit)
        await face.token("scripted")
        return await told.get()

    assert asyncio.run(main()) == ("refreshed", True)


def test_a_store_in_trouble_is_a_failure(kit, monkeypatch):
    """R14: it is told, for a token from memory hides it."""
    kit.token("scripted")
    monkeypatch.setattr(kit.records.store, "lease", _fail)
    expire(kit)
    with pytest.raises(StoreError):
        kit.token("scripted")
    assert kinds(kit) == ["failed"]


def _fail(*_, **__):
    raise StoreError("away")


def test_what_a_callback_hears_of_the_end_is_what_the_status_says(kit):
    """R11: a refresh token that worked after its noted end has another one, as the status knows too."""
    now = kit.clock.now()
    token = AccessToken("a", expires_at=now + 3600, obtained_at=now)
    held = Grant("scripted", {"": token}, refresh_token=Secret("r"), refresh_expires_at=now - 60)
    assert consent_end(held) is None
    kit.refresher.events.seen(kit.me, held, now)
    assert kinds(kit) == []


def test_the_hint_that_a_callback_gets_is_about_its_owners_account(kit):
    """R37: it is what the caller reads, who got it from the owner's kit."""
    alice = kit.for_owner("alice")
    alice.sign_in()
    expire(kit)
    kit.scripted.will(ConsentRequired("revoked", reason="revoked"))
    hints = []
    kit.on("consent_needed", lambda event: hints.append(event.error.hint))
    with pytest.raises(ConsentRequired) as caught:
        alice.token("scripted")
    assert [*hints, caught.value.hint] == ["tokenkit --owner alice login scripted/me@example.com"] * 2
