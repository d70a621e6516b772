"""How many refreshes a second some workers make together, beside the bare statements that a refresh must have."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil
import psycopg
from figures import Row, number, row
from place import ME, Place, place
from slow_authority import slow_authority
from tokenkit import AccessToken, TokenKit
from tokenkit.grant import Grant, grant_to_bytes
from tokenkit.seal import b64url_encode
from tokenkit.store import Name

sys.path.append(str(Path(__file__).resolve().parents[1]))

from postgres_server import own_server

WORKERS = (1, 2, 4)
DELAYS = (0.0, 0.05)
"""Seconds that the provider takes to answer."""

SCRIPT = str(Path(__file__).with_name("worker_process.py"))


class Run(NamedTuple):
    """What some workers did: refreshes a second, and for each the CPU milliseconds of the workers and of the server.

    `log` is the kB that the server logged for each, and `size` the kB that an account takes in the tables.
    """

    rate: float
    worker: float
    server: float
    log: float
    size: float


def rows(full: bool) -> tuple[list[Row], str]:
    """The lines of the table, and the table of CPU times."""
    rounds, accounts = (5, 1_200) if full else (3, 400)
    found, costs = list[Row](), []
    with tempfile.TemporaryDirectory() as home, own_server() as url:
        for delay in DELAYS:
            with slow_authority(delay=delay) as address, place(f"{home}/{delay}", server=address) as here:
                for workers in WORKERS:
                    line, cost = measured(here, url, delay, workers, accounts, rounds)
                    found.append(line)
                    costs.append(cost)

    return found, "\n".join((*HEAD, *costs))


_LOGGED = "SELECT pg_current_wal_lsn() - '0/0'::pg_lsn"
_SIZE = """SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r'
    AND relnamespace = 'tokenkit'::regnamespace AND relname IN ('record', 'due', 'lease', 'accounts')"""


HEAD = (
    "| workers | the provider answers in | refreshes a second | CPU of the workers for each | of the server "
    "| logged | size | the bare statements |",
    "|---|---|---|---|---|---|---|---|",
)


def measured(here: Place, url: str, delay: float, workers: int, accounts: int, rounds: int) -> tuple[Row, str]:
    environ = {**here.environ, "TOKENKIT_STORE": url, "TOKENKIT_KEY": b64url_encode(bytes(range(32))).decode()}
    grant = here.kit().records.get(ME).grant
    runs: dict[str, list[Run]] = defaultdict(list)
    for _ in range(rounds):
        for kind in ("ours", "bare"):
            fill(url, environ, grant, accounts)
            runs[kind].append(run(kind, workers, environ, url, here.token_url, accounts))
    taken = {"ours": [one.rate for one in runs["ours"]], "reference": [one.rate for one in runs["bare"]]}
    takes = f"{delay * 1e3:.0f} ms"
    who = f"{workers} worker" + ("s" if workers > 1 else "")
    work = f"refreshes a second, {who}, a provider that takes {takes}"
    line = row(work, "claim, select, POST and update, bare", taken, unit="/s")
    ours, bare = median(runs["ours"]), median(runs["bare"])
    return line, (
        f"| {workers} | {takes} | {number(ours.rate)} | {number(ours.worker)} ms | {number(ours.server)} ms "
        f"| {number(ours.log)} kB | {number(ours.size)} kB "
        f"| {number(bare.rate)} a second; {number(bare.worker)} and {number(bare.server)} ms |"
    )


def median(runs: list[Run]) -> Run:
    return Run(*(sorted(values)[len(values) // 2] for values in zip(*runs, strict=True)))


def fill(url: str, environ: dict[str, str], grant: Grant, accounts: int) -> None:
    """Make the tables anew, with a copy of the one grant for each owner, whose token is about to end."""
    from tokenkit.store.postgres import schema
    from tokenkit.store.postgres.address import Address

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET client_min_messages = warning; DROP SCHEMA IF EXISTS tokenkit CASCADE")
    schema.init(Address(url, "the bench"))
    now = time.time()
    closing = AccessToken("x" * 200, expires_at=now + 200, obtained_at=now - 3400)
    data = grant_to_bytes(grant.renewed(access_tokens={"": closing}, generation=0))
    with TokenKit(environ=environ, background=False) as kit:
        for each in range(accounts):
            name = Name("grant", f"person-{each}", str(ME))
            kit.records.store.save(name, kit.records.ring.seal_record(name, data), replaces=None, due=now - each)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def run(kind: str, workers: int, environ: dict[str, str], url: str, token_url: str, accounts: int) -> Run:
    processes = [
        subprocess.Popen(
            [sys.executable, SCRIPT, kind, str(each), str(workers), token_url],
            env={**environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for each in range(workers)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    logged = asked(url, _LOGGED)
    before, began = server_cpu(url), time.perf_counter()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    found = [json.loads(process.stdout.readline()) for process in processes if process.stdout]
    took, after = time.perf_counter() - began, server_cpu(url)
    for process in processes:
        process.communicate()
    assert sum(each["done"] for each in found) == accounts, found
    worker = sum(each["cpu"] for each in found)
    log = (asked(url, _LOGGED) - logged) / accounts / 1e3
    size = asked(url, _SIZE) / accounts / 1e3
    return Run(accounts / took, worker / accounts * 1e3, (after - before) / accounts * 1e3, log, size)


def asked(url: str, statement: str) -> float:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(statement).fetchone()
        assert row is not None
        return float(row[0])


def server_cpu(url: str) -> float:
    """Seconds of all processes of the server, of those that have ended, too: their parent has waited for them."""
    folder = url.partition("host=")[2]
    postmaster = psutil.Process(int(Path(folder, "postmaster.pid").read_text().splitlines()[0]))
    times = postmaster.cpu_times()
    total = times.user + times.system + times.children_user + times.children_system
    for child in postmaster.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            total += child.cpu_times().user + child.cpu_times().system
    return total


if __name__ == "__main__":
    print(rows("--full" in sys.argv)[1])
