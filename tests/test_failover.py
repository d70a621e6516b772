"""R10: a failover that lost what was confirmed is told by the machine that it was confirmed to, before others send."""

import re

import pytest
from tokenkit.errors import GrantSuperseded, StoreUnavailable
from tokenkit.grants.sealed_store import grant_name
from tokenkit.store.lost import Server
from tokenkit.testing.store_contract import GRANT

from failover import becomes_another, fail_over, replica, rolled_back
from fault_table import tell
from fleet import ME, ask, authority, database, expire, machine, refreshes, sign_in, url  # noqa: F401
from patience import wait_until

pytest.importorskip("psycopg", reason="no psycopg: python -m pip install -e '.[test]' brings it")

from tokenkit.store.postgres import lease
from tokenkit.store.postgres.look import digest

pytestmark = pytest.mark.real


@pytest.fixture
def signed_in(machine, authority):  # noqa: F811
    """A machine with an account whose token has ended."""
    kit = machine("a")
    sign_in(kit, authority)
    expire(kit)
    return kit


def test_after_a_failover_no_machine_sends_a_token_that_was_spent_before_it(machine, authority, database, monkeypatch):  # noqa: F811
    """R10: the replica lacks alice's refresh and bob's sign-out; carol's refresh is the last that it got.

    It lacks dave's, too, by a machine that never comes back: a worker elsewhere was told of it.
    """
    kit = machine("a")
    alice, bob, carol, dave = (kit.for_owner(owner) for owner in ("alice", "bob", "carol", "dave"))
    for one in (alice, carol, dave):
        sign_in(one, authority)
        expire(one)
    his = sign_in(bob, authority, "bob@example.com")
    expire(bob, his)
    carol.token("google")
    expire(carol)
    behind = replica(database)
    alice.token("google")
    bob.logout(str(his))
    told = listening(machine("c").records.store)
    gone = machine("gone")
    gone.for_owner("dave").token("google")
    gone.close()
    wait_until(lambda: digest(grant_name(ME._replace(owner="dave"))) in told)
    sent = refreshes(authority)
    fail_over(database, behind)
    other = machine("b")
    for owner in ("alice", "bob", "carol"):
        with pytest.raises(StoreUnavailable, match="another database server answers") as held:
            other.for_owner(owner).token("google")
        assert "try again in" in held.value.hint
    wait_until(lambda: ask(database, "SELECT 1 FROM tokenkit.lost WHERE owner = 'dave'"))
    again = machine("a")
    again.accounts()  # it connects, and that is all that the others need
    for owner in ("alice", "dave"):
        with pytest.raises(GrantSuperseded, match="failed over to a replica"):
            other.for_owner(owner).token("google")
    with pytest.raises(GrantSuperseded, match="was signed out"):
        other.for_owner("bob").token("google")
    assert other.for_owner("alice").status(str(ME)).state.superseded
    assert refreshes(authority) == sent
    monkeypatch.setattr(lease, "COMPARING", 0.0)
    assert other.for_owner("carol").token("google")
    found = {each.name.owner: each for each in again.records.store.lost}
    assert {owner: each.deleted for owner, each in found.items()} == {"alice": False, "bob": True}
    assert found["alice"].name == grant_name(ME._replace(owner="alice"))
    assert found["alice"].after.system == found["alice"].before.system
    assert found["alice"].after.timeline > found["alice"].before.timeline
    tell(
        "a failover to a replica that lacks the last refresh",
        "no machine refreshes for 30 seconds; the one that misses a save says so, and nobody sends the spent token",
    )
    tell("the same, and the machine that had refreshed never comes back", "one that has listened says so in its place")


def listening(store):
    """Let a store listen as that of a worker does, and return what it has been told of."""
    store.schedule.first()
    wait_until(lambda: store._line.heard.line)
    return store._remembered._told._saves


def test_who_may_not_read_the_tables_says_of_no_account_that_it_lost_a_save(machine, authority, database):  # noqa: F811
    """R10: every role that may connect may also send messages; what they say is at most a reason to look."""
    kit = machine("a")
    for owner in ("alice", "bob"):
        sign_in(kit.for_owner(owner), authority)
    elsewhere = machine("b").records.store
    told, heard = listening(elsewhere), []
    elsewhere._line._changed = lambda said: (heard.append(said), elsewhere._hear(said))
    with rolled_back(database):
        kit.for_owner("alice").refresh(str(ME))
        wait_until(lambda: len(told) == 1)
        alice, bob = (digest(grant_name(ME._replace(owner=owner))) for owner in ("alice", "bob"))
        true = next(said for said in heard if said.startswith(alice))
        later = str(float(true.split()[2]) + 1000)
        for said in (f"{bob} x {later}", f"{bob} x {later} {'0' * 24}", true.replace(alice, bob), f"{bob} x {later} é"):
            ask(database, "SELECT pg_notify('tokenkit', %s)", said)
        ask(database, "SELECT pg_notify('tokenkit', %s)", true.replace(true.split()[2], later))
        ask(database, "SELECT pg_notify('tokenkit', %s)", true)  # said again, it is as true as before
        wait_until(lambda: heard.count(true) == 2)
        assert [*told] == [alice]
        assert told[alice].at == float(true.split()[2])
        elsewhere.close()
    becomes_another(database)
    elsewhere._remembered._server = Server("the one before", 1)
    elsewhere.load(grant_name(ME))
    assert ask(database, "SELECT owner FROM tokenkit.lost") == [(b"alice",)]


def test_of_what_was_told_before_a_failover_only_a_later_sign_in_is_good(machine, authority, database):  # noqa: F811
    """R10: who has heard of a save, or of a sign-out, knows that it is gone."""
    kit = machine("a")
    for owner in ("alice", "bob", "carol"):
        sign_in(kit.for_owner(owner), authority)
    elsewhere = machine("b").records.store
    told = listening(elsewhere)
    with rolled_back(database):
        for owner in ("alice", "carol"):
            kit.for_owner(owner).refresh(str(ME))
        kit.for_owner("bob").logout(str(ME))
        wait_until(lambda: len(told) == 3)
        elsewhere.close()
    becomes_another(database)
    sign_in(machine("c").for_owner("carol"), authority)
    elsewhere._remembered._server = Server("the one before", 1)
    elsewhere.load(grant_name(ME))
    lost = "SELECT owner, deleted FROM tokenkit.lost ORDER BY owner"
    assert ask(database, lost) == [(b"alice", False), (b"bob", True)]


def test_store_status_names_what_was_lost_and_how(signed_in, database, monkeypatch, capsys):  # noqa: F811
    from tokenkit.cli.app import main

    with rolled_back(database):
        signed_in.token("google")
    for name, value in signed_in.configured.environ.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        main(["store", "status"])
    said = capsys.readouterr().err
    assert not ended.value.code
    assert "lost 1 save that it had confirmed: its tables were restored from a backup" in said
    assert "google/me@example.com" in said


def test_a_process_that_runs_on_over_a_failover_is_told_too(signed_in, database, authority):  # noqa: F811
    with rolled_back(database):
        signed_in.token("google")
    with pytest.raises(GrantSuperseded):
        signed_in.refresh(str(ME))
    assert refreshes(authority) == 1


def test_a_memory_that_was_damaged_stops_nobody(signed_in, machine, database, tmp_path):  # noqa: F811
    """It holds a version that is none: that loss is left out."""
    with rolled_back(database):
        signed_in.token("google")
    for file in tmp_path.rglob("saves-*.json"):
        file.write_text(re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "damaged", file.read_text()))
    again = machine("a")
    assert again.accounts() == machine("b").accounts()
    assert again.records.store.lost


def test_a_sign_out_that_was_lost_does_not_sign_in_again(machine, authority, database):  # noqa: F811
    """Not even by the access token, on a machine that has not lost anything."""
    kit = machine("a")
    sign_in(kit, authority)
    with rolled_back(database):
        kit.logout(str(ME))
    kit.accounts()
    for other in (machine("a"), machine("b")):
        with pytest.raises(GrantSuperseded, match="was signed out"):
            other.token("google")


def test_what_was_lost_is_forgotten_once_a_person_has_signed_in_again(signed_in, machine, authority, database):  # noqa: F811
    with rolled_back(database):
        signed_in.token("google")
    again = machine("a")
    sign_in(again, authority)
    expire(again)
    assert again.token("google")


def test_a_machine_that_stays_connected_through_a_pooler_holds_back_too(signed_in, database, authority):  # noqa: F811
    """R10: its connection to the pooler outlives the server behind it, so the statement before the request asks."""
    assert signed_in.records.store.identity()
    becomes_another(database)
    with pytest.raises(StoreUnavailable, match="another database server answers"):
        signed_in.token("google")
    assert refreshes(authority) == 0


@pytest.mark.parametrize("since", ["infinity", "2999-01-01"])
def test_a_date_by_a_clock_that_was_set_back_holds_nothing_back(signed_in, database, since):  # noqa: F811
    ask(database, "UPDATE tokenkit.server SET since = %s", since)
    assert signed_in.token("google")


def test_what_may_be_sent_twice_is_not_held_back(signed_in, database):  # noqa: F811
    """R38: where the provider keeps its refresh tokens, none is spent."""
    becomes_another(database)
    with signed_in.records.store.lease(GRANT, lasts=60, wait=0) as held:
        held.write_note(b"begun")
        with pytest.raises(StoreUnavailable, match="another database server answers"):
            held.write_note(b"begun", acts=True)


def test_a_server_that_says_nothing_of_itself_holds_nothing_back(signed_in, database, monkeypatch):  # noqa: F811
    """Some providers of databases keep the number of the timeline for themselves."""
    from tokenkit.store.postgres import remembered

    monkeypatch.setattr(remembered, "_SERVER", "SELECT 1 / 0")
    with rolled_back(database):
        pass
    becomes_another(database)
    with pytest.raises(StoreUnavailable, match="is lost: this process was away"):  # known before, and not any more
        signed_in.token("google")
