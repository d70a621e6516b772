"""asyncio callers: the loop is never blocked, and a coroutine that goes away takes nothing with it (R1, R7)."""

import asyncio
import inspect
import os
import subprocess
import sys
import threading
import time
import traceback

import httpx
import pytest
from tokenkit import awaited
from tokenkit.async_kit import AsyncTokenKit
from tokenkit.errors import ConfigurationError, ConsentRequired, ProviderUnavailable, UsageError
from tokenkit.kit import TokenKit
from tokenkit.store.memory import MemoryStore

from patience import PATIENCE, wait_until
from peers import answering, peer
from scripted import LIFETIME, ScriptedKit


class ThreadStore(MemoryStore):
    """Remembers in which threads it was used."""

    def __init__(self):
        super().__init__()
        self.threads = set()

    def load(self, name):
        self.threads.add(threading.get_ident())
        return super().load(name)

    def save(self, name, data, *, replaces, due=None):
        self.threads.add(threading.get_ident())
        return super().save(name, data, replaces=replaces)

    def version(self, name):
        self.threads.add(threading.get_ident())
        return super().version(name)

    def lease(self, name, *, lasts, wait):
        self.threads.add(threading.get_ident())
        return super().lease(name, lasts=lasts, wait=wait)


@pytest.fixture
def sync(tmp_path):
    kit = ScriptedKit(tmp_path, store=ThreadStore())
    kit.me = kit.sign_in()
    kit.records.store.threads.clear()
    return kit


@pytest.fixture
def kit(sync):
    return AsyncTokenKit(kit=sync)


def expire(sync):
    sync.clock.advance(LIFETIME + 1)


def test_many_coroutines_cause_one_refresh(kit, sync):
    """R5: one refresh at a time, and all share its result."""
    expire(sync)

    async def main():
        return await asyncio.gather(*(kit.token("scripted") for _ in range(50)))

    assert len({token.value for token in asyncio.run(main())}) == 1
    assert sync.scripted.refreshes == 1


def test_coroutines_and_threads_share_one_refresh(kit, sync):
    """R5: the registry is the same for both."""
    expire(sync)
    release = threading.Event()
    sync.scripted.will(lambda: release.wait(PATIENCE) and None)
    values = []

    async def main():
        thread = threading.Thread(target=lambda: values.append(sync.token("scripted").value))
        thread.start()
        waiting = asyncio.gather(*(kit.token("scripted") for _ in range(5)))
        await asyncio.sleep(0.01)
        release.set()
        values.extend(token.value for token in await waiting)
        await asyncio.to_thread(thread.join)

    asyncio.run(main())
    assert len(values) == 6
    assert len(set(values)) == 1
    assert sync.scripted.refreshes == 1


def test_the_store_is_never_touched_on_the_thread_of_the_loop(kit, sync):
    """R1: neither by a look, nor a refresh, a listing, a status, a sign-in or a sign-out."""
    redirect_uri = "http://127.0.0.1:1/callback/scripted"

    async def main():
        await kit.token("scripted")
        expire(sync)
        await kit.token("scripted")
        await kit.accounts()
        await kit.status("scripted")
        await kit.refresh("scripted")
        pending = await kit.begin("scripted", redirect_uri=redirect_uri, binding="b")
        await kit.complete(f"{redirect_uri}?code=c&state={pending.state.reveal()}", binding="b")
        await kit.logout("scripted")
        return threading.get_ident()

    loop_thread = asyncio.run(main())
    assert sync.records.store.threads
    assert loop_thread not in sync.records.store.threads


def test_a_refresh_that_is_asked_for_awaits_a_flight_and_has_no_thread_of_its_own(kit, sync, monkeypatch):
    """R37: ten thousand that are asked for at once would else be ten thousand threads."""
    monkeypatch.setattr(awaited, "in_thread", lambda work, daemon: pytest.fail("a thread for each"))

    former = sync.records.get(sync.me).grant.access_token.value

    async def main():
        fresh = await asyncio.gather(*(kit.refresh("scripted") for _ in range(20)))
        return [*fresh, await kit.refresh("scripted", force=True)]

    *fresh, last = (token.value for token in asyncio.run(main()))
    assert former not in fresh
    assert last == sync.records.get(sync.me).grant.access_token.value
    assert last not in fresh


def test_a_cancelled_waiter_does_not_cancel_the_refresh(kit, sync):
    """R7: nor does it fail the others who wait for it."""
    expire(sync)
    release = threading.Event()
    sync.scripted.will(lambda: release.wait(PATIENCE) and None)

    async def main():
        other = asyncio.create_task(kit.token("scripted"))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(kit.token("scripted"), 0.05)
        release.set()
        return await other

    token = asyncio.run(main())
    assert sync.records.get(sync.me).grant.access_token.value == token.value
    assert sync.scripted.refreshes == 1


def test_a_loop_that_ends_in_the_middle_of_a_refresh_loses_nothing(kit, sync, caplog):
    """R7. The flight finds a closed loop, and has nobody to complain to."""
    expire(sync)
    release = threading.Event()
    sync.scripted.will(lambda: release.wait(PATIENCE) and None)

    async def main():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(kit.token("scripted"), 0.05)

    asyncio.run(main())
    release.set()
    assert sync.token("scripted").value == sync.records.get(sync.me).grant.access_token.value
    assert sync.scripted.refreshes == 1
    sync.close()  # the flight has told all who waited
    assert caplog.records == []


def test_two_event_loops_share_one_kit(kit, sync):
    expire(sync)
    values = []

    def run():
        values.append(asyncio.run(kit.token("scripted")).value)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(values) == 4
    assert len(set(values)) == 1
    assert sync.scripted.refreshes == 1


def test_two_event_loops_that_look_first_at_the_same_moment_both_find_threads(kit, monkeypatch):
    """R7: the pool is there before anything says so."""
    make = awaited.ThreadPoolExecutor
    found = []

    def slowly(*args, **options):
        monkeypatch.setattr(awaited, "ThreadPoolExecutor", make)
        found.append(kit._threads.looks)
        return make(*args, **options)

    monkeypatch.setattr(awaited, "ThreadPoolExecutor", slowly)
    assert asyncio.run(kit.accounts())
    assert found


def test_errors_arrive_as_they_are(kit, sync):
    expire(sync)
    sync.scripted.will(ConsentRequired("refused", reason="revoked"))
    with pytest.raises(ConsentRequired, match="revoked"):
        asyncio.run(kit.token("scripted"))


def test_a_token_with_life_left_is_served_while_the_provider_is_down(kit, sync):
    """R14: an outage takes no token away that still lives."""
    first = asyncio.run(kit.token("scripted"))
    sync.clock.advance(LIFETIME - 5)
    sync.scripted.will(ProviderUnavailable("down", sent=False))
    assert asyncio.run(kit.token("scripted")).value == first.value


def test_interactive_first_use_runs_in_a_thread_of_its_own(kit, sync, monkeypatch):
    sync.logout("scripted")
    threads = []

    def login(provider, **_):
        threads.append(threading.get_ident())
        return sync.sign_in()

    monkeypatch.setattr(sync, "login", login)

    async def main():
        await kit.token("scripted", interactive=True)
        return threading.get_ident()

    assert asyncio.run(main()) not in threads
    assert len(threads) == 1


def test_a_ticker_on_the_loop_ticks_while_everything_else_waits(kit, sync):
    """Through a lock that is held, a slow store and a slow provider: each of them goes on when it has ticked again."""
    expire(sync)
    ticks, slow = [0], sync.records.store

    def wait_for_ticks():
        before = ticks[0]
        wait_until(lambda: ticks[0] > before + 2)

    class Slow(ThreadStore):
        def load(self, name):
            wait_for_ticks()
            return super().load(name)

        def save(self, name, data, *, replaces, due=None):
            wait_for_ticks()
            return super().save(name, data, replaces=replaces)

    async def ticker():
        while True:
            await asyncio.sleep(0.001)
            ticks[0] += 1

    async def main():
        ticking = asyncio.create_task(ticker())
        await asyncio.gather(*(kit.token("scripted") for _ in range(20)))
        ticking.cancel()

    slow.__class__ = Slow
    sync.scripted.will(wait_for_ticks)
    asyncio.run(main())
    assert (ticks[0] > 6, sync.scripted.refreshes) == (True, 1)


def test_the_certificates_for_an_api_are_not_read_on_the_loop(kit, sync, monkeypatch):
    """Reading them takes tens of milliseconds, for each client anew."""
    makers = []

    class Made(httpx.AsyncHTTPTransport):
        def __init__(self, **options):
            makers.append(threading.get_ident())
            super().__init__(**options)

    async def main(url):
        async with kit.http("scripted") as http:
            assert (await http.get(url)).status_code == 200
        return threading.get_ident()

    monkeypatch.setattr(httpx, "AsyncHTTPTransport", Made)
    with peer(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) as api:
        sync.scripted.resource_hosts = (api.url, "https://*.scripted.example/v1")
        loop_thread = asyncio.run(main(api.url))
    assert makers
    assert loop_thread not in makers


def test_a_proxy_that_is_none_is_reported_by_the_request_that_would_use_it(kit, sync, monkeypatch):
    monkeypatch.setenv("https_proxy", "nonsense://proxy")

    async def main(url):
        async with kit.http("scripted") as http:
            assert (await http.get(url)).status_code == 200
            with pytest.raises(ConfigurationError, match="proxy"):
                await http.get("https://api.scripted.example/")

    with peer(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) as api:
        sync.scripted.resource_hosts = (api.url, "https://api.scripted.example")
        asyncio.run(main(api.url))


def test_a_look_that_meets_a_close_is_made_in_a_new_thread(kit, monkeypatch):
    """Another event loop closes the kit right after this one has found its threads."""
    threads, closed = kit._threads, []
    whole = type(threads).looks.fget

    def looks(self):
        pool = whole(self)
        if not closed:
            closed.append(pool)
            self.end()
        return pool

    monkeypatch.setattr(type(threads), "looks", property(looks))
    assert asyncio.run(kit.accounts()) == [kit.sync.me]
    assert threads._pool is not closed[0]


def test_a_close_that_meets_a_look_ends_the_threads_that_it_found(kit):
    """And not the new ones: nobody could look any more."""
    asyncio.run(kit.accounts())
    threads, first = kit._threads, kit._threads._pool

    class Meeting(type(threads)):
        """Somebody looks right after it was said that there are no threads any more."""

        @property
        def _pid(self):
            return self.__dict__["_pid"]

        @_pid.setter
        def _pid(self, pid):
            self.__dict__["_pid"] = pid
            if not pid:
                self.look(len)

    threads.__class__ = Meeting
    threads.end()
    assert threads._pool is not first
    assert asyncio.run(kit.accounts()) == [kit.sync.me]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_that_closes_the_kit_waits_for_no_thread_of_its_parent(tmp_path):
    """R7: the thread that was at work there is not here, and nobody would ever end its work."""
    program = """
import asyncio, os, sys, threading
from tokenkit import AsyncTokenKit
from scripted import ScriptedKit
sync = ScriptedKit(sys.argv[1])
sync.sign_in()
kit, begun, go = AsyncTokenKit(kit=sync), threading.Event(), threading.Event()

def slowly():
    begun.set()
    go.wait()

async def main():
    sync.scripted.will(slowly)
    under_way = asyncio.create_task(kit.refresh("scripted"))
    while not begun.is_set():
        await asyncio.sleep(0.001)
    child = os.fork()
    if not child:
        try:
            asyncio.events._set_running_loop(None)
            asyncio.run(kit.close())
            print("closed", flush=True)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    go.set()
    print((await under_way).type)
    await kit.close()

asyncio.run(main())
"""
    quiet = ("-W", "ignore:This process:DeprecationWarning")  # Python 3.12 and later warn of any fork beside threads
    here = {**os.environ, "PYTHONPATH": os.path.dirname(__file__)}
    done = subprocess.run(
        [sys.executable, *quiet, "-c", program, str(tmp_path)],
        capture_output=True,
        text=True,
        env=here,
        timeout=PATIENCE,
    )
    assert (done.stdout, done.stderr) == ("closed\nBearer\n", "")


def test_it_serves_at_the_end_of_the_program_and_where_no_thread_can_be_had(tmp_path):
    """An assistant that says good-bye: at that time Python takes no new threads."""
    program = """
import asyncio, atexit, sys, threading
from tokenkit import AsyncTokenKit
from scripted import ScriptedKit
sync = ScriptedKit(sys.argv[1])
sync.sign_in()

async def bye():
    kit = AsyncTokenKit(kit=sync)
    accounts, fresh = await kit.accounts(), await kit.refresh("scripted")
    print(len(accounts), fresh.type, (await kit.token("scripted", min_ttl=1)).type)
    threading.Thread.start = refuse
    print((await kit.refresh("scripted")).type)

def refuse(self):
    raise RuntimeError("can't start new thread")

atexit.register(lambda: asyncio.run(bye()))
"""
    here = {**os.environ, "PYTHONPATH": os.path.dirname(__file__)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, str(tmp_path)], capture_output=True, text=True, env=here
    )
    assert (done.stdout, done.stderr) == ("1 Bearer Bearer\nBearer\n", "")


def test_beside_another_kind_of_event_loop_it_says_what_to_take(kit):
    """As trio drives a coroutine: with nothing of asyncio around it."""
    for call in (kit.token("scripted"), kit.accounts(), kit.refresh("scripted")):
        with pytest.raises(UsageError, match="no event loop of asyncio") as caught:
            call.send(None)
        assert "trio" in caught.value.hint


def test_a_client_that_was_not_opened_says_how_it_is(kit):
    with pytest.raises(AttributeError, match=r"async with kit\.http\(\.\.\.\) as http: http\.get"):
        _ = kit.http("scripted").get


def test_an_error_that_many_share_does_not_grow_with_each_of_them(kit, sync):
    """R5: each of a hundred requests may log it, and would write the frames of all the others."""
    expire(sync)
    all_wait = threading.Event()

    def down():
        assert all_wait.wait(PATIENCE)
        raise ProviderUnavailable("down", retry_at=2e9)

    sync.scripted.will(down)

    async def ask():
        try:
            await kit.token("scripted")
        except ProviderUnavailable as error:
            return len(traceback.extract_tb(error.__traceback__))

    async def main():
        asked = [asyncio.create_task(ask()) for _ in range(100)]
        while not sync.refresher._flights._flights:
            await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(0.2, all_wait.set)
        return await asyncio.gather(*asked)

    assert max(asyncio.run(main())) < 40


def test_an_async_kit_that_is_closed_has_waited_for_what_its_callers_left(sync):
    """R7: a sign-out whose caller went away, and the threads that look at the disk."""
    done, before = [], threading.enumerate()

    async def main():
        async with AsyncTokenKit(kit=sync) as kit:
            await kit.token("scripted")
            leaving = asyncio.create_task(kit._alone(lambda: (time.sleep(0.2), done.append(True))))
            await asyncio.sleep(0.05)
            leaving.cancel()

    asyncio.run(main())
    assert done == [True]
    left = [thread.name for thread in threading.enumerate() if thread not in before]
    assert [name for name in left if name.startswith("tokenkit-")] == []  # the one that closed it is ending itself


@pytest.mark.parametrize("name", ["login", "begin", "complete", "logout", "refresh", "accounts", "status", "statuses"])
def test_what_is_passed_on_takes_the_same_arguments(name):
    """Type checkers see them, too: `_awaited` is typed over a ParamSpec."""
    face, beneath = getattr(AsyncTokenKit, name), getattr(TokenKit, name)
    assert inspect.signature(face) == inspect.signature(beneath)
    assert inspect.iscoroutinefunction(face)
    assert face.__doc__ == beneath.__doc__
