"""The audit of a store that machines share: what is wrong with its server, and with the records of all owners."""

import json
import socket
from functools import partial

import psutil
import pytest
from tokenkit.audit import Inventory, audit, shared_walk
from tokenkit.grants.sealed_store import grant_name
from tokenkit.keys import jwks, rotation
from tokenkit.store.postgres.facts import Facts

import failover
from fleet import ME, OTHER_KEY, ask, authority, expire, machine, sign_in, url  # noqa: F401
from link import Link
from postgres_server import new_database

psycopg = pytest.importorskip("psycopg", reason="no psycopg: python -m pip install -e '.[test]' brings it")

pytestmark = [pytest.mark.real, pytest.mark.slow]

ALICES = ME._replace(owner="alice")
ROWS = "SELECT owner, id, data, version FROM tokenkit.record WHERE kind = 'grant' ORDER BY owner"
PUT_BACK = "UPDATE tokenkit.record SET data = %s, version = %s WHERE kind = 'grant' AND owner = %s AND id = %s"


def with_tables(url):  # noqa: F811
    """A database with our tables, and its URL for the role of the programs, which owns nothing."""
    from tokenkit.store.postgres import schema
    from tokenkit.store.postgres.address import Address

    made = new_database(url)
    if not ask(made, "SELECT 1 FROM pg_roles WHERE rolname = 'tokenkit_audited'"):
        ask(made, "CREATE ROLE tokenkit_audited LOGIN")
    schema.init(Address(made, "the test"), "tokenkit_audited")
    return made, made.replace("postgres:@", "tokenkit_audited@", 1)


@pytest.fixture
def administered(url):  # noqa: F811
    """The URL of the database for the role that owns the tables."""
    return with_tables(url)


@pytest.fixture
def database(administered):
    return administered[1]


@pytest.fixture
def kit(machine, authority):  # noqa: F811
    """A kit of the nameless owner, and an account of alice's beside it."""
    kit = machine("a")
    sign_in(kit, authority)
    sign_in(kit.for_owner("alice"), authority)
    return kit


def found(kit, **options):
    return {
        finding.check.id: finding.fault
        for finding in audit(Inventory(kit, core_limit=0, mounts=(), **options)).findings
        if finding.check.id != "TK134" and not finding.check.id.startswith("TK4")  # the key is in a variable here
    }


def test_nothing_is_found_in_a_fleet_that_is_well_kept(kit):
    report = audit(Inventory(kit, core_limit=0, mounts=()))
    assert found(kit) == {}
    assert "1 accounts of other owners in the database: only whether their records open" in report.not_checked


def test_a_role_that_owns_the_tables_or_is_a_superuser(machine, administered):  # noqa: F811
    kit = machine("a", url=administered[0])
    assert "the role postgres is a superuser" in found(kit)["TK603"].what
    ask(administered[0], "ALTER TABLE tokenkit.migration OWNER TO tokenkit_audited")
    assert "owns the tables" in found(machine("b"))["TK603"].what
    ask(administered[0], "ALTER TABLE tokenkit.migration OWNER TO postgres")


@pytest.mark.parametrize(("version", "hint"), [(0, "store init"), (1, "store migrate"), (99, "upgrade")])
def test_tables_of_another_version(kit, machine, administered, version, hint):  # noqa: F811
    ask(administered[0], "DELETE FROM tokenkit.migration")
    if version:
        ask(administered[0], f"INSERT INTO tokenkit.migration VALUES ({version}, now())")
    faults = found(machine("b"))
    assert set(faults) == {"TK601"}
    assert hint in faults["TK601"].hint


def test_a_database_that_is_stopped(kit, machine, url):  # noqa: F811
    failover.stop(url)
    try:
        faults = found(machine("b"))
    finally:
        failover.start(url)
    assert set(faults) == {"TK601"}
    assert "cannot be reached" in faults["TK601"].what


def test_a_server_that_confirms_what_it_has_not_written(kit, machine, database):  # noqa: F811
    loose = database + "&options=-csynchronous_commit%3Doff"
    assert set(found(machine("b", url=loose))) == {"TK602"}


def test_a_password_in_the_environment(kit):
    kit.configured.environ["PGPASSWORD"] = "hunter2"
    faults = found(kit)
    assert set(faults) == {"TK605"}
    assert "hunter2" not in str(faults)


@pytest.mark.parametrize(
    ("changes", "id"),
    [({"leaves": True, "encrypted": True}, ""), ({"replicas": 2}, "TK606"), ({"replicas": 2, "waits": True}, "")],
)
def test_how_the_server_is_reached_and_copied(kit, monkeypatch, changes, id):
    """What this machine has no second one for is told to the checks as the server would."""
    inventory = Inventory(kit, core_limit=0, mounts=())
    facts: Facts = inventory.shared
    assert facts[1:] == (False, False, False, 0, False)
    inventory.__dict__["_asked"] = (facts._replace(**changes), None)
    ids = {finding.check.id for finding in audit(inventory).findings} & {"TK604", "TK606"}
    assert ids == ({id} if id else set())


def test_a_line_that_is_forwarded_without_tls(kit, machine, database, url):  # noqa: F811
    """The address says that the server is on this machine, and the server sees that the line comes from elsewhere."""
    found_here = [each.address for every in psutil.net_if_addrs().values() for each in every]
    outside = [each for each in found_here if each.count(".") == 3 and not each.startswith("127.")]
    if not outside:
        pytest.skip("this machine has no address but that of its loopback")
    with failover.on_tcp(url) as port:
        forwarded = Link(
            database, partial(socket.create_connection, ("127.0.0.1", port), source_address=(outside[0], 0))
        )
        try:
            fault = found(machine("b", url=forwarded.url))["TK604"]
        finally:
            forwarded.close()
    assert fault.what == "the server sees a connection from another machine, without TLS"


def test_a_replica_that_the_server_does_not_wait_for_is_seen(kit, url):  # noqa: F811
    """With a real one: a program that receives the log, as a replica does."""
    with psycopg.connect(url + "&replication=true", autocommit=True) as replica:
        replica.execute("IDENTIFY_SYSTEM")
        assert set(found(kit)) == {"TK606"}


def test_what_a_failover_lost_is_told_with_the_account(kit, machine, administered):  # noqa: F811
    alice = kit.for_owner("alice")
    expire(alice)
    with failover.rolled_back(administered[0]):
        alice.token("google")
    fault = found(machine("a"))["TK607"]
    assert (fault.account, fault.owner) == (str(ME), "alice")
    assert "TK313" in found(machine("a", owner="alice"))


def test_a_record_that_was_put_back_after_a_sign_out(kit, administered):
    row = ask(administered[0], ROWS)[1]
    kit.for_owner("alice").logout(str(ME))
    ask(administered[0], PUT_BACK, row[2], row[3], row[0], row[1])
    fault = found(kit)["TK608"]
    assert (fault.account, fault.owner) == (str(ME), "alice")
    assert fault.hint == "tokenkit --owner alice logout google/me@example.com"


def test_a_key_that_only_the_other_machines_have(kit, machine):  # noqa: F811
    fault = found(machine("b", key=OTHER_KEY))["TK609"]
    assert f"2 grants are sealed with the key {kit.records.ring.current().kid!r}" in fault.what
    assert "--replace" not in fault.hint
    both = jwks.dump(rotation.added(kit.records.ring.keys())).decode()
    assert "TK609" not in found(machine("c", key=both))
    assert json.loads(both)["keys"]


def test_records_that_were_swapped_or_come_from_another_database(kit, machine, administered, url, authority):  # noqa: F811
    elsewhere, programs = with_tables(url)
    sign_in(machine("b", url=programs).for_owner("alice"), authority)
    (foreign,) = ask(elsewhere, ROWS)
    own, alices = ask(administered[0], ROWS)
    for data in (own[2], foreign[2]):
        ask(administered[0], PUT_BACK, data, alices[3], alices[0], alices[1])
        fault = found(kit)["TK610"]
        assert fault.owner == "alice"
        assert "was moved or swapped" in fault.what


def test_the_walk_names_some_and_counts_the_others(kit, monkeypatch):
    monkeypatch.setattr(shared_walk, "KEPT", 1)
    store = kit.records.store
    for number in range(3):
        store.save(grant_name(ALICES._replace(name=f"{number}@example.com")), b"damaged", replaces=None)
    faults = [each.fault for each in audit(Inventory(kit)).findings if each.check.id == "TK610"]
    assert [fault.what.partition(" ")[0] for fault in faults].count("and") == 1
    assert any("and 2 more accounts" in fault.what for fault in faults)
