"""An owner is deleted: every grant is revoked, nothing is left, and what could not be revoked is said."""

import os
from pathlib import Path

import pytest
from tokenkit.cli.app import main
from tokenkit.errors import ProviderUnavailable, TokenKitError, UnknownAccount
from tokenkit.grants.owner_erasure import erase_owner
from tokenkit.grants.refresh_job import RefreshJob
from tokenkit.grants.sealed_store import grant_name
from tokenkit.oauth2 import OAuth2
from tokenkit.store import KINDS

from fleet import ME, ask, authority, database, expire, machine, sign_in, url  # noqa: F401

pytest.importorskip("psycopg", reason="no psycopg: python -m pip install -e '.[test]' brings it")

YOU = "you@example.com"


@pytest.fixture(params=["files", pytest.param("postgres", marks=pytest.mark.real)])
def kit(request, machine, authority):  # noqa: F811
    """The kit of an app with two owners, alice of two accounts, and bob."""
    kit = machine("a") if request.param == "postgres" else machine("a", url="")
    for owner, person in (("alice", ME.name), ("alice", YOU), ("bob", ME.name)):
        sign_in(kit.for_owner(owner), authority, person)
    return kit


def erase(kit, owner="alice"):
    theirs = kit.for_owner(owner)
    return {each.account.name: each for each in erase_owner(theirs.refresher, kit.context)}


def everything(kit, owner):
    store = kit.records.store
    return [name for kind in KINDS for name in store.names(kind, owner)]


def test_all_accounts_are_revoked_and_nothing_is_left(kit, authority):  # noqa: F811
    alice = kit.for_owner("alice")
    sign_in(alice, authority)  # once more: what it has replaced lies in quarantine
    alice.begin("google", redirect_uri="http://127.0.0.1:9/callback/google", binding="b")
    kinds = {name.kind for name in everything(kit, "alice")}
    assert {"grant", "pending", "quarantine"} <= kinds
    done = erase(kit)
    assert {name: each.revoked for name, each in done.items()} == {ME.name: True, YOU: True}
    assert everything(kit, "alice") == []
    assert "alice" not in list(kit.records.store.owners())
    with pytest.raises(UnknownAccount):
        alice.token(str(ME))


def test_nobody_elses_accounts_are_touched(kit):
    erase(kit)
    assert kit.for_owner("bob").token("google")


def test_the_owner_can_begin_anew(kit, authority):  # noqa: F811
    """Also where the rows of the past were put back in between: the new sign-in is newer."""
    erase(kit)
    alice = kit.for_owner("alice")
    sign_in(alice, authority)
    expire(alice)
    assert alice.token("google")


def test_what_cannot_be_opened_is_erased_and_said(kit):
    name = grant_name(ME._replace(owner="alice"))
    store = kit.records.store
    store.save(name, b"damaged", replaces=store.version(name))
    done = erase(kit)
    assert (done[ME.name].revoked, done[YOU].revoked) == (False, True)
    assert "could not be opened" in done[ME.name].note
    assert everything(kit, "alice") == []


def test_a_provider_that_cannot_be_reached_keeps_nothing_here(kit, authority):  # noqa: F811
    theirs = kit.for_owner("alice")
    done = list(erase_owner(theirs.refresher, kit.context._replace(send=away)))
    assert [each.revoked for each in done] == [False, False]
    assert all(each.note.startswith("the network is down. Remove the app yourself at https:") for each in done)
    assert everything(kit, "alice") == []


def away(request):
    raise ProviderUnavailable("the network is down", sent=False)


@pytest.mark.real
def test_no_row_of_the_database_names_the_owner_or_the_account(machine, authority, database):  # noqa: F811
    kit = machine("a")
    alice = kit.for_owner("alice")
    sign_in(alice, authority)
    expire(alice)
    alice.token("google")
    erase(kit)
    for table in ("record", "lease", "accounts", "due"):
        rows = ask(database, f"SELECT t::text FROM tokenkit.{table} AS t")
        assert not [row for row in rows if b"alice".hex() in row[0] or ME.name.encode().hex() in row[0]], table
    for path in Path(kit.folders.state, "shared").rglob("*.json"):
        assert "alice" not in path.read_text(), path


def tables_of_alice(database):  # noqa: F811
    of_owners = "SELECT table_name FROM information_schema.columns WHERE table_schema = %s AND column_name = 'owner'"
    tables = ask(database, of_owners, "tokenkit")
    return [name for (name,) in tables if ask(database, f"SELECT 1 FROM tokenkit.{name} WHERE owner = 'alice'::bytea")]


@pytest.mark.real
def test_a_refresh_that_is_under_way_meanwhile_leaves_no_row(machine, authority, database, monkeypatch):  # noqa: F811
    """Its lease is held as the others are erased, and goes as it is given back."""
    alice = machine("a").for_owner("alice")
    sign_in(alice, authority)
    expire(alice)
    refresh = OAuth2.refresh

    def deleted_meanwhile(*arguments):
        erase(machine("b"))
        return refresh(*arguments)

    monkeypatch.setattr(OAuth2, "refresh", deleted_meanwhile)
    with pytest.raises(TokenKitError):
        alice.token(str(ME))
    assert tables_of_alice(database) == []


@pytest.mark.real
def test_a_refresh_that_begins_right_after_it_leaves_no_row(machine, authority, database):  # noqa: F811
    """A worker had claimed the account, or a caller had found it, just before."""
    alice = machine("a").for_owner("alice")
    sign_in(alice, authority)
    erase(machine("b"))
    with pytest.raises(UnknownAccount):
        alice.refresher.renew(ME._replace(owner="alice"), RefreshJob(early=True)).result()
    assert tables_of_alice(database) == []


def test_no_folder_of_files_names_the_owner_but_that_of_the_locks(machine, authority):  # noqa: F811
    """R6: a lock file that is removed while somebody waits for it would be two locks."""
    kit = machine("a", url="")
    alice = kit.for_owner("alice")
    sign_in(alice, authority)
    expire(alice)
    alice.token("google")
    erase(kit)
    kept = [path for top in (kit.folders.tokens, kit.folders.state) for path, _, _ in os.walk(top) if "@alice" in path]
    assert kept
    assert all("/.locks/" in path or "/activity/" in path for path in kept)


@pytest.fixture
def run(kit, monkeypatch, capfd):
    for name, value in kit.configured.environ.items():
        monkeypatch.setenv(name, value)

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        return ended.value.code or 0, *capfd.readouterr()

    return run


def test_the_command_says_what_became_of_each_account(kit, run):
    code, out, err = run("owner", "delete", "alice", "--yes")
    assert code == 0
    assert out.splitlines() == [
        f"google/{name}: revoked at the provider, erased here" for name in sorted((ME.name, YOU))
    ]
    assert "Nothing is kept of alice any more." in err
    assert everything(kit, "alice") == []


def test_the_command_asks_first(kit, run):
    code, _, err = run("owner", "delete", "alice")
    assert code == 2
    assert "revokes and erases all that is kept of alice: google/me@example.com, google/you@example.com" in err
    assert "tokenkit owner delete alice --yes" in err
    assert len(kit.for_owner("alice").accounts()) == 2


@pytest.mark.parametrize(("name", "code"), [("Alice", 3), ("", 2)])
def test_the_command_takes_the_exact_name_only(kit, run, name, code):
    """R4: what destroys matches exactly."""
    assert run("owner", "delete", name, "--yes")[0] == code
    assert len(kit.for_owner("alice").accounts()) == 2


def test_it_is_in_the_log(kit, run):
    run("owner", "delete", "alice", "--yes")
    kit.activity.flush()
    assert "owner_deleted" in run("log")[1]
