"""Short-lived tokens, many accounts, several processes, under the real clock: nothing is missed and nothing leaks."""

import asyncio
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from tokenkit import AsyncTokenKit, TokenKit
from tokenkit.sandbox import CLIENTS, Authority, Served, providers, serve

pytestmark = pytest.mark.soak

ACCOUNTS, COROUTINES, PROCESSES = 200, 50, 8
LIFETIME = 2.0
"""Seconds of an access token."""

CALLER = """
import json, random, sys, time
from tokenkit import TokenKit
from tokenkit.sandbox import providers

base_url, until = sys.argv[1], float(sys.argv[2])
kit = TokenKit(providers=providers(base_url))
names = [str(account) for account in kit.accounts()]
asked = dead = 0
while time.time() < until:
    began = time.time()
    dead += not kit.token(random.choice(names)).alive(began)
    asked += 1
    time.sleep(random.random() / 10)
print(json.dumps([asked, dead]))
"""


class Held(NamedTuple):
    """What this process and the store hold on to; a leak is what grows."""

    megabytes: float
    descriptors: int
    threads: int
    files: int


def held(home: Path) -> Held:
    megabytes = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    files = sum(len(names) for _, _, names in os.walk(home / ".tokenkit"))
    return Held(megabytes, len(os.listdir("/proc/self/fd")), threading.active_count(), files)


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    for provider, client in CLIENTS.items():
        monkeypatch.setenv(f"TOKENKIT_{provider.upper()}_CLIENT_ID", client.client_id)
        if client.client_secret is not None:
            monkeypatch.setenv(f"TOKENKIT_{provider.upper()}_CLIENT_SECRET", client.client_secret.reveal())
    with serve(Authority(access_lifetime=LIFETIME, rotating=("google",))) as served:
        yield served


def sign_in_all(kit: TokenKit, authority: Authority) -> list[str]:
    for number in range(ACCOUNTS):
        pending = kit.begin("google", redirect_uri="http://127.0.0.1:9/callback/google", binding="soak")
        answer = authority.approve(pending.url, as_user=f"person{number}@example.com")
        kit.complete(answer, binding="soak")
    return [str(account) for account in kit.accounts()]


async def ask_all(kit: AsyncTokenKit, names: list[str], until: float) -> list[int]:
    """How many tokens each coroutine got that were dead when it asked."""

    async def ask() -> int:
        dead = 0
        while time.time() < until:
            began = time.time()
            token = await kit.token(random.choice(names))
            dead += not token.alive(began)
            await asyncio.sleep(random.random() / 10)
        return dead

    return await asyncio.gather(*(ask() for _ in range(COROUTINES)))


@pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")
def test_nothing_is_missed_and_nothing_leaks(sandbox: Served, home: Path, request: pytest.FixtureRequest) -> None:
    seconds = 600.0 if request.config.getoption("--torture") else 30.0
    kit = TokenKit(providers=providers(sandbox.base_url))
    names = sign_in_all(kit, sandbox.authority)
    asyncio_kit = AsyncTokenKit.over(kit)
    asyncio.run(ask_all(asyncio_kit, names, time.time() + seconds / 4))
    early, until = held(home), time.time() + seconds * 3 / 4
    command = [sys.executable, "-c", CALLER, sandbox.base_url, str(until)]
    others = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(PROCESSES)]
    dead = asyncio.run(ask_all(asyncio_kit, names, until))
    results = [json.loads(other.communicate(timeout=60)[0]) for other in others]
    late = held(home)
    print(f"asked in other processes: {sum(asked for asked, _ in results)}; {sandbox.authority.counters}")
    print(early, late, sep="\n")
    assert sum(dead) == 0
    assert sum(dead for _, dead in results) == 0
    assert late.megabytes < early.megabytes + 10
    assert late.descriptors <= early.descriptors + 2
    assert late.threads <= early.threads + 2
    assert late.files == early.files
    assert all(kit.refresh(name) for name in random.sample(names, 20))
