"""R10 on a store that machines share: what is put back into the database is told, and nothing is sent."""

import pytest
from tokenkit import TokenKit
from tokenkit.errors import BrokenRecord, ConsentRequired, GrantSuperseded
from tokenkit.grants.sealed_store import grant_name
from tokenkit.seal import header

from fault_table import tell
from fleet import ME, ask, authority, database, expire, machine, refreshes, sign_in, url  # noqa: F401
from postgres_server import new_database

pytest.importorskip("psycopg", reason="no psycopg: python -m pip install -e '.[test]' brings it")

pytestmark = pytest.mark.real

ROWS = "SELECT owner, id, data, version FROM tokenkit.record WHERE kind = 'grant' ORDER BY owner"
PUT_BACK = "UPDATE tokenkit.record SET data = %s, version = %s WHERE kind = 'grant' AND owner = %s AND id = %s"


def put_back(database, row):  # noqa: F811
    owner, id, data, version = row
    ask(database, PUT_BACK, data, version, owner, id)


def test_a_row_that_is_put_back_after_a_sign_out_is_refused(machine, database, authority):  # noqa: F811
    """R10: signed out means signed out, on every machine, also while the old token would be good."""
    kit = machine("a")
    sign_in(kit, authority)
    (row,) = ask(database, ROWS)
    kit.logout(str(ME))
    put_back(database, row)
    before = sum(authority.counters.values())
    for other in (kit, machine("b")):
        with pytest.raises(GrantSuperseded, match="was signed out, and an old record of it was put back") as caught:
            other.token("google")
        assert "tokenkit logout google/me@example.com" in caught.value.hint
        with pytest.raises(GrantSuperseded):
            other.refresh(str(ME), force=True)
        assert other.status(str(ME)).state.superseded
    assert sum(authority.counters.values()) == before
    tell("a row is put back after a sign-out", "it is refused, its access token as well; nothing is sent")


def test_a_sign_out_is_rid_of_a_row_that_was_put_back(machine, database, authority):  # noqa: F811
    kit = machine("a")
    sign_in(kit, authority)
    (row,) = ask(database, ROWS)
    kit.logout(str(ME))
    put_back(database, row)
    kit.logout(str(ME))
    with pytest.raises(ConsentRequired):
        kit.token("google")


@pytest.mark.parametrize("put", [False, True], ids=["gone", "put back"])
def test_a_new_sign_in_after_a_sign_out_is_good(machine, database, authority, put):  # noqa: F811
    kit = machine("a")
    sign_in(kit, authority)
    (row,) = ask(database, ROWS)
    kit.logout(str(ME))
    ask(database, "DELETE FROM tokenkit.lease")  # and with them the notes, so that only the tombstone counts
    if put:
        put_back(database, row)
    sign_in(kit, authority)
    assert machine("b").token("google").value == kit.token("google").value
    expire(kit)
    assert machine("c").token("google")


def test_a_row_that_is_put_back_after_a_refresh_is_refused(machine, database, authority):  # noqa: F811
    """R10: its refresh token is spent, and to send it would end the session."""
    kit = machine("a")
    sign_in(kit, authority)
    expire(kit)
    (row,) = ask(database, ROWS)
    kit.token("google")
    put_back(database, row)
    for other in (machine("b"), kit):
        with pytest.raises(GrantSuperseded, match="older than one already used"):
            other.token("google", min_ttl=30)
    assert refreshes(authority) == 1
    tell("a row of before a refresh is put back", "it is not refreshed from; nothing is sent")


def test_a_row_of_another_database_is_refused(machine, database, authority, url):  # noqa: F811
    """R10: the sealed header names the store, though key, owner and account are the same."""
    from tokenkit.store.postgres import schema
    from tokenkit.store.postgres.address import Address

    elsewhere = new_database(url)
    schema.init(Address(elsewhere, "the test"))
    sign_in(machine("a"), authority)
    sign_in(machine("b", url=elsewhere), authority)
    (row,) = ask(elsewhere, ROWS)
    put_back(database, row)
    before = sum(authority.counters.values())
    with pytest.raises(BrokenRecord, match=r"its store is .*: it was moved or swapped"):
        machine("c").token("google")
    assert sum(authority.counters.values()) == before
    tell("a row of another database is put in", "it is refused; nothing is sent")


def test_the_rows_of_two_owners_that_are_swapped_are_refused(machine, database, authority):  # noqa: F811
    """R37: nobody ever gets another's token, whatever is done to the rows."""
    kit = machine("a")
    for owner, person in (("alice", ME.name), ("bob", "you@example.com")):
        sign_in(kit.for_owner(owner), authority, person)
    alices, bobs = ask(database, ROWS)
    put_back(database, (*alices[:2], *bobs[2:]))
    put_back(database, (*bobs[:2], *alices[2:]))
    before = sum(authority.counters.values())
    for owner in ("alice", "bob"):
        with pytest.raises(BrokenRecord, match="was moved or swapped"):
            machine("b").for_owner(owner).token("google")
    assert sum(authority.counters.values()) == before
    tell("the rows of two owners are swapped", "both are refused; nothing is sent")


def test_a_record_from_before_stores_had_an_id_still_opens(machine, database, authority):  # noqa: F811
    """It gets the id at its next save."""
    kit = machine("a")
    kit.records.ring.store_id = str  # as the version before this sealed
    sign_in(kit, authority)
    assert "store" not in header(kit.records.store.load(grant_name(ME)).data)
    new = machine("b")
    assert new.token("google")
    expire(new)
    new.token("google")
    assert header(kit.records.store.load(grant_name(ME)).data)["store"] == new.records.store.identity()


def test_the_record_of_a_sign_out_names_nobody(machine, database, authority):  # noqa: F811
    kit = machine("a", owner="alice")
    sign_in(kit, authority)
    kit.logout(str(ME))
    ids = [bytes(id) for (id,) in ask(database, "SELECT id FROM tokenkit.record WHERE kind = 'metadata'")]
    ids = [id for id in ids if id.startswith(b"signed-out/")]
    assert len(ids) == 1
    assert b"me@example.com" not in ids[0]


def test_a_file_is_sealed_as_before(authority, home):  # noqa: F811
    """A store on one machine has no id, and leaves nothing behind at a sign-out."""
    kit = TokenKit()
    kit.records.probe()
    data = kit.records.ring.seal_record(grant_name(ME), b"{}")
    assert set(header(data)) == {"alg", "enc", "kid", "typ", "app", "owner", "account"}
