"""PocketPaw 0.4.4 and its newest release on tokenkit: their own tests, fifty callers, and the dashboard's sign-in.

``make pocketpaw`` fetches both. Their programs run in environments of their own, with this checkout of tokenkit.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tokenkit.config import save_client
from tokenkit.kit import TokenKit
from tokenkit.sandbox import CLIENTS, Authority, Served, serve

from at_sandbox import World

pytestmark = [pytest.mark.real, pytest.mark.slow]

HERE = Path(__file__).parent / "with_pocketpaw"
CACHE = Path(__file__).parents[2] / ".cache" / "pocketpaw"
TESTS = ("oauth", "gmail", "gcalendar", "gdrive", "gdocs", "spotify", "self_audit_daemon")
CLIENT = CLIENTS["google"]


@pytest.fixture(params=["0.4.4", "newest"])
def environment(request: pytest.FixtureRequest) -> Path:
    """The environment of a release."""
    if not (CACHE / ".ready").exists():
        pytest.skip("PocketPaw is not here: make pocketpaw")
    return CACHE / request.param


@pytest.fixture
def sandbox(home: Path) -> Iterator[Served]:
    """The sandbox, PocketPaw's client in its settings, and its providers led to the sandbox."""
    authority = Authority(rotating=("google",))
    authority.registry.redirect_uris["google"].append("http://localhost:8888/oauth/callback")
    with serve(authority) as served:
        config, settings = home / ".config" / "pocketpaw", home / ".pocketpaw"
        (settings / "oauth").mkdir(parents=True)
        config.mkdir(parents=True)
        (config / "config.toml").write_text(f'[providers.google]\nbase_url = "{served.base_url}/google"\n')
        secret = CLIENT.client_secret.reveal() if CLIENT.client_secret else ""
        client = {"google_oauth_client_id": CLIENT.client_id, "google_oauth_client_secret": secret}
        (settings / "config.json").write_text(json.dumps(client))
        save_client(str(config), "google", CLIENT)
        yield served


def run(environment: Path, *command: str, **variables: str) -> str:
    """Run a program of the environment; return what it printed last."""
    done = subprocess.run(
        [environment / "bin" / "python", *command],
        env={**os.environ, "PYTHONPATH": str(HERE), **variables},
        cwd=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def plaintext(served: Served, home: Path) -> str:
    """Write what PocketPaw writes after a sign-in, its access token ended; return the refresh token."""
    world = World()
    world.authority = served.authority
    tokens = world.tokens("google", prompt="consent", scope="https://mail.google.com/")
    written = {"service": "google_gmail", "token_type": "Bearer", "expires_at": 1.0, "scopes": [], "extra": {}}
    written |= {name: tokens[name] for name in ("access_token", "refresh_token")}
    (home / ".pocketpaw" / "oauth" / "google_gmail.json").write_text(json.dumps(written))
    return str(tokens["refresh_token"])


def test_its_own_tests_pass(environment: Path) -> None:
    """The modules that they test are the stand-in's; at least those 78 that there are since 0.4.4."""
    files = [f"tests/test_{name}.py" for name in TESTS]
    asyncio = ("-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function")
    ours = ("-c", os.devnull, "--rootdir", str(environment), "-p", "no:cacheprovider", "-p", "standing_in")
    said = run(environment, "-m", "pytest", *ours, *asyncio, *files)
    passed = re.search(r"(\d+) passed in", said)
    assert passed is not None
    assert int(passed[1]) >= 78
    assert "failed" not in said
    assert said.count("tokenkit/pocketpaw/stand_in.py") == 2


def test_every_program_of_the_environment_uses_it_until_it_is_told_otherwise(environment: Path) -> None:
    """PocketPaw's tools are programs of their own."""
    asked = "import pocketpaw.integrations.oauth as found; print(found.__file__)"
    modules: list[str] = []
    for command in ("enable", "disable"):
        run(environment, "-m", "tokenkit.pocketpaw", command)
        modules.append(Path(run(environment, "-c", asked).strip()).name)
    assert modules == ["stand_in.py", "oauth.py"]


def test_fifty_callers_make_one_refresh_where_pocketpaw_alone_loses_the_session(
    environment: Path, sandbox: Served, home: Path
) -> None:
    """R5: where refresh tokens rotate, a second refresh from the same one ends the session."""
    refresh_token = plaintext(sandbox, home)
    failed, tokens = run(environment, str(HERE / "asking.py"), f"{sandbox.base_url}/google/token").split()[-2:]
    assert (failed, tokens, sandbox.authority.counters["google token refresh_token"]) == ("0", "1", 1)
    kit = TokenKit(app="pocketpaw")
    assert kit.refresh("google/google_gmail").value  # the session lives, with a refresh token that is another by now
    held = kit.records.get(kit.accounts()[0]).grant.refresh_token
    assert held is not None
    assert held.reveal() != refresh_token


def test_without_tokenkit_many_of_fifty_callers_refresh(environment: Path, sandbox: Served, home: Path) -> None:
    """What the test above is worth. On a busy machine not all of them are in time."""
    plaintext(sandbox, home)
    failed, _ = run(environment, str(HERE / "asking.py"), f"{sandbox.base_url}/google/token", "stock").split()[-2:]
    assert int(failed) > 0
    assert sandbox.authority.counters["google token refresh_token"] > 1


def test_the_dashboard_takes_an_answer_once_in_the_browser_that_began(environment: Path, sandbox: Served) -> None:
    """R21, R22: another browser, a crafted state and a replay get 403 (PocketPaw's issue #999)."""
    assert run(environment, str(HERE / "signing_in.py")).split()[-6:] == ["303", "403", "403", "303", "403", "True"]


def test_the_plaintext_is_moved_and_removed_on_request(environment: Path, sandbox: Served, home: Path) -> None:
    refresh_token = plaintext(sandbox, home)
    run(environment, "-m", "tokenkit.pocketpaw", "move", "--remove")
    assert refresh_token not in (home / ".pocketpaw" / "oauth" / "google_gmail.json").read_text()
    assert TokenKit(app="pocketpaw").token("google").value
