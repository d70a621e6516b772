"""R10: a failover that lost what was confirmed is told by the machine that it was confirmed to."""

import pytest
from tokenkit.errors import GrantSuperseded
from tokenkit.grants.sealed_store import grant_name

from failover import fail_over, replica
from fleet import ME, authority, database, expire, machine, refreshes, sign_in, url  # noqa: F401

pytest.importorskip("psycopg", reason="no psycopg: python -m pip install -e '.[test]' brings it")

pytestmark = pytest.mark.real


def test_a_failover_that_lost_a_refresh_is_told_on_every_machine(machine, authority, url):  # noqa: F811
    """R10: the replica has the spent refresh token; its record, note and lease went back together."""
    kit = machine("a")
    sign_in(kit, authority)
    expire(kit)
    behind = replica(url)
    kit.token("google")
    fail_over(url, behind)
    again = machine("a")
    assert again.status(str(ME)).state.superseded
    for other in (again, machine("b")):  # b learns it from what a has written down
        with pytest.raises(GrantSuperseded, match="failed over to a replica"):
            other.token("google")
    assert refreshes(authority) == 1
    (lost,) = again.records.store.lost
    assert (lost.name, lost.deleted) == (grant_name(ME), False)
    assert lost.after.system == lost.before.system
    assert lost.after.timeline > lost.before.timeline


def test_store_status_names_what_was_lost_and_how(machine, authority, url, database, monkeypatch, capsys):  # noqa: F811
    from tokenkit.cli.app import main

    kit = machine("a", owner="alice")
    sign_in(kit, authority)
    expire(kit)
    behind = replica(url)
    kit.token("google")
    fail_over(url, behind)
    for name, value in kit.configured.environ.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        main(["store", "status"])
    said = capsys.readouterr().err
    assert not ended.value.code
    assert "lost 1 save that it had confirmed: a failover to a replica that lagged (timeline" in said
    assert "google/me@example.com (owner alice)" in said


def test_what_a_command_found_that_refreshes_nothing_is_written_down_by_the_next(machine, authority, url):  # noqa: F811
    """R10: the next one refreshes another account, and other machines learn it of this one all the same."""
    kit = machine("a")
    for owner in ("alice", "bob"):
        sign_in(kit.for_owner(owner), authority)
        expire(kit.for_owner(owner))
    behind = replica(url)
    kit.for_owner("alice").token("google")
    fail_over(url, behind)
    machine("a").accounts()
    machine("a").for_owner("bob").token("google")
    with pytest.raises(GrantSuperseded, match="failed over to a replica"):
        machine("b").for_owner("alice").token("google")
    assert refreshes(authority) == 2


def test_a_process_that_runs_on_over_a_failover_is_told_too(machine, authority, url):  # noqa: F811
    kit = machine("a")
    sign_in(kit, authority)
    expire(kit)
    behind = replica(url)
    kit.token("google")
    fail_over(url, behind)
    with pytest.raises(GrantSuperseded):
        kit.refresh(str(ME))
    assert refreshes(authority) == 1


def test_a_failover_that_lost_a_sign_out_does_not_sign_in_again(machine, authority, url):  # noqa: F811
    kit = machine("a")
    sign_in(kit, authority)
    behind = replica(url)
    kit.logout(str(ME))
    fail_over(url, behind)
    with pytest.raises(GrantSuperseded, match="was signed out"):
        machine("a").refresh(str(ME))
    with pytest.raises(GrantSuperseded, match="was signed out"):
        machine("b").token("google")


def test_a_failover_that_lost_nothing_is_not_told(machine, authority, url):  # noqa: F811
    kit = machine("a")
    sign_in(kit, authority)
    expire(kit)
    kit.token("google")
    fail_over(url, replica(url))
    again = machine("a")
    expire(again)
    assert again.token("google")
    assert again.records.store.lost == ()


def test_what_was_lost_is_forgotten_once_a_person_has_signed_in_again(machine, authority, url):  # noqa: F811
    kit = machine("a")
    sign_in(kit, authority)
    expire(kit)
    behind = replica(url)
    kit.token("google")
    fail_over(url, behind)
    again = machine("a")
    sign_in(again, authority)
    expire(again)
    assert again.token("google")


def test_a_restored_dump_is_told_as_well(machine, authority, url, database):  # noqa: F811
    """The counter goes back where the rows do, whatever the server calls itself."""
    from fleet import ask

    kit = machine("a")
    sign_in(kit, authority)
    tables = ("record", "accounts", "lease", "confirmed")
    for table in tables:
        ask(database, f"CREATE TABLE public.{table} AS TABLE tokenkit.{table}")
    expire(kit)
    for table in tables:
        ask(database, f"DELETE FROM tokenkit.{table}")
        ask(database, f"INSERT INTO tokenkit.{table} SELECT * FROM public.{table}")
    again = machine("a")
    again.accounts()
    (lost,) = again.records.store.lost
    assert lost.before == lost.after
