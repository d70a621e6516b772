"""The store in PostgreSQL as people use it: chosen by a variable or a file, looked after by commands."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tokenkit import Account, TokenKit
from tokenkit.cli import fast_path
from tokenkit.errors import ConfigurationError, KeyUnavailable, StoreUnavailable
from tokenkit.seal import b64url_encode
from tokenkit.store import Name
from tokenkit.store.files import FileStore
from tokenkit.store.postgres.address import Address

import real_parts
from in_process import ended
from postgres_server import server, without_tables

psycopg = real_parts.package("psycopg", how="python -m pip install -e '.[test]'")

from tokenkit.store.postgres.errors import not_connected  # noqa: E402
from tokenkit.store.postgres.store import PostgresStore  # noqa: E402

GRANT = Name("grant", "", "google/me@example.com")
ME = Account("google", "me@example.com")
CALLER = Path(__file__).parent / "never_lost" / "caller.py"

COMMANDS = [
    "list",
    "token google",
    "worker --once",
    "store init",
    "store migrate",
    "store status",
    "store copy",
    "audit",
]

real = pytest.mark.real


@pytest.fixture(scope="module")
def url():
    with server() as url:
        yield url


@pytest.fixture
def configured(url, monkeypatch):
    """A machine whose variable names the database, without tables yet."""
    without_tables(url)
    monkeypatch.setenv("TOKENKIT_STORE", url)
    return url


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv("TOKENKIT_KEY", b64url_encode(bytes(range(32))).decode())


@pytest.fixture
def run(capfd):
    """Run the program in this process: what it ends with, and what it says."""

    def run(*arguments):
        code, out, err = ended(capfd, *arguments)
        return code, out + err

    return run


@real
def test_the_commands_make_the_tables_and_tell_how_they_stand(configured, run):
    code, said = run("store", "status")
    assert (code, "hint: tokenkit store init" in said) == (6, True)
    assert run("store", "migrate")[0] == 6
    assert run("store", "init") == (0, "tables: version 10; this tokenkit needs version 10\nrole: postgres\n")
    assert run("store", "init")[0] == run("store", "migrate")[0] == 0
    code, said = run("store", "status")
    assert code == 0, said
    assert "warning: the role postgres owns the tables" in said
    assert "warning: this machine has no key" in said  # nor does that of an administrator need one


@real
@pytest.mark.parametrize(("version", "hint"), [(99, "pip install --upgrade"), (0, "tokenkit store init")])
def test_tables_of_another_version_end_with_6_and_the_command(configured, run, key, version, hint):
    run("store", "init")
    with psycopg.connect(configured, autocommit=True) as connection:
        connection.execute("DELETE FROM tokenkit.migration")
        connection.execute("INSERT INTO tokenkit.migration VALUES (%s, now())", (version,))
    code, said = run("list")
    assert code == 6
    assert hint in said
    if version > 10:
        for command in ("init", "migrate"):
            code, said = run("store", command)
            assert (code, hint in said) == (6, True), "no tables are made by an older tokenkit"


@real
def test_the_role_of_a_program_owns_nothing_and_can_do_its_work(configured, run):
    with psycopg.connect(configured, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS tokenkit_app")
        connection.execute("CREATE ROLE tokenkit_app LOGIN")
    assert run("store", "init", "--role", "tokenkit_app")[0] == 0
    store = PostgresStore(Address(configured.replace("postgres:@", "tokenkit_app@", 1), "the test"))
    name = GRANT
    version = store.save(name, b"one", replaces=None)
    with store.lease(name, lasts=60, wait=1) as lease:
        lease.write_note(b"note")
    store.save(name, None, replaces=version)
    store.close()
    with (
        psycopg.connect(configured.replace("postgres:@", "tokenkit_app@", 1)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("DROP TABLE tokenkit.record")
    with psycopg.connect(configured, autocommit=True) as connection:
        connection.execute("DROP OWNED BY tokenkit_app; DROP ROLE tokenkit_app")


@real
@pytest.mark.parametrize(("right", "table"), [("UPDATE", "record"), ("DELETE", "lost"), ("SELECT", "identity")])
def test_a_right_that_the_role_of_a_program_lacks_is_found_before_a_save_needs_it(
    configured, run, right, table, monkeypatch
):
    """The first answer that could not be saved would be the first to say so."""
    with psycopg.connect(configured, autocommit=True) as connection:
        connection.execute("CREATE ROLE tokenkit_app LOGIN")
        try:
            run("store", "init", "--role", "tokenkit_app")
            connection.execute(f"REVOKE {right} ON tokenkit.{table} FROM tokenkit_app")
            monkeypatch.setenv("TOKENKIT_STORE", configured.replace("postgres:@", "tokenkit_app@", 1))
            told = [run("store", "status"), run("audit")]
        finally:
            connection.execute("DROP OWNED BY tokenkit_app; DROP ROLE tokenkit_app")
    assert [code for code, _ in told] == [6, 1]
    for _, said in told:
        assert f"lacks the right to {right} in the table {table}" in said
        assert "tokenkit store init --role tokenkit_app" in said


@real
def test_who_may_make_no_tables_is_told_who_may(configured, run, monkeypatch):
    with psycopg.connect(configured, autocommit=True) as connection:
        connection.execute("CREATE ROLE visitor LOGIN")
    try:
        monkeypatch.setenv("TOKENKIT_STORE", configured.replace("postgres:@", "visitor@", 1))
        code, said = run("store", "init")
        assert code == 6
        assert "the role visitor may not make or change tables here" in said
        assert "GRANT CREATE ON DATABASE" in said
    finally:
        with psycopg.connect(configured, autocommit=True) as connection:
            connection.execute("DROP ROLE visitor")


@real
def test_everybody_is_no_role_of_a_program(configured, run):
    """To PostgreSQL it is one, in quotes as well: each that may connect could change the records."""
    code, said = run("store", "init", "--role", "public")
    assert (code, "public is every role of the server" in said) == (2, True)
    assert "tables: version 0" in run("store", "status")[1]


@real
def test_a_name_in_a_hint_is_quoted_as_a_statement_needs_it(configured, run):
    code, said = run("store", "init", "--role", 'no"such')
    assert (code, 'CREATE ROLE "no""such" LOGIN' in said) == (6, True)


@real
def test_a_schema_of_another_role_or_with_tables_of_another_program_is_said(configured, run, monkeypatch):
    with psycopg.connect(configured, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA tokenkit; CREATE TABLE tokenkit.record (a int); CREATE ROLE visitor LOGIN")
        try:
            code, said = run("store", "init")
            assert (code, "which tokenkit has not made" in said) == (6, True)
            monkeypatch.setenv("TOKENKIT_STORE", configured.replace("postgres:@", "visitor@", 1))
            code, said = run("store", "init")
            assert (code, "run it as the role that owns the schema" in said) == (6, True)
        finally:
            connection.execute("DROP ROLE visitor")


@real
@pytest.mark.parametrize("table", ["record", "migration", "identity", "due"])
def test_rows_that_are_hidden_from_the_program_are_not_taken_for_none(configured, run, key, table, monkeypatch):
    """R30: nobody is told that no account is signed in, where a policy of the database hides them."""
    with psycopg.connect(configured, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS tokenkit_app; CREATE ROLE tokenkit_app LOGIN")
        run("store", "init", "--role", "tokenkit_app")
        connection.execute(f"ALTER TABLE tokenkit.{table} ENABLE ROW LEVEL SECURITY")
        try:
            assert run("list")[0] == 0, "a superuser sees all"
            monkeypatch.setenv("TOKENKIT_STORE", configured.replace("postgres:@", "tokenkit_app@", 1))
            for command in ("list", "store status", "worker --once"):
                code, said = run(*command.split())
                assert (code, f"hides rows of {table}" in said) == (6, True)
                assert f'ALTER TABLE "tokenkit"."{table}" DISABLE ROW LEVEL SECURITY' in said
        finally:
            connection.execute("DROP OWNED BY tokenkit_app; DROP ROLE tokenkit_app")


@real
@pytest.mark.parametrize("holds", ["LOCK TABLE tokenkit.record", "SELECT pg_advisory_xact_lock(hashtext(%s))"])
def test_a_migration_gives_up_soon_where_somebody_holds_the_tables_or_its_lock(configured, run, monkeypatch, holds):
    """What programs save would have to wait behind it, for as long as an administrator keeps a transaction open."""
    run("store", "init")
    monkeypatch.setattr("tokenkit.store.postgres.schema.LOCKED_FOR", 0.1)
    with psycopg.connect(configured) as connection:
        connection.execute("DELETE FROM tokenkit.migration WHERE version = 3")
        connection.execute("DROP TRIGGER tell ON tokenkit.record; DROP TRIGGER tell_removed ON tokenkit.record")
        connection.execute("DROP FUNCTION tokenkit.tell")
        connection.commit()
        connection.execute(holds, ["tokenkit tokenkit"] if "%s" in holds else None)
        code, said = run("store", "migrate")
        assert (code, "this one gave up: nothing was changed" in said) == (6, True)
    assert run("store", "migrate")[0] == 0


@real
def test_a_server_that_confirms_what_it_has_not_written_is_refused(configured, run):
    run("store", "init")
    url = configured + "&options=-csynchronous_commit%3Doff"
    with pytest.raises(StoreUnavailable, match="has not written yet"):
        PostgresStore(Address(url, "the test")).load(GRANT)


@real
def test_a_shared_store_never_makes_a_key(configured, run):
    """R28: two machines on an empty database would make two keys, and each could open its own records only."""
    run("store", "init")
    with TokenKit() as kit, pytest.raises(KeyUnavailable, match="needs the same key on each") as caught:
        kit.records.probe()
    assert "--replace" not in caught.value.hint
    assert kit.records.ring.source.load() is None
    code, said = run("key", "list")
    assert (code, "tokenkit key export" in said) == (6, True)


SECRET = ["password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"]


@pytest.mark.parametrize("setting", [f"{name}=hunter2&" for name in SECRET])
def test_a_password_in_the_address_is_refused_and_not_repeated(setting, monkeypatch):
    monkeypatch.setenv("TOKENKIT_STORE", f"postgresql://app@/db?{setting}")
    with pytest.raises(ConfigurationError, match="holds a password") as caught:
        TokenKit()
    assert "hunter2" not in f"{caught.value!r} {caught.value.hint}"


@pytest.mark.parametrize(
    "url", ["postgresql://app:hunter2@db/x", "postgresql://app@db:hunter2/x", "mysql://hunter2@db"]
)
def test_no_error_repeats_the_address_of_the_file(url, home):
    folder = home / ".config" / "tokenkit"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(f'store = "{url}"\n')
    with pytest.raises(ConfigurationError, match="line store in") as caught:
        TokenKit()
    assert "hunter2" not in f"{caught.value!r} {caught.value.hint}"


@pytest.mark.parametrize(
    ("url", "environ"),
    [
        ("postgresql://app@db.example.com/x?sslmode=require", {}),
        ("postgresql://app@127.0.0.1,db.example.com/x?sslmode=disable", {}),
        ("postgresql://app@localhost/x?hostaddr=192.0.2.1&sslmode=prefer", {}),
        ("postgresql:///x?sslmode=allow", {"PGHOST": "db.example.com"}),
        ("postgresql:///x?service=s&sslmode=verify-ca", {}),
    ],
)
def test_a_connection_that_leaves_the_machine_proves_the_servers_name(url, environ, monkeypatch):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match="another machine could pose"):
        Address(url, "the test")


def test_the_environment_cannot_weaken_that(monkeypatch):
    monkeypatch.setenv("PGSSLMODE", "disable")
    assert Address("postgresql://app@db.example.com/x", "the test")._settings["sslmode"] == "verify-full"


def test_the_host_of_the_environment_is_what_was_looked_at(monkeypatch):
    monkeypatch.setenv("PGHOST", "db.example.com")
    address = Address("postgresql://app@/x", "the test")
    assert (address._settings["host"], address._settings["sslmode"]) == ("db.example.com", "verify-full")


def test_white_space_around_an_address_is_none_of_it():
    """Files of variables have it at the end of a line."""
    assert Address(" postgresql://app@localhost/x\r\n", "the test")._settings["dbname"] == "x"


def test_a_parameter_with_a_typo_is_named_by_what_was_meant():
    with pytest.raises(ConfigurationError) as caught:
        Address("postgresql://app@localhost/x?sslmod=hunter2", "the test")
    assert caught.value.hint == "one of its parameters is none of PostgreSQL's: did you mean sslmode?"


def test_a_parameter_that_only_another_program_reads_is_said_to_be_left_out():
    with pytest.raises(ConfigurationError) as caught:
        Address("postgresql://app@localhost/x?pgbouncer=true", "the test")
    assert "leave out what only another program reads" in caught.value.hint


def test_an_address_past_a_pooler_alone_is_refused(monkeypatch):
    """Files in its place would be a store of this machine alone."""
    monkeypatch.setenv("TOKENKIT_STORE_DIRECT", "postgresql://app@localhost/x")
    with pytest.raises(ConfigurationError, match="no address of the store itself") as caught:
        TokenKit()
    assert caught.value.hint == "export TOKENKIT_STORE=postgresql://USER@HOST/DATABASE"


def test_a_line_with_a_typo_is_not_taken_for_none(home):
    folder = home / ".config" / "tokenkit"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('stor = "postgresql://app@localhost/x"\n')
    with pytest.raises(ConfigurationError) as caught:
        TokenKit()
    assert "did you mean store" in caught.value.hint


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        (lambda url: url.replace("/postgres?", "/nosuch?"), "createdb nosuch"),
        (lambda url: url.replace("postgres:@", "nosuch@"), "createuser nosuch"),
        (lambda url: f"{url}&options=-cdefault_transaction_read_only%3Don", "name the primary server"),
        (lambda url: f"{url}&connect_timeout=soon", "correct it in the address"),
        (lambda url: f"{url}&service=nosuch&sslmode=verify-full", "correct it in the address"),
        (lambda url: f"{url}&options=-cstatement_timeout%3D1", "SET statement_timeout"),
        (lambda url: f"{url}&options=-cnosuch%3D1", "correct it in the address"),
        (lambda _: f"postgresql://u@{'h' * 64}/d", "name of the host"),
        (lambda _: "postgresql://u@db..example.com/d", "name of the host"),
    ],
)
@real
def test_an_error_names_what_helps_against_its_cause(configured, run, change, hint, monkeypatch):
    run("store", "init")
    monkeypatch.setenv("TOKENKIT_STORE", change(configured))
    code, said = run("list")
    assert code == 6
    assert hint in said


@real
def test_an_address_past_a_pooler_that_leads_nowhere_is_named(configured, run, key, monkeypatch):
    """All that needs no lease works without it, and the first token that has ended would be the first to say so."""
    run("store", "init")
    monkeypatch.setenv("TOKENKIT_STORE_DIRECT", "postgresql://app@127.0.0.1:1/x")
    for command in (("store", "status"), ("audit",)):
        code, said = run(*command)
        assert code
        assert "cannot be reached by the variable TOKENKIT_STORE_DIRECT: " in said


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("fe_sendauth: no password supplied", "~/.pgpass"),
        ('FATAL:  Peer authentication failed for user "app"', "as the user of this system"),
        ('FATAL:  no pg_hba.conf entry for host "192.0.2.1", user "app", no encryption', "pg_hba.conf"),
        ('FATAL:  pg_hba.conf rejects connection for host "h", user "app", no encryption', "by hostssl"),
        ("FATAL:  sorry, too many clients already", "max_connections"),
        ("FATAL:  no more connections allowed (max_client_conn)", "max_client_conn in the settings of PgBouncer"),
        ("FATAL:  unsupported startup parameter: options", "take it out of the address"),
        ('FATAL:  database "my-db" does not exist', "createdb my-db"),
        ('FATAL:  role "my app" does not exist', "createuser 'my app'"),
        ('FATAL:  too many connections for role "my-app"', 'ALTER ROLE "my-app" CONNECTION LIMIT -1'),
        ('FATAL:  too many connections for role "app"', 'ALTER ROLE "app" CONNECTION LIMIT -1'),
        ('FATAL:  role "app" is not permitted to log in', 'ALTER ROLE "app" LOGIN'),
        ('FATAL:  permission denied for database "db"', 'GRANT CONNECT ON DATABASE "db"'),
        ('FATAL:  database "db" is not currently accepting connections', 'ALTER DATABASE "db" ALLOW_CONNECTIONS true'),
        ("FATAL:  the database system is starting up", "try again"),
        ("FATAL:  the database system is not yet accepting connections", "try again"),
        ("FATAL:  the database system is not accepting connections", "name the primary server"),
        ("session is read-only", "ALTER ROLE ROLE SET default_transaction_read_only = off"),
        ("SSL error: certificate verify failed", "sslrootcert=FILE"),
        ("SSL error: certificate verify failed", "has ended"),
        ("SSL error: certificate verify failed", "clock"),
        (
            'server certificate for "db" (and 1 other name) does not match host name "h"',
            "write the host in the address",
        ),
        ('private key file "/a key" has group or world access; file must', "chmod 600 '/a key'"),
        ("FATAL:  connection requires a valid client certificate", "sslcert=FILE"),
        ('FATAL:  certificate authentication failed for user "app"', "sslcert=FILE"),
        ('certificate present, but not private key file "/a key"', "sslkey=FILE"),
        ('could not load private key file "/a key": processing error', "without a passphrase"),
        ("server does not support SSL, but SSL was required", "ssl = on"),
        ("failed to resolve host 'db.exmaple.com': [Errno -2] Name or service not known", "name of the host"),
        ('connection is bad: invalid sslmode value: "bogus"', "correct it in the address"),
        ("Connection refused", "check that the server runs"),
        ("server closed the connection unexpectedly", "check that the server runs"),
    ],
)
def test_each_cause_of_a_refused_connection_has_a_hint_of_its_own(said, hint):
    error = not_connected(psycopg.OperationalError(f'connection to server at "h", port 5432 failed: {said}'))
    assert hint in error.hint
    assert said.removeprefix("connection is bad: ") in str(error)


@pytest.mark.parametrize(
    ("variables", "told", "hint"),
    [
        ({"PGPASSFILE": "/run/secrets/pgpass"}, "", "chmod 600 /run/secrets/pgpass"),
        ({"PGPASSFILE": "/a place"}, "", "PASSWORD into '/a place', and"),
        ({}, '\npassword retrieved from file "/named/in/the/address"', "chmod 600 /named/in/the/address"),
        ({"PGPASSWORD": "of-before", "PGPASSFILE": "/not/looked/at"}, "", "correct the variable PGPASSWORD, and start"),
    ],
)
def test_a_password_that_is_refused_is_to_be_corrected_where_it_was_looked_for(variables, told, hint, monkeypatch):
    """It was changed at the server, and here in another place it would change nothing."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    said = f'connection to server at "h" failed: FATAL:  password authentication failed for user "app"{told}'
    error = not_connected(psycopg.OperationalError(said))
    assert hint in error.hint
    assert "of-before" not in f"{error}{error.hint}"


@real
def test_a_table_that_is_missing_is_said(configured, run, key):
    run("store", "init")
    with psycopg.connect(configured, autocommit=True) as connection:
        connection.execute("DROP TABLE tokenkit.record")
    code, said = run("list")
    assert (code, "a table of tokenkit lacks in the database" in said) == (6, True)


def test_a_database_that_is_away_says_so_without_a_secret(monkeypatch, tmp_path):
    passwords = tmp_path / "pgpass"
    passwords.write_text("*:*:*:*:hunter2\n")
    passwords.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    with pytest.raises(StoreUnavailable, match="cannot be reached") as caught:
        PostgresStore(Address("postgresql://app@127.0.0.1:1/x", "the test")).load(GRANT)
    assert "hunter2" not in f"{caught.value!r} {caught.value.hint} {caught.value.__context__!r}"


WITHOUT_PSYCOPG = """
import sys
sys.modules["psycopg"] = None
from tokenkit.cli.app import main
for line in sys.stdin:
    try:
        main(line.split())
    except SystemExit as ended:
        print(line.strip(), ended.code)
"""


def test_without_psycopg_every_command_says_how_to_install_it(monkeypatch):
    copy = ["store copy postgresql://app@localhost/x"]
    for address, commands in (("postgresql://app@localhost/x", COMMANDS), ("", copy)):
        done = subprocess.run(
            [sys.executable, "-c", WITHOUT_PSYCOPG],
            input="\n".join(commands),
            env=os.environ | {"TOKENKIT_STORE": address},
            capture_output=True,
            text=True,
        )
        ends = [line for line in done.stdout.splitlines() if line[:-2] in commands]
        assert ends == [f"{command} {1 if command == 'audit' else 3}" for command in commands]
        said = done.stderr.count("hint: python -m pip install 'tokenkit-oauth[postgres]'")
        assert said == len(commands) - ("audit" in commands)
        assert ("→ python -m pip install 'tokenkit-oauth[postgres]'" in done.stdout) == ("audit" in commands)


def test_without_a_variable_or_a_line_the_records_are_files():
    assert isinstance(TokenKit().records.store, FileStore)


def test_the_fast_path_stands_aside_where_the_file_names_a_store(home):
    """Records that lie in files from before the move would be served from there for ever."""
    folder = home / ".config" / "tokenkit"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('store = "postgresql:///x"\n')
    assert fast_path._stored("google/me@example.com") is None
    assert "TOKENKIT_STORE" in fast_path.FOREIGN
