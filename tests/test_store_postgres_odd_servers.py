"""Databases that somebody has set up, or has restored, otherwise than the page says."""

import psycopg
import pytest
from tokenkit.errors import StoreUnavailable
from tokenkit.store import Name
from tokenkit.store.postgres import connections, schema
from tokenkit.store.postgres.address import Address
from tokenkit.store.postgres.store import PostgresStore

from fleet import ask, database, url  # noqa: F401
from pgbouncer import pgbouncer
from postgres_server import new_database

pytestmark = pytest.mark.real

GRANT = Name("grant", "", "google/me@example.com")


@pytest.fixture
def store(database):  # noqa: F811
    opened = PostgresStore(Address(database, "the test"))
    yield opened
    opened.close()


@pytest.mark.parametrize("style", ["SQL, DMY", "German", "Postgres"])
def test_who_waits_for_a_lease_reads_its_end_however_the_server_writes_dates(store, database, style):  # noqa: F811
    """Psycopg reads those of ISO alone."""
    name = ask(database, "SELECT current_database()")[0][0]
    ask(database, f"ALTER DATABASE {name} SET datestyle = '{style}'")
    with (
        store.lease(GRANT, lasts=60, wait=0),
        pytest.raises(StoreUnavailable, match="another process has held"),
        store.lease(GRANT, lasts=60, wait=0.1),
    ):
        pass


def test_tables_that_a_backup_was_restored_into_and_not_in_place_of_are_refused(store, database):  # noqa: F811
    """What was there keeps the rows of the backup out, and each save fails: the accounts would just seem gone."""
    ask(database, "INSERT INTO tokenkit.identity DEFAULT VALUES")
    with pytest.raises(StoreUnavailable, match="restored into tables that were there already") as caught:
        store.load(GRANT)
    assert "an empty database" in caught.value.hint


def test_tables_whose_changes_are_told_to_nobody_are_refused(store, database):  # noqa: F811
    """R39: as after a load of data that was broken off. The line of messages would prove itself all the same."""
    ask(database, "ALTER TABLE tokenkit.record DISABLE TRIGGER ALL")
    with pytest.raises(StoreUnavailable, match="the triggers of the table record are off") as caught:
        store.load(GRANT)
    ask(database, caught.value.hint)
    assert store.load(GRANT) is None


@pytest.fixture
def roles(url):  # noqa: F811
    """The roles of the page: who owns the tables, and who uses them. The one of the tests is a superuser."""
    made = ("own the tables", "use-the-tables")
    with psycopg.connect(url, autocommit=True) as connection:
        for role in made:
            connection.execute(f'CREATE ROLE "{role}" LOGIN')
        yield made
    with psycopg.connect(url, autocommit=True) as connection:
        for role in made:
            connection.execute(f'DROP ROLE "{role}"')


def test_what_a_superuser_migrates_stays_with_the_role_that_owns_the_tables(url, roles, monkeypatch):  # noqa: F811
    """It could else give no role the right to use them any more, and make no later change."""
    owner, user = roles
    made = new_database(url)
    ask(made, f'GRANT CREATE ON DATABASE {ask(made, "SELECT current_database()")[0][0]} TO "{owner}"')
    as_owner = Address(made.replace("postgres:@", owner.replace(" ", "%20") + "@"), "the test")
    every, rights = schema.migrations(), schema.RIGHTS
    with monkeypatch.context() as of_before:
        of_before.setattr(schema, "migrations", lambda: every[:6])
        of_before.setattr(schema, "RIGHTS", {right: t.replace(" machine pace", "") for right, t in rights.items()})
        schema.init(as_owner, user)
    schema.migrate(Address(made, "the test"))
    owners = (
        "SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE relkind = 'r' AND relnamespace = %s::regnamespace"
    )
    assert ask(made, owners, "tokenkit") == [(f'"{owner}"',)]
    assert schema.init(as_owner, user).owned
    with psycopg.connect(made, autocommit=True) as connection:
        connection.execute(f'DROP OWNED BY "{owner}", "{user}"')


def test_a_pooler_of_single_statements_is_said_to_whom_makes_the_tables(url):  # noqa: F811
    refused = pytest.raises(StoreUnavailable, match="single statements only")
    with pgbouncer(new_database(url), mode="statement") as pooled, refused as caught:
        schema.init(Address(pooled, "the test"))
    assert "past it" in caught.value.hint


def test_a_connection_that_nobody_used_for_minutes_is_replaced(store, monkeypatch):
    """A firewall in between has forgotten it by then, and says nothing: the first who asks would wait in vain."""
    store.load(GRANT)
    before = [*store._connections._idle]
    store.load(GRANT)
    assert store._connections._idle == before
    now = connections.elapsed()
    monkeypatch.setattr(connections, "elapsed", lambda: now + connections.UNUSED_FOR + 1)
    store.load(GRANT)
    assert all(connection.closed for connection in before)
    after = [*store._connections._idle]
    store.load(GRANT)
    assert store._connections._idle == after
