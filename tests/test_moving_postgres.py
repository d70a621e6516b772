"""``tokenkit store copy``: from the files of a machine into a real PostgreSQL, and back."""

import os
import signal
from functools import partial

import pytest
from tokenkit import TokenKit
from tokenkit.errors import GrantMoved, UnknownAccount
from tokenkit.grants.sealed_store import grant_name
from tokenkit.grants.shared_clients import SharedClients
from tokenkit.moving.store import move_all
from tokenkit.provider import ClientRegistration
from tokenkit.sandbox import CLIENTS, Authority, serve
from tokenkit.store.files import FileStore
from tokenkit.token import Secret

from fleet import OTHER_KEY
from in_process import ended
from postgres_server import new_database, server, with_tables
from test_moving import Counted, Mortal
from workers import add, kit_of, stored_grant

psycopg = pytest.importorskip("psycopg", reason="no psycopg: python -m pip install -e '.[test]' brings it")

from tokenkit.store.postgres import schema  # noqa: E402
from tokenkit.store.postgres.address import Address  # noqa: E402
from tokenkit.store.postgres.store import PostgresStore  # noqa: E402

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def url():
    with server() as url:
        yield url


@pytest.fixture
def database(url):
    return with_tables(url)


def execute(url, statement):
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(statement)


@pytest.fixture
def machine(home, monkeypatch):
    """A machine with files, and somebody signed in."""
    client = CLIENTS["google"]
    assert client.client_secret is not None
    monkeypatch.setenv("TOKENKIT_GOOGLE_CLIENT_ID", client.client_id)
    monkeypatch.setenv("TOKENKIT_GOOGLE_CLIENT_SECRET", client.client_secret.reveal())
    authority = Authority(rotating=("google",))
    with serve(authority) as sandbox:
        folder = home / ".config" / "tokenkit"
        folder.mkdir(parents=True)
        (folder / "config.toml").write_text(f'[providers.google]\nbase_url = "{sandbox.base_url}/google"\n')
        for owner in ("", "alice"):
            with TokenKit(owner=owner, background=False) as kit:
                pending = kit.begin("google", redirect_uri="http://127.0.0.1:9/callback/google", binding="b")
                kit.complete(authority.approve(pending.url, as_user="me@example.com"), binding="b")
        yield authority


@pytest.fixture
def run(capfd):
    """Run the program in this process: what it ends with, what it prints, and what it says."""

    return partial(ended, capfd)


def test_the_files_of_a_machine_go_into_the_database_and_back(database, machine, run, monkeypatch):
    """The session goes on at a provider that ends it where one refresh token comes twice."""
    code, key, _ = run("key", "export")
    assert code == 0
    monkeypatch.setenv("TOKENKIT_KEY", key.strip())
    monkeypatch.setenv("TOKENKIT_STORE", database)
    assert run("store", "copy")[:2] == (0, "2 moved\n")
    assert run("store", "copy")[:2] == (0, "2 moved before\n")
    assert run("refresh", "google")[0] == 0
    assert run("--owner", "alice", "token", "google")[0] == 0
    monkeypatch.delenv("TOKENKIT_STORE")
    code, _, said = run("token", "google")
    assert (code, "was moved to another place" in said, "TOKENKIT_STORE" in said) == (6, True, True)
    assert run("store", "copy", database)[:2] == (0, "2 moved\n")
    assert run("refresh", "google")[0] == run("--owner", "alice", "refresh", "google")[0] == 0
    assert machine.counters["google token refresh_token"] == 3


def test_what_is_missing_for_all_accounts_is_said_once(database, url, machine, run, monkeypatch):
    """R28: the key of the files is to be added to that of the database, and nobody is to sign in again."""
    empty = new_database(url)
    _, key, _ = run("key", "export")
    code, _, said = run("store", "copy", empty)
    assert (code, "FROM: the database has no tables" in said, "store init" in said) == (6, True, False)
    for store, own, what in (
        (empty, key.strip(), "hint: tokenkit store init"),
        (database, OTHER_KEY, "hint: where these records are used: tokenkit key export"),
    ):
        monkeypatch.setenv("TOKENKIT_STORE", store)
        monkeypatch.setenv("TOKENKIT_KEY", own)
        code, out, said = run("store", "copy")
        assert (code, out, said.count("hint")) == (6, "", 1)
        assert what in said


def test_an_account_that_was_signed_out_in_the_database_can_be_moved_into_it(database, tmp_path):
    """R10: what moves is newer than what was signed out there, or it would be taken for a row that was put back."""
    new = kit_of(tmp_path, store=PostgresStore(Address(database, "the test")))
    new.records.ring.add()
    account = add(new, "me", generation=70)
    new.logout(str(account), local=True)
    store = FileStore(str(tmp_path / "tokens"), str(tmp_path / "state"))
    with kit_of(tmp_path, store=store, provider=new.scripted) as old:
        add(old, "me", generation=3)
        assert [each.outcome for each in move_all(old.records, new.records, old.clock.now())] == ["moved"]
    assert serves(new, account)
    new.clock.advance(4000)
    assert serves(new, account)
    new.records.store.close()
    new.close()


def test_a_row_that_was_put_back_into_the_database_does_not_move(database, tmp_path):
    """R10: it was signed out, and would be served from the other store."""
    old = kit_of(tmp_path, store=PostgresStore(Address(database, "the test")))
    old.records.ring.add()
    account = add(old, "me")
    before = old.records.store.load(grant_name(account)).data
    old.logout(str(account), local=True)
    old.records.store.save(grant_name(account), before, replaces=None)
    store = FileStore(str(tmp_path / "tokens"), str(tmp_path / "state"))
    with kit_of(tmp_path, store=store, provider=old.scripted) as new:
        (failed,) = move_all(old.records, new.records, new.clock.now())
        assert (failed.outcome, "was signed out" in failed.reason) == ("failed", True)
        assert not serves(new, account)
    old.records.store.close()
    old.close()


def test_from_one_database_to_another_the_client_registrations_go_along(database, url, tmp_path):
    """Else nothing could be refreshed there; what the other one knows already stays (R31)."""
    other = new_database(url)
    schema.init(Address(other, "the test"))
    stores = [PostgresStore(Address(where, "the test")) for where in (database, other)]
    with kit_of(tmp_path, store=stores[0]) as old, kit_of(tmp_path, store=stores[1], provider=old.scripted) as new:
        old.records.ring.add()
        account = add(old, "me")
        mine, theirs = SharedClients(old.records), SharedClients(new.records)
        mine.save("google", ClientRegistration("old", Secret("old-secret")))
        mine.save("spotify", ClientRegistration("old"))
        theirs.save("spotify", ClientRegistration("new"))
        assert [each.outcome for each in move_all(old.records, new.records, old.clock.now())] == ["moved"]
        found = SharedClients(new.records)
        assert found["google"].client_secret.reveal() == "old-secret"
        assert found["spotify"].client_id == "new"
        assert serves(new, account)
        assert not serves(old, account)
    for store in stores:
        store.close()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["store", "copy"], "into itself"),
        (["store", "copy", "/nowhere/at/all"], "there is no folder"),
        (["--owner", "alice", "store", "copy"], "the accounts of all owners"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(machine, run, arguments, said):
    code, _, err = run(*arguments)
    assert (code, said in err) == (2, True)


def test_a_database_is_not_moved_into_itself(machine, database, run, monkeypatch):
    monkeypatch.setenv("TOKENKIT_STORE", database)
    code, _, err = run("store", "copy", database)
    assert (code, "from a database into itself" in err) == (2, True)


def test_an_address_with_a_password_is_refused_and_not_repeated(machine, run):
    """R35: every user of the machine sees the arguments of a program."""
    code, out, err = run("store", "copy", "postgresql://me:hunter2@db/x")
    assert code == 3
    assert "hunter2" not in out + err


@pytest.mark.parametrize("step", [1, 2, 3, 5, 7])
def test_a_kill_between_files_and_database_loses_nothing(database, tmp_path, step):
    """The lease in the database ends by its clock, which is put on here."""
    store = FileStore(str(tmp_path / "tokens"), str(tmp_path / "state"))
    old = kit_of(tmp_path, store=store)
    account = add(old, "me")

    def move(counted):
        target = PostgresStore(Address(database, "the test"))
        records = old.records.of_store(Mortal(target, counted))
        found = list(move_all(old.records.of_store(Mortal(store, counted)), records, old.clock.now()))
        target.close()
        return [each.outcome for each in found]

    child = os.fork()
    if child == 0:
        move(Counted(step, after=True))
        os._exit(0)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    execute(database, "UPDATE tokenkit.lease SET ends = now()")
    with kit_of(tmp_path, store=PostgresStore(Address(database, "the test")), provider=old.scripted) as new:
        served = [serves(kit, account) for kit in (old, new)]
        assert served.count(True) <= 1
        assert set(move(Counted(0, after=True))) <= {"moved", "moved before"}
        assert stored_grant(new, account).refresh_token.reveal() == "refresh of /me"
        assert serves(new, account)
        assert not serves(old, account)
        new.records.store.close()
    old.close()


def serves(kit, account):
    try:
        return bool(kit.token(str(account)))
    except (GrantMoved, UnknownAccount):
        return False
    finally:
        kit._cache.forget()
