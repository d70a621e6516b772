"""Workers on several machines that share the accounts of one real PostgreSQL, at a provider that rotates.

A refresh token that comes twice ends its session there: so who refreshes twice, or loses an answer, is found out.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest
from tokenkit import AccessToken, Account, TokenKit
from tokenkit.grants.endings import AGAIN
from tokenkit.grants.refresh_job import RefreshJob
from tokenkit.sandbox import CLIENTS, Authority, serve
from tokenkit.seal import b64url_encode
from tokenkit.worker.worker import Worker

import real_parts
from held_answers import HELD, HeldAnswers
from patience import PATIENCE, wait_until
from pgbouncer import pgbouncer
from postgres_server import server, with_tables

psycopg = real_parts.package("psycopg", how="python -m pip install -e '.[test]'")


pytestmark = pytest.mark.real

ASKED = "google token refresh_token"
CONFIG = ".config/tokenkit/config.toml"
PROGRAM = "import sys; sys.argv[0] = 'tokenkit'; from tokenkit.cli.fast_path import main; main()"


@pytest.fixture(scope="module")
def url():
    with server() as url:
        yield url


@pytest.fixture
def authority(url, home, monkeypatch):
    """The provider; this process is one more machine, with the database, the key and the client in its environment."""
    with_tables(url)
    monkeypatch.setenv("TOKENKIT_STORE", url)
    monkeypatch.setenv("TOKENKIT_KEY", b64url_encode(bytes(range(32))).decode())
    client = CLIENTS["google"]
    assert client.client_secret is not None
    monkeypatch.setenv("TOKENKIT_GOOGLE_CLIENT_ID", client.client_id)
    monkeypatch.setenv("TOKENKIT_GOOGLE_CLIENT_SECRET", client.client_secret.reveal())
    answers = HeldAnswers()
    authority = Authority(rotating=("google",), sleep=answers.sleep)
    with serve(authority) as sandbox:
        authority.config = f'[providers.google]\nbase_url = "{sandbox.base_url}/google"\n'
        authority.let_go = answers.let_go
        configure(home, authority)
        yield authority
        answers.let_go()


@pytest.fixture
def start(tmp_path, authority):
    """Start ``tokenkit worker`` on another machine: it shares the database, the key and the client, and no file."""
    started = []

    def start_one(*options):
        home = tmp_path / f"machine-{len(started)}"
        configure(home, authority)
        own = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "worker", *options],
            env={**own, "HOME": str(home), "TOKENKIT_HOME": str(home / ".tokenkit")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start_one
    for process in started:
        if process.poll() is None:
            process.kill()
            process.communicate()


def configure(home, authority):
    (home / CONFIG).parent.mkdir(parents=True)
    (home / CONFIG).write_text(authority.config)


def execute(url, statement):
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(statement)


def sign_in(authority, count):
    """Sign many people in, each an owner, and let their tokens come to their end soon."""
    with TokenKit(background=False) as all_of_them:
        for number in range(count):
            kit = all_of_them.for_owner(f"owner-{number:03}")
            pending = kit.begin("google", redirect_uri="http://127.0.0.1:9/callback/google", binding="b")
            kit.complete(authority.approve(pending.url, as_user=f"p{number}@example.com"), binding="b")
            account = Account("google", f"p{number}@example.com", kit.owner)
            held = kit.records.get(account)
            token, now = held.grant.access_token, time.time()
            closing = AccessToken(token.value, expires_at=now + 200, obtained_at=now - 3400, scopes=token.scopes)
            kit.records.save(account, held.grant.renewed(access_tokens={"": closing}), replaces=held.version)


def grants(count):
    """Yield the stored grant of each of these people."""
    with TokenKit(background=False) as kit:
        for number in range(count):
            owner, name = f"owner-{number:03}", f"p{number}@example.com"
            yield kit.for_owner(owner).records.get(Account("google", name, owner)).grant


def all_alive(authority, count):
    """Refresh for each person, which fails where the stored refresh token was spent: then the session is lost."""
    with TokenKit(background=False) as kit:
        for number in range(count):
            kit.for_owner(f"owner-{number:03}").refresh(f"google/p{number}@example.com")
    return True


@pytest.mark.slow
@pytest.mark.parametrize("machines", [2, 4])
def test_several_workers_share_what_is_due_and_each_account_is_refreshed_once(authority, start, machines):
    """R5, R38: a second request with a spent token would end that session."""
    sign_in(authority, 60)
    workers = [start("--once", "--limit", "1000") for _ in range(machines)]
    shares = []
    for worker in workers:
        _, said = worker.communicate(timeout=PATIENCE)
        assert worker.returncode == 0, said
        shares.append(int(said.split(" refreshed")[0].split()[-1]))
    assert sum(shares) == 60
    assert authority.counters[ASKED] == 60
    now = time.time()
    assert all(grant.access_token.good(now, 3000) for grant in grants(60))


def test_a_worker_that_is_told_to_end_saves_the_answers_under_way(authority, start):
    """R7: the provider has rotated by then."""
    sign_in(authority, 12)
    authority.next("token", flavour="google", delay=HELD, times=12)
    worker = start()
    wait_until(lambda: authority.counters[ASKED] >= 3)
    worker.send_signal(signal.SIGTERM)
    authority.let_go()
    _, said = worker.communicate(timeout=PATIENCE)
    assert worker.returncode == 0, said
    assert f"{authority.counters[ASKED]} refreshed" in said
    assert all_alive(authority, 12)


def test_what_a_killed_worker_had_claimed_comes_back(authority, start, url):
    """Its claims end by themselves, and so do its leases; the provider had not acted, so no session is lost."""
    sign_in(authority, 12)
    authority.next("token", flavour="google", delay=HELD, drop=True, times=12)
    worker = start()
    wait_until(lambda: authority.counters[ASKED] >= 12)
    worker.kill()
    worker.communicate(timeout=PATIENCE)
    authority.let_go()
    other = start("--once")
    assert "0 refreshed" in other.communicate(timeout=PATIENCE)[1]
    execute(url, "UPDATE tokenkit.due SET at = at - 180; UPDATE tokenkit.lease SET ends = now()")
    other = start("--once")
    assert "12 refreshed" in other.communicate(timeout=PATIENCE)[1]
    assert all_alive(authority, 12)


def test_a_caller_does_not_wait_behind_a_worker(authority, url):
    """After an outage all are due at once: who asks refreshes for himself, and the worker finds it fresh."""
    sign_in(authority, 4)
    with TokenKit(background=False) as kit:
        worker = Worker(kit, limit=0.5)
        worker.turn()
        tokens = [kit.for_owner(f"owner-{number:03}").token("google", min_ttl=600) for number in range(4)]
        assert all(token.good(time.time(), 3000) for token in tokens)
        while worker._under_way:
            worker._settle(1)
    assert authority.counters[ASKED] == 4


def test_two_workers_together_begin_no_more_than_the_limit(authority, url):
    """Providers count the requests of a client, and not those of a machine, nor the ways to the database."""
    sign_in(authority, 10)
    with (
        pgbouncer(url, size=1) as pooled,
        TokenKit(background=False) as one,
        TokenKit(background=False, environ=os.environ | {"TOKENKIT_STORE": pooled}) as other,
    ):
        workers = [Worker(kit, limit=5.0) for kit in (one, other)]
        began = time.monotonic()
        threads = [threading.Thread(target=worker.run_once) for worker in workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert authority.counters[ASKED] == 10
    assert time.monotonic() - began > 0.9, "five at once, and five in the next second"


def test_a_worker_without_the_key_ends_at_once_and_says_so(authority, start, monkeypatch):
    """R28: it could not seal what it would be given."""
    monkeypatch.delenv("TOKENKIT_KEY")
    worker = start()
    _, said = worker.communicate(timeout=PATIENCE)
    assert worker.returncode == 6
    assert "tokenkit key export" in said


def test_a_worker_whose_clock_is_wrong_refreshes_nothing_until_it_is_right(authority, monkeypatch):
    """It would find everything due at once, and let it fall due again years later."""
    sign_in(authority, 2)
    said = []
    with TokenKit(background=False) as kit:
        worker = Worker(kit, report=said.append)
        with monkeypatch.context() as wrong:
            wrong.setattr("tokenkit.store.postgres.due.time", SimpleNamespace(time=lambda: time.time() + 86400 * 400))
            worker._turn_or_pause()
        assert "the clock of this machine is 13 months ahead of that of the database" in said[0]
        assert authority.counters[ASKED] == 0
        worker.run_once()
    assert authority.counters[ASKED] == 2


def test_who_is_refused_is_looked_at_once_more_when_it_is_known_whether_many_were(authority, url):
    """R13: a provider's bad hour may have been why, and who is away asks for nothing. Then nothing is sent."""
    sign_in(authority, 1)
    authority.next("token", error="invalid_grant")
    with TokenKit() as kit:
        began = time.time()
        Worker(kit).run_once()
        ((at,),) = execute(url, "SELECT at FROM tokenkit.due").fetchall()
        assert began + AGAIN <= at <= time.time() + AGAIN
        sent = authority.counters[ASKED]
        execute(url, "UPDATE tokenkit.due SET at = 1")
        Worker(kit).run_once()
        assert authority.counters[ASKED] == sent
        assert not execute(url, "SELECT at FROM tokenkit.due").fetchall()


def test_a_refresh_asks_the_database_four_times(authority, monkeypatch):
    """Take the lease, read, note that it begins, save: what more is asked costs a fleet as much as a machine."""
    from tokenkit.store.postgres.connections import Connections

    sign_in(authority, 2)
    asked, once = [], Connections.once
    with TokenKit() as kit:
        accounts = [Account("google", f"p{number}@example.com", f"owner-{number:03}") for number in range(2)]
        owners = [kit.for_owner(account.owner).refresher for account in accounts]
        owners[0].refresh(accounts[0])  # the connections are there
        seen = owners[1].load(accounts[1])

        def counted(self, text, *values, **how):
            asked.append((threading.get_ident(), text))
            return once(self, text, *values, **how)

        monkeypatch.setattr(Connections, "once", counted)
        assert owners[1].renew_here(accounts[1], RefreshJob(early=True), seen).refreshed
        here = [text for thread, text in asked if thread == threading.get_ident()]  # another one tells the machines
    assert len(here) == 4, here
