"""Ten minutes of tokens that live two seconds, under the real clock: `make soak`, and nothing else, runs this."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tokenkit import TokenKit
from tokenkit.sandbox import CLIENTS, Authority, serve

HERE = Path(__file__).parent
SECONDS = float(os.environ.get("SOAK_SECONDS", "600"))
ACCOUNTS = 200
PROCESSES = 8
COROUTINES = 50

pytestmark = pytest.mark.soak


@pytest.fixture
def authority(home: Path, monkeypatch: pytest.MonkeyPatch):
    client = CLIENTS["google"]
    assert client.client_secret is not None
    monkeypatch.setenv("TOKENKIT_GOOGLE_CLIENT_ID", client.client_id)
    monkeypatch.setenv("TOKENKIT_GOOGLE_CLIENT_SECRET", client.client_secret.reveal())
    authority = Authority(access_lifetime=2.0, rotating=("google",))
    with serve(authority) as sandbox:
        config = home / ".config" / "tokenkit"
        config.mkdir(parents=True)
        (config / "config.toml").write_text(f'[providers.google]\nbase_url = "{sandbox.base_url}/google"\n')
        kit = TokenKit(background=False)
        for number in range(ACCOUNTS):
            pending = kit.begin("google", redirect_uri="http://127.0.0.1:9/callback/google", binding="b")
            kit.complete(authority.approve(pending.url, as_user=f"me{number}@example.com"), binding="b")
        yield authority


def test_two_hundred_accounts_lose_nothing_and_leak_nothing(authority, home: Path) -> None:
    """Seven processes of threads and one of fifty coroutines: no error, no token past its end, nothing that grows."""
    until = time.time() + SECONDS
    started = [
        subprocess.Popen(
            [sys.executable, str(HERE / "asking.py"), str(until), str(ACCOUNTS), str(COROUTINES if first else 0)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for first in (True, *[False] * (PROCESSES - 1))
    ]
    found = [json.loads(process.communicate(timeout=SECONDS + 120)[0]) for process in started]
    print(json.dumps(found, indent=1), dict(authority.counters))
    for process in found:
        assert process["errors"] == {}
        assert process["ended"] == 0
        assert process["calls"] > SECONDS
        assert process["late"] <= process["calls"] / 100
        early, late = process["at first"], process["at last"]
        assert late["memory"] < early["memory"] * 1.2 + 5_000
        assert late["descriptors"] <= early["descriptors"] + 40
        assert late["threads"] <= early["threads"] + 40
    assert authority.counters["google token refresh_token"] > ACCOUNTS * SECONDS / 20
    kit = TokenKit(background=False)
    authority.lifetimes.change(access=3600.0)
    for account in kit.accounts():
        assert kit.refresh(str(account)), f"the session of {account} is lost"
    locks = list((home / ".tokenkit" / "tokens" / ".locks").rglob("*.*"))
    assert len([lock for lock in locks if lock.is_file()]) <= ACCOUNTS * 2 + 10
    assert not list((home / ".tokenkit" / "tokens").rglob("*.new"))
