"""Machines that share nothing but a real PostgreSQL, a key and a client, at a provider that rotates refresh tokens.

A refresh token that comes twice ends its session there, so who refreshes twice is found out.
"""

import os
import subprocess
import sys
import threading
import time

import pytest
from shared_store_paths import HOLDER
from tokenkit import AccessToken, Account, TokenKit, TokenKitError
from tokenkit.sandbox import CLIENTS, Authority, serve
from tokenkit.seal import b64url_encode

import real_parts
from held_answers import HeldAnswers
from link import Link
from patience import wait_until
from postgres_server import server, with_tables

psycopg = real_parts.package("psycopg", how="python -m pip install -e '.[test]'")


ME = Account("google", "me@example.com")


class NotingAuthority(Authority):
    """It knows when each request for a token came, in Unix seconds."""

    def __init__(self, **options):
        super().__init__(**options)
        self.requested = []

    def handle(self, request):
        if request.url.endswith("/token"):
            self.requested.append(time.time())
        return super().handle(request)


class Fleet:
    """The machines, their database and their provider. This process is one of them, each of its kits another."""

    def __init__(self, url, authority, answers, tmp_path):
        self.url = url
        self.authority = authority
        self.answers = answers
        self._tmp_path = tmp_path
        self._started, self._kits = [], []

    def lease_ends(self):
        """Return when the lease ends that is held, in seconds of the database's clock, which is this machine's."""
        with psycopg.connect(self.url) as connection:
            return float(connection.execute("SELECT extract(epoch FROM max(ends)) FROM tokenkit.lease").fetchone()[0])

    def end_lease_in(self, seconds):
        """Let the lease that is held end as if most of its time had passed; return when it does."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("UPDATE tokenkit.lease SET ends = now() + make_interval(secs => %s)", [seconds])
        return self.lease_ends()

    def kit(self, store=None, direct=None, **options):
        environ = dict(os.environ) | ({"TOKENKIT_STORE": store} if store else {})
        environ |= {"TOKENKIT_STORE_DIRECT": direct} if direct else {}
        self._kits.append(TokenKit(background=False, environ=environ, **options))
        return self._kits[-1]

    def start(self, script, *arguments, store=None, direct=None):
        """Start a process of another machine, with a home of its own."""
        home = self._tmp_path / f"machine-{len(self._started)}"
        configure(home, self.authority)
        own = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
        own |= {"HOME": str(home), "TOKENKIT_HOME": str(home / ".tokenkit"), "TOKENKIT_STORE": store or self.url}
        own |= {"TOKENKIT_STORE_DIRECT": direct} if direct else {}
        command = [sys.executable, str(script), *map(str, arguments)]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        self._started.append(subprocess.Popen(command, env=own, text=True, **pipes))
        return self._started[-1]

    def holder(self, *stop, store=None):
        """Start a process that waits for `go`; then it asks for the token, and so takes the lease."""
        return self.until_ready(self.start(HOLDER, *stop, store=store))

    def until_ready(self, process):
        assert process.stdout.readline() == "ready\n", process.stderr.read()
        return process

    def go(self, *ready):
        for process in ready:
            process.stdin.write("go\n")
            process.stdin.flush()

    def sign_in(self):
        with TokenKit(background=False) as kit:
            pending = kit.begin("google", redirect_uri="http://127.0.0.1:9/callback/google", binding="b")
            kit.complete(self.authority.approve(pending.url, as_user=ME.name), binding="b")

    def expire(self):
        """End the stored access token without waiting for it."""
        with TokenKit(background=False) as kit:
            held = kit.records.get(ME)
            token = held.grant.access_token
            spent = AccessToken(token.value, expires_at=3600.0, obtained_at=0.0, scopes=token.scopes)
            kit.records.save(ME, held.grant.renewed(access_tokens={"": spent}), replaces=held.version)

    def refreshes(self):
        return self.authority.counters["google token refresh_token"]

    def refreshing(self):
        """Wait until a refresh has come to the provider."""
        wait_until(lambda: self.refreshes() > 0 or self._fail())

    def _fail(self):
        for process in self._started:
            if process.poll() is not None:
                raise AssertionError(process.communicate())

    def asked(self, machines=4):
        """Let so many other machines ask at once, and return what each is told."""
        return self.waiting(machines)()

    def waiting(self, machines=4, **options):
        """Let other machines ask, and return what waits for what they are told."""
        kits = [self.kit(**options) for _ in range(machines)]
        told = []

        def ask(kit):
            try:
                told.append(kit.token("google").value[-6:])
            except TokenKitError as error:
                told.append(f"{type(error).__name__}: {error}")

        threads = [threading.Thread(target=ask, args=(kit,)) for kit in kits]
        for thread in threads:
            thread.start()

        def results():
            for thread in threads:
                thread.join()
            return told

        return results

    def alive(self):
        """Tell whether the provider takes the refresh token that is stored: else the session is lost."""
        return bool(self.kit().refresh("google"))

    def close(self):
        for kit in self._kits:
            kit.close()
        for process in self._started:
            process.kill()
            process.communicate()


ROUNDS = 10
"""How often each fault happens under ``make torture``."""


def pytest_generate_tests(metafunc):
    """Let each fault happen again and again, where evidence is asked for."""
    if metafunc.config.getoption("--torture"):
        metafunc.parametrize("again", range(ROUNDS))


@pytest.fixture(autouse=True)
def again():
    """The number of the round."""


@pytest.fixture(scope="module")
def url():
    with server() as url:
        yield url


@pytest.fixture
def fleet(url, request, tmp_path, home, monkeypatch):
    """The machines; parametrized with ``keeps``, at a provider that was seen to keep its refresh tokens."""
    with_tables(url)
    monkeypatch.setenv("TOKENKIT_STORE", url)
    monkeypatch.setenv("TOKENKIT_KEY", b64url_encode(bytes(range(32))).decode())
    client = CLIENTS["google"]
    monkeypatch.setenv("TOKENKIT_GOOGLE_CLIENT_ID", client.client_id)
    monkeypatch.setenv("TOKENKIT_GOOGLE_CLIENT_SECRET", client.client_secret.reveal())
    keeps = getattr(request, "param", "") == "keeps"
    answers = HeldAnswers()
    authority = NotingAuthority(rotating=() if keeps else ("google",), sleep=answers.sleep)
    with serve(authority) as sandbox:
        authority.config = f'[providers.google]\nbase_url = "{sandbox.base_url}/google"\n'
        configure(home, authority)
        fleet = Fleet(url, authority, answers, tmp_path)
        fleet.sign_in()
        if keeps:
            with TokenKit(background=False) as kit:
                kit.refresh("google")
        fleet.expire()
        authority.counters.clear()
        authority.requested.clear()
        yield fleet
        answers.let_go()
        fleet.close()


@pytest.fixture
def link(url):
    link = Link(url)
    yield link
    link.close()


def configure(home, authority):
    folder = home / ".config" / "tokenkit"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(authority.config)
