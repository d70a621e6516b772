"""Why asking costs next to nothing, held without a clock: imports, system calls, locks (docs/performance.md)."""

import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest
from tokenkit import AccessToken, Account, TokenKit
from tokenkit.sandbox import CLIENTS, Authority, serve

ME = "google/me@example.com"

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
    heavy = {"asyncio", "concurrent.futures", "hashlib", "http.client", "httpx", "importlib.metadata", "ipaddress",
             "logging", "pathlib", "platformdirs", "pydantic", "rich", "socket", "ssl", "tomllib", "typer",
             "tokenkit_providers", "urllib.parse", "tokenkit.authorization", "tokenkit.http"}  # fmt: skip
    assert loaded & heavy == set()


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
settings = config.ProviderSettings(options=tomllib.loads({config!r})["providers"]["google"])
config.load_config = lambda folder: config.Config(providers={{"google": settings}})
from tokenkit.cli.lane import main
sys.argv = ["tokenkit", "token", {ME!r}]
out, sys.stdout, os._exit = sys.stdout, open(os.devnull, "w"), lambda code: None
main()
sys.stdout = out
"""
    loaded = loaded_by(program)
    assert authority.counters["google token refresh_token"] == 1
    assert {"httpcore", "tokenkit_providers.google"} <= loaded
    heavy = {"asyncio", "click", "httpx", "idna", "multiprocessing", "platformdirs", "pydantic", "pydantic_core",
             "rich", "typer", "tokenkit.audit", "tokenkit.authorization", "tokenkit.cli.app", "tokenkit.web",
             "tokenkit_providers.pocket", "tokenkit_providers.spotify"}  # fmt: skip
    assert loaded & heavy == set()


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
def test_a_token_in_memory_makes_no_system_call(authority, home: Path) -> None:
    """R1: none within a second of the last look. The clock stands, for a traced process is slow."""
    ask = f"""
from tokenkit import Context
import time
now = time.time()
kit = TokenKit(background=False, context=Context(send=None, now=lambda: now, random=os.urandom, sleep=None))
kit.token({ME!r})
mark(); kit.token({ME!r}); mark()
"""
    assert traced(home, ask) == []


@strace
@pytest.mark.real
@pytest.mark.slow
def test_saving_a_grant_is_one_write_one_rename_and_two_syncs(authority, home: Path) -> None:
    """R26: file and folder, and nothing is synced that is not data."""
    save = """
from tokenkit.account import Account
me = Account("google", "me@example.com")
records = TokenKit(background=False).records
held = records.get(me)
records.save(me, held.grant, replaces=held.version)
held = records.get(me)
mark(); records.save(me, held.grant, replaces=held.version); mark()
"""
    calls = [call.partition("(")[0] for call in traced(home, save)]
    assert calls.count("write") == 1
    assert calls.count("fsync") == 2
    assert sum(calls.count(name) for name in ("rename", "renameat", "renameat2")) == 1
    assert len(calls) <= 60, "\n".join(calls)


def test_no_lock_is_held_over_a_callers_own_request(authority) -> None:
    """R6: while one caller's API call is on its way, another asks, and another kit refreshes."""
    kit = TokenKit(background=False)
    on_the_way, go_on = threading.Event(), threading.Event()

    def slow(request: httpx.Request) -> httpx.Response:
        on_the_way.set()
        assert go_on.wait(10)
        return httpx.Response(200)

    def call() -> None:
        with httpx.Client(auth=kit.auth(ME), transport=httpx.MockTransport(slow)) as http:
            http.get(kit.provider("google").resource_hosts[0])

    caller = threading.Thread(target=call)
    caller.start()
    try:
        if on_the_way.wait(10):
            began = time.monotonic()
            assert kit.token(ME)
            assert TokenKit(background=False).refresh(ME)
            assert time.monotonic() - began < 5
    finally:
        go_on.set()
        caller.join(10)
    assert on_the_way.is_set()
