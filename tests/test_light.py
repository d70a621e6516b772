"""Why asking costs next to nothing, held without a clock: imports, calls, system calls, locks (docs/performance.md)."""

import gc
import re
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any

import httpx
import pytest
from tokenkit import AccessToken, Account, AsyncTokenKit, TokenKit
from tokenkit.sandbox import CLIENTS, Authority, serve

from patience import PATIENCE
from scripted import ScriptedKit

ME = "google/me@example.com"

HEAVY = {"argparse", "asyncio", "concurrent.futures", "dataclasses", "hashlib", "http.client", "httpcore", "httpx",
         "importlib.metadata", "inspect", "ipaddress", "logging", "pathlib", "platformdirs", "pydantic", "rich",
         "socket", "ssl", "tomllib", "typer", "urllib.parse", "urllib.request"}  # fmt: skip
"""What a stored token needs nothing of, though others of our ways need it: each takes a millisecond or more to load."""

strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed: apt-get install strace")


@pytest.fixture
def authority(home: Path, monkeypatch: pytest.MonkeyPatch):
    """Somebody is signed in at a provider that serves on this machine."""
    client = CLIENTS["google"]
    assert client.client_secret is not None
    monkeypatch.setenv("TOKENKIT_GOOGLE_CLIENT_ID", client.client_id)
    monkeypatch.setenv("TOKENKIT_GOOGLE_CLIENT_SECRET", client.client_secret.reveal())
    authority = Authority()
    with serve(authority) as sandbox:
        config = home / ".config" / "tokenkit"
        config.mkdir(parents=True)
        (config / "config.toml").write_text(f'[providers.google]\nbase_url = "{sandbox.base_url}/google"\n')
        kit = TokenKit(background=False)
        pending = kit.begin("google", redirect_uri="http://127.0.0.1:9/callback/google", binding="b")
        assert kit.complete(authority.approve(pending.url), binding="b") == Account("google", "me@example.com")
        kit.token(ME)  # the hour's first use, which is logged
        yield authority


def loaded_by(program: str) -> set[str]:
    """The modules that a program loads beyond those of a bare interpreter; it may print nothing itself."""
    command = f"import sys; before = set(sys.modules)\n{program}\nprint(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_tokenkit_loads_nothing_else() -> None:
    assert loaded_by("import tokenkit") == {"tokenkit"}


@pytest.mark.slow
def test_a_first_token_from_the_file_loads_no_http_no_plugin_and_no_thread(authority) -> None:
    program = f"from tokenkit import TokenKit; TokenKit().token({ME!r})"
    loaded_by(program)  # its first use in the hour, which is logged
    loaded = loaded_by(program)
    assert loaded & {*HEAVY, "tokenkit_providers", "tokenkit.signing_in.authorization", "tokenkit.net.http"} == set()


@pytest.mark.slow
def test_a_refresh_from_the_shell_loads_what_it_sends_with_and_no_command_line(authority, home: Path) -> None:
    """An empty typer command costs nearly all that ``tokenkit token`` may, where the token has ended.

    Reading a config.toml loads pydantic: so it is given here as if it had been read.
    """
    me, records = Account("google", "me@example.com"), TokenKit(background=False).records
    held = records.get(me)
    ended = held.grant.renewed(access_tokens={"": AccessToken("ended", expires_at=1.0)})
    records.save(me, ended, replaces=held.version)
    config = (home / ".config/tokenkit/config.toml").read_text()
    program = f"""
import os, tokenkit.config as config, tomllib
from tokenkit.grants import outlive
settings = config.ProviderSettings(options=tomllib.loads({config!r})["providers"]["google"])
config.load_config = lambda folder: config.Config(providers={{"google": settings}})
from tokenkit.cli.fast_path import main
sys.argv = ["tokenkit", "token", {ME!r}]
out, sys.stdout, os._exit = sys.stdout, open(os.devnull, "w"), lambda code: None
outlive.possible = lambda: False  # what a child loads cannot be seen from here
main()
sys.stdout = out
"""
    loaded = loaded_by(program)
    assert authority.counters["google token refresh_token"] == 1
    assert {"httpcore", "tokenkit_providers.google"} <= loaded
    heavy = {"asyncio", "click", "httpx", "idna", "multiprocessing", "platformdirs", "pydantic", "pydantic_core",
             "rich", "typer", "tokenkit.audit", "tokenkit.signing_in.authorization", "tokenkit.cli.app", "tokenkit.web",
             "tokenkit_providers.pocket", "tokenkit_providers.spotify", "tokenkit.flows.authorization_code",
             "tokenkit.flows.device", "tokenkit.flows.id_token", "tokenkit.flows.introspect"}  # fmt: skip
    assert loaded & heavy == set()


READ = ("read",)
"""Scopes in a constant: once found granted, they are known again by identity."""

ASKS = {
    "plain": {},
    "min_ttl": {"min_ttl": 60},
    "scopes in a constant": {"scopes": READ},
    "scopes": {"scopes": ["read"]},
    "both": {"scopes": ["read"], "min_ttl": 60},
}


def profiled(work: Callable[[], Any]) -> tuple[list[str], Any]:
    """The functions, Python's and C's, that `work` calls, and what it returns.

    Of a ``with`` over a lock it shows the end; that an object of a C type is made, as by ``set()``, it does not show.
    """
    seen: list[str] = []

    def note(frame: FrameType, event: str, called: Any) -> None:
        if event == "call":
            seen.append(frame.f_code.co_qualname)
        elif event == "c_call":
            seen.append(called.__qualname__)

    before = sys.getprofile()
    gc.disable()  # else what others asked to be told of it would be among the calls
    sys.setprofile(note)
    try:
        result = work()
    finally:
        sys.setprofile(before)
        gc.enable()
    return seen[:-1], result  # the last is the call that ended the profile


def at_once(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine returns that waits for nothing; None if it waits."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS.keys())
@pytest.mark.parametrize("face", ["sync", "async"])
def test_a_token_in_memory_costs_a_lookup_and_a_look_at_the_clock(
    face: str, ask: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1: no file, no lock, no await, however it is asked for. What is called here is called at every request."""
    monkeypatch.setattr(
        "tokenkit.grants.token_cache.WINDOW", 3600.0
    )  # the clock is the real one, and no slow machine leaves it
    kit = ScriptedKit(tmp_path, background=True, clock=SimpleNamespace(now=time.time, sleep=time.sleep))
    kit.sign_in()
    token = kit.token("scripted", **ask)
    if face == "sync":
        work, begin = partial(kit.token, "scripted", **ask), ["TokenKit.token"]
    else:
        asked = AsyncTokenKit(kit=kit).token("scripted", **ask)
        work, begin = partial(at_once, asked), ["at_once", "coroutine.send", "AsyncTokenKit.token"]
    proof = ["frozenset.issuperset"] if isinstance(ask.get("scopes"), list) else []
    assert profiled(work) == ([*begin, "dict.get", "time", *proof], token)


def test_the_clock_of_a_kit_is_that_of_the_machine_with_nothing_around_it() -> None:
    """R1: it is looked at whenever a token is asked for."""
    assert TokenKit().context.now is time.time


def traced(home: Path, program: str) -> list[str]:
    """The system calls of a program between its two writes of a line that says ``mark``."""
    out = home / "trace"
    text = f"import os\nfrom tokenkit import TokenKit\nmark = lambda: os.write(1, b'mark')\n{program}"
    subprocess.run(["strace", "-f", "-o", str(out), sys.executable, "-c", text], check=True, stdout=subprocess.DEVNULL)
    lines = [re.sub(r"^\d+ +", "", line) for line in out.read_text().splitlines()]
    first, last = (number for number, line in enumerate(lines) if line.startswith('write(1, "mark"'))
    return [line for line in lines[first + 1 : last] if not line.startswith(("brk", "mmap", "munmap", "---"))]


@strace
@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize("options", ["", ", scopes=['openid']", ", min_ttl=60", ", scopes=['openid'], min_ttl=60"])
@pytest.mark.parametrize("face", ["sync", "async"])
def test_a_token_in_memory_makes_no_system_call(authority, home: Path, face: str, options: str) -> None:
    """R1: none within a second of the last look. The clock stands, for a traced process is slow."""
    ask = f"""
from tokenkit import AsyncTokenKit, Context
import asyncio, time
now = time.time()
kit = TokenKit(background=False, context=Context(send=None, now=lambda: now, random=os.urandom, sleep=None))
over = AsyncTokenKit(kit=kit)
kit.token({ME!r}{options})
def sync_face():
    mark(); kit.token({ME!r}{options}); mark()
async def async_face():
    mark(); await over.token({ME!r}{options}); mark()
{"sync_face()" if face == "sync" else "asyncio.run(async_face())"}
"""
    assert traced(home, ask) == []


CHANGES = {
    call: kind
    for kind, names in {
        "write": "write pwrite64 writev pwritev pwritev2 sendfile copy_file_range splice",
        "sync": "fsync fdatasync sync syncfs sync_file_range msync",
        "rename": "rename renameat renameat2",
        "size": "truncate ftruncate fallocate",
        "link": "link linkat symlink symlinkat",
        "unlink": "unlink unlinkat rmdir",
    }.items()
    for call in names.split()
}
"""The system calls that change a disk, and what each counts as."""


@strace
@pytest.mark.real
@pytest.mark.slow
def test_saving_a_grant_is_one_write_one_rename_and_two_syncs(authority, home: Path) -> None:
    """R26: file and folder, and nothing is synced that is not data; nothing else changes on the disk but a time."""
    save = """
from tokenkit.account import Account
me = Account("google", "me@example.com")
records = TokenKit(background=False).records
held = records.get(me)
records.save(me, held.grant, replaces=held.version)
held = records.get(me)
mark(); records.save(me, held.grant, replaces=held.version); mark()
"""
    made = [call.partition("(")[0] for call in traced(home, save)]
    assert Counter(kind for call in made if (kind := CHANGES.get(call))) == {"write": 1, "rename": 1, "sync": 2}
    assert len(made) <= 30, "\n".join(made)


def test_no_lock_is_held_over_a_callers_own_request(authority) -> None:
    """R6: while one caller's API call is on its way, another asks, and another kit refreshes."""
    kit = TokenKit(background=False)
    on_the_way, go_on = threading.Event(), threading.Event()

    def slow(request: httpx.Request) -> httpx.Response:
        on_the_way.set()
        assert go_on.wait(PATIENCE)
        return httpx.Response(200)

    def call() -> None:
        with httpx.Client(auth=kit.auth(ME), transport=httpx.MockTransport(slow)) as http:
            http.get(kit.provider("google").resource_hosts[0])

    caller = threading.Thread(target=call)
    caller.start()
    try:
        if on_the_way.wait(PATIENCE):
            assert kit.token(ME)
            assert TokenKit(background=False).refresh(ME)
            assert caller.is_alive(), "it was not waited for"
    finally:
        go_on.set()
        caller.join(PATIENCE)
    assert on_the_way.is_set()
