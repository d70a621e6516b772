"""A PgBouncer of the tests' own, in transaction mode, in front of the server that `postgres_server` starts."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import real_parts
from patience import wait_until

SETTINGS = """[databases]
* = host={target} port=5432 user=postgres
[pgbouncer]
listen_addr =
listen_port = 5432
unix_socket_dir = {folder}
auth_type = any
pool_mode = {mode}
default_pool_size = {size}
max_client_conn = 500
server_lifetime = {lifetime}
"""


@contextmanager
def pgbouncer(url: str, *, size: int = 4, lifetime: int = 3600, mode: str = "transaction") -> Generator[str]:
    """Start one with `size` connections to the server, each used for `lifetime` seconds; yield the URL through it."""
    program = real_parts.command("pgbouncer", how="apt-get install pgbouncer")
    before, _, target = url.partition("host=")
    folder = tempfile.mkdtemp(prefix="tk-pool-", dir="/tmp")  # short, for a socket
    settings = Path(folder, "pgbouncer.ini")
    settings.write_text(SETTINGS.format(target=target, folder=folder, size=size, lifetime=lifetime, mode=mode))
    command = [*_as_user_of(target, folder), program, "-q", str(settings)]
    try:
        _start(folder, command)
        yield f"{before}host={folder}"
    finally:
        _kill(folder)
        shutil.rmtree(folder, ignore_errors=True)


def crash(url: str) -> None:
    """Kill the one that leads there, and start it again."""
    folder = url.partition("host=")[2]
    command = _kill(folder)
    Path(folder, ".s.PGSQL.5432").unlink()
    _start(folder, command)


_running: dict[str, "tuple[subprocess.Popen[bytes], list[str]]"] = {}
"""The process of each folder, and how it was started."""


def _start(folder: str, command: list[str]) -> None:
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    _running[folder] = process, command
    _wait_for(Path(folder, ".s.PGSQL.5432"), process)


def _kill(folder: str) -> list[str]:
    process, command = _running.pop(folder)
    process.kill()
    process.communicate()
    return command


def _as_user_of(target: str, folder: str) -> list[str]:
    """Return how to start it as the server's user, who alone may reach its socket; it refuses to run as root."""
    if os.geteuid() != 0:
        return []
    owner = os.stat(target)
    os.chown(folder, owner.st_uid, owner.st_gid)
    return ["setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups"]


def _wait_for(path: Path, process: "subprocess.Popen[bytes]") -> None:
    def is_there() -> bool:
        assert process.poll() is None, process.stderr and process.stderr.read()
        with socket.socket(socket.AF_UNIX) as trying:  # its file is there a moment before somebody listens
            return trying.connect_ex(str(path)) == 0

    wait_until(is_there)
