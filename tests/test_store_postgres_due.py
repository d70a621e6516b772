"""When grants fall due, in a real PostgreSQL: several claim, none gets what another has, and a dead one's come back."""

import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from tokenkit.errors import Conflict, StoreUnavailable
from tokenkit.store import Due, Name
from tokenkit.testing.store_contract import GRANT

from postgres_server import server, with_tables

psycopg = pytest.importorskip("psycopg", reason="no psycopg: python -m pip install -e '.[test]' brings it")

from tokenkit.store.postgres import schema  # noqa: E402
from tokenkit.store.postgres.address import Address  # noqa: E402
from tokenkit.store.postgres.store import PostgresStore  # noqa: E402

pytestmark = pytest.mark.real

NEVER = float("inf")


@pytest.fixture(scope="module")
def url():
    with server() as url:
        yield url


@pytest.fixture
def store(url):
    with_tables(url)
    store = PostgresStore(Address(url, "the test"))
    yield store
    store.close()


def execute(url, statement):
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(statement)


def name(account, owner=""):
    return Name("grant", owner, account)


def claimed(store, provider="google", before=100.0, until=500.0, limit=10, rate=1e6):
    return store.schedule.claim(provider, before=before, until=until, limit=limit, rate=rate)


def test_what_is_due_is_claimed_once_the_oldest_first_and_comes_back(store):
    for number in range(3):
        store.save(name(f"google/{number}", f"owner {number}"), b"x", replaces=None, due=30.0 - number)
    store.save(name("google/later"), b"x", replaces=None, due=101.0)
    store.save(name("googlemail/other"), b"x", replaces=None, due=1.0)
    assert claimed(store, limit=2) == [
        Due(name("google/2", "owner 2"), 500.0),
        Due(name("google/1", "owner 1"), 500.0),
    ]
    assert claimed(store) == [Due(name("google/0", "owner 0"), 500.0)]
    assert claimed(store) == []
    assert len(claimed(store, before=500.0)) == 4, "a worker that has died has lost its claims by then"


def test_each_provider_says_when_its_first_grant_falls_due(store):
    assert store.schedule.first() == {}
    for account, at in (("google/a", 20.0), ("google/b", 10.0), ("spotify/a", 7.0), ("pocket/a", NEVER)):
        store.save(name(account), b"x", replaces=None, due=at)
    assert store.schedule.first() == {"google": 10.0, "spotify": 7.0}


@pytest.mark.parametrize(("apart", "said"), [(7200, "2 hours ahead of"), (-86400 * 400, "13 months behind"), (600, "")])
def test_a_machine_whose_clock_is_far_off_plans_nothing_for_the_others(store, monkeypatch, apart, said):
    """What it refreshes would fall due in hours or years, for all; some minutes do no harm."""
    store.save(GRANT, b"one", replaces=None, due=100.0)
    monkeypatch.setattr("tokenkit.store.postgres.due.time", SimpleNamespace(time=lambda: time.time() + apart))
    if not said:
        assert store.schedule.first() == {"google": 100.0}
        return
    with pytest.raises(StoreUnavailable, match=f"{said} that of the database"):
        store.schedule.first()


def test_a_save_says_when_a_grant_falls_due_or_leaves_it_or_ends_it(store):
    version = store.save(GRANT, b"1", replaces=None, due=10.0)
    version = store.save(GRANT, b"sealed anew", replaces=version)
    assert store.schedule.first() == {"google": 10.0}
    version = store.save(GRANT, b"2", replaces=version, due=NEVER)
    assert store.schedule.first() == {}
    version = store.save(GRANT, b"3", replaces=version, due=20.0)
    store.save(GRANT, None, replaces=version)
    assert store.schedule.first() == {}, "a sign-out ends it"


def test_a_save_that_conflicts_plans_nothing(store):
    version = store.save(GRANT, b"1", replaces=None, due=10.0)
    for data, due in ((b"2", 5.0), (b"2", NEVER), (None, None)):
        with pytest.raises(Conflict, match="has changed"):
            store.save(GRANT, data, replaces="00000000-0000-0000-0000-000000000000", due=due)
    assert store.schedule.first() == {"google": 10.0}
    assert store.version(GRANT) == version


def test_to_put_off_changes_only_what_was_claimed_and_is_not_saved_since(store):
    version = store.save(GRANT, b"1", replaces=None, due=10.0)
    (due,) = claimed(store)
    store.schedule.put_off(due, 70.0)
    assert store.schedule.first() == {"google": 70.0}
    store.schedule.put_off(due, 80.0)
    assert store.schedule.first() == {"google": 70.0}, "it was put off already"
    (due,) = claimed(store)
    store.save(GRANT, b"2", replaces=version, due=90.0)
    store.schedule.put_off(due, 80.0)
    store.schedule.put_off(due, NEVER)
    assert store.schedule.first() == {"google": 90.0}
    (due,) = claimed(store)
    store.schedule.put_off(due, NEVER)
    assert store.schedule.first() == {}


def test_many_who_claim_at_once_share_and_none_gets_what_another_has(store, url):
    """R38: SKIP LOCKED; nobody waits for another's claim."""
    for number in range(300):
        store.save(name(f"google/{number:03}"), b"x", replaces=None, due=float(number % 50))
    others = [PostgresStore(Address(url, "the test")) for _ in range(4)]

    def claims(one):
        taken = []
        while found := claimed(one, limit=7):
            taken += [due.name.id for due in found]
        return taken

    with ThreadPoolExecutor(4) as pool:
        shares = list(pool.map(claims, others))
    for other in others:
        other.close()
    assert sorted(name for share in shares for name in share) == [f"google/{number:03}" for number in range(300)]


def test_all_who_claim_share_the_rate_of_a_provider(store, url):
    """However many they are: a row of the provider goes with the claim, by the clock of the database."""
    for provider in ("google", "spotify"):
        for number in range(40):
            store.save(name(f"{provider}/{number:02}"), b"x", replaces=None, due=float(number))
    other = PostgresStore(Address(url, "the test"))
    began = time.monotonic()
    taken = [due.name.id for one in (store, other, store, other) for due in claimed(one, limit=4, rate=6.0)]
    assert 6 <= len(taken) <= 6 + 6 * (time.monotonic() - began)
    assert taken == [f"google/{number:02}" for number in range(len(taken))]
    assert len(claimed(other, "spotify", rate=6.0)) == 6, "each provider has its own"
    execute(url, "UPDATE tokenkit.pace SET filled = filled - interval '1 hour'")
    assert len(claimed(store, rate=6.0)) == 6, "what was not used is not saved up"
    other.close()


def test_a_rate_below_one_a_second_lets_one_go_at_a_time(store, url):
    for number in range(3):
        store.save(name(f"google/{number}"), b"x", replaces=None, due=float(number))
    assert len(claimed(store, rate=0.001)) == 1
    assert claimed(store, rate=0.001) == []
    execute(url, "UPDATE tokenkit.pace SET filled = filled - interval '1000 seconds'")
    assert len(claimed(store, rate=0.001)) == 1


def test_a_claim_that_finds_nothing_uses_nothing_up(store):
    assert claimed(store, rate=2.0) == []
    for number in range(3):
        store.save(name(f"google/{number}"), b"x", replaces=None, due=float(number))
    assert len(claimed(store, rate=2.0)) == 2


def test_a_migration_plans_what_is_stored_and_lets_the_same_roles_use_its_tables(store, url):
    store.save(name("google/old", "alice"), b"x", replaces=None, due=10.0)
    execute(
        url,
        "DROP TABLE tokenkit.due; DELETE FROM tokenkit.migration WHERE version = 2;"
        "DROP ROLE IF EXISTS tokenkit_program; CREATE ROLE tokenkit_program LOGIN;"
        "GRANT USAGE ON SCHEMA tokenkit TO tokenkit_program; GRANT SELECT ON tokenkit.migration TO tokenkit_program;"
        "GRANT SELECT, INSERT, UPDATE, DELETE ON tokenkit.record, tokenkit.accounts, tokenkit.lease "
        "TO tokenkit_program",
    )
    schema.migrate(Address(url, "the test"))
    program = PostgresStore(Address(url.replace("postgres:@", "tokenkit_program@", 1), "the test"))
    try:
        assert claimed(program) == [Due(name("google/old", "alice"), 500.0)]
        program.save(name("google/new"), b"x", replaces=None, due=10.0)
    finally:
        program.close()
        execute(url, "DROP OWNED BY tokenkit_program; DROP ROLE tokenkit_program")


def test_a_grant_that_is_sealed_anew_keeps_its_turn(store):
    """R29: a rotation of the keys must not take all grants out of the schedule."""
    version = store.save(GRANT, b"1", replaces=None, due=10.0)
    store.save(GRANT, b"2", replaces=version)
    assert [due.name for due in claimed(store)] == [GRANT]
