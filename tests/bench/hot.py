"""Asking for a token that is good, in a running process: nanoseconds of CPU of one call."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from figures import Measure, Row, compare, row
from libraries import memory
from place import ME, Place
from tokenkit import AsyncTokenKit, TokenKit

CALLS = 4_000
ROUNDS = 40
SCOPES = ("gmail.readonly",)
REFERENCE = "dict lookup + time compare in one function"

TOKENS = {str(ME): ("token", time.time() + 3600)}


def reference(name: str) -> str:
    value, until = TOKENS[name]
    if time.time() < until:
        return value
    raise KeyError(name)


def rows(place: Place) -> list[Row]:
    kit = TokenKit(environ=place.environ, background=False)
    async_kit = AsyncTokenKit(environ=place.environ, background=False)
    loop = asyncio.new_event_loop()
    name = str(ME)
    prepare: dict[str, Callable[[], object]] = {
        "sync": partial(kit.token, name, scopes=SCOPES),
        "async": lambda: loop.run_until_complete(async_kit.token(name, scopes=SCOPES)),
    }

    def fresh(kind: str, measure: Measure) -> Measure:
        """Measure right after a look at the store, which is due once a second (R1) and is not what is asked here."""

        def measured() -> float:
            kit._cache.forget()
            async_kit.sync._cache.forget()
            prepare[kind]()
            return measure()

        return measured

    ask, ask_async = partial(per_call, kit, name), partial(per_await, loop, async_kit, name)
    others = {library: partial(per_peer, call) for library, call in memory.sync(place.environ["HOME"]).items()}
    result = [
        compare("`kit.token(...)`, in memory", fresh("sync", partial(ask, False)), REFERENCE, per_reference,
                unit="ns", limit=2, others=others, rounds=ROUNDS),
        compare("the same with `min_ttl` and `scopes`", fresh("sync", partial(ask, True)), REFERENCE, per_reference,
                unit="ns", limit=2.5, rounds=ROUNDS),
    ]  # fmt: skip
    coroutines = memory.asynchronous()
    awaited = {lib: partial(per_async_peer, loop, call) for lib, call in coroutines.items()}
    result += [
        compare("`await kit.token(...)`, in memory", fresh("async", partial(ask_async, False)), REFERENCE,
                per_reference, unit="ns", limit=3, others=awaited, rounds=ROUNDS),
        compare("the same with `min_ttl` and `scopes`, awaited", fresh("async", partial(ask_async, True)), REFERENCE,
                per_reference, unit="ns", limit=3.5, rounds=ROUNDS),
    ]  # fmt: skip
    loop.close()
    return [*result, *traffic(place)]


def per_reference() -> float:
    name = str(ME)
    began = time.thread_time_ns()
    for _ in range(CALLS):
        reference(name)
    return (time.thread_time_ns() - began) / CALLS


def per_call(kit: TokenKit, name: str, options: bool) -> float:
    ask, scopes = kit.token, SCOPES
    began = time.thread_time_ns()
    if options:
        for _ in range(CALLS):
            ask(name, scopes=scopes, min_ttl=60.0)
    else:
        for _ in range(CALLS):
            ask(name)
    return (time.thread_time_ns() - began) / CALLS


def per_await(loop: asyncio.AbstractEventLoop, kit: AsyncTokenKit, name: str, options: bool) -> float:
    async def calls() -> float:
        ask, scopes = kit.token, SCOPES
        began = time.thread_time_ns()
        if options:
            for _ in range(CALLS):
                await ask(name, scopes=scopes, min_ttl=60.0)
        else:
            for _ in range(CALLS):
                await ask(name)
        return (time.thread_time_ns() - began) / CALLS

    return loop.run_until_complete(calls())


def per_peer(call: Callable[[], object]) -> float:
    times = CALLS // 20
    began = time.thread_time_ns()
    for _ in range(times):
        call()
    return (time.thread_time_ns() - began) / times


def per_async_peer(loop: asyncio.AbstractEventLoop, call: Callable[[], Awaitable[object]]) -> float:
    async def calls() -> float:
        times = CALLS // 40
        began = time.thread_time_ns()
        for _ in range(times):
            await call()
        return (time.thread_time_ns() - began) / times

    return loop.run_until_complete(calls())


def traffic(place: Place) -> list[Row]:
    """Sixteen calls of 50 ms at once: whoever holds a lock over them takes 800."""
    import httpx
    import httpx2
    from slow_api import slow_api

    token = place.kit().token(str(ME)).value
    taken: dict[str, dict[str, list[float]]] = {"http": {}, "auth": {}}

    async def static() -> httpx.AsyncClient:
        return httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"})

    async def with_auth() -> httpx.AsyncClient:
        return httpx.AsyncClient(auth=await kit.auth(str(ME)))

    async def with_mcp() -> httpx2.AsyncClient:
        return httpx2.AsyncClient(auth=memory.mcp_provider(url, token))

    async def sixteen(made: Awaitable[httpx.AsyncClient | httpx2.AsyncClient], url: str) -> float:
        async with await made as client:
            await asyncio.gather(*(client.get(url) for _ in range(16)))  # connections
            began = time.perf_counter()
            answers = await asyncio.gather(*(client.get(url) for _ in range(16)))
            assert all(answer.status_code == 200 for answer in answers)
            return (time.perf_counter() - began) * 1e3

    with slow_api(token) as url:
        aimed = replace(place.kit().provider("google"), resource_hosts=(url,))
        kit = AsyncTokenKit(environ=place.environ, background=False, providers={"google": aimed})
        for _ in range(7):
            plain = asyncio.run(sixteen(static(), url))
            taken["auth"].setdefault("mcp", []).append(asyncio.run(sixteen(with_mcp(), url)))
            for way, made in (("http", kit.http(str(ME))), ("auth", with_auth())):
                taken[way].setdefault("ours", []).append(asyncio.run(sixteen(made, url)))
                taken[way].setdefault("reference", []).append(plain)
    return [
        row(f"16 calls of 50 ms through `kit.{way}`", "the same with a static header", values, unit="ms", limit=1.1)
        for way, values in taken.items()
    ]
