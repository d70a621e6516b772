"""One worker of the bench: it refreshes its share of what is due, as soon as it is told to.

usage: worker_process.py ours|bare NUMBER WORKERS TOKEN_URL     prints "ready", reads a line, prints what it did as JSON
"""

import http.client
import importlib
import json
import os
import resource
import sys
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from urllib.parse import urlencode, urlsplit

import psycopg
from tokenkit import TokenKit
from tokenkit.worker.worker import Worker

THREADS = 32
CONNECTIONS = 4
"""As many as our store opens."""

LOADED = ("tokenkit.grants.leased_refresh", "tokenkit.grants.heard", "tokenkit.net.http")
"""What the first refresh of a process loads."""


def main() -> None:
    kind, number, workers, token_url = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    work = ours() if kind == "ours" else bare(number, workers, token_url)
    next(work)
    print("ready", flush=True)
    sys.stdin.readline()
    before = cpu()
    done = next(work)
    print(json.dumps({"done": done, "cpu": cpu() - before}), flush=True)
    sys.stdin.readline()  # until the time that its connections took was read at the server


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def ours():
    """A worker that has begun to work: what a process loads and opens once is no part of a refresh."""
    with TokenKit() as kit, ThreadPoolExecutor(CONNECTIONS) as pool:
        worker = Worker(kit, limit=1e6)
        kit.records.ring.current()
        kit.provider("google")
        worker._schedule.first()
        for module in LOADED:
            importlib.import_module(module)
        ask = kit.records.store._connections.ask
        list(pool.map(ask, ["SELECT pg_catalog.pg_sleep(0.2)"] * CONNECTIONS))
        yield
        worker.run_once()
        yield worker.figures.total("refreshed")


def bare(number: int, workers: int, token_url: str):
    """Claim, read, post and write, with nothing between: no lease, no note, no check, nothing opened or sealed."""
    connections: SimpleQueue[psycopg.Connection] = SimpleQueue()
    for _ in range(CONNECTIONS):
        connections.put(psycopg.connect(os.environ["TOKENKIT_STORE"], autocommit=True))
    where = urlsplit(token_url)
    form = urlencode({"grant_type": "refresh_token", "refresh_token": "x" * 60, "client_id": "x" * 40})

    def ask(statement: str, *values: object) -> list[tuple]:
        connection = connections.get()
        try:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []
        finally:
            connections.put(connection)

    def refresh(row: tuple) -> None:
        owner, id = row
        data, version = ask("SELECT data, version FROM tokenkit.record WHERE owner = %s AND id = %s", owner, id)[0]
        server = http.client.HTTPConnection(where.hostname, where.port)
        server.request("POST", where.path, form, {"Content-Type": "application/x-www-form-urlencoded"})
        json.loads(server.getresponse().read())
        server.close()
        ask(
            "UPDATE tokenkit.record SET data = %s, version = gen_random_uuid() "
            "WHERE owner = %s AND id = %s AND version = %s",
            data,
            owner,
            id,
            version,
        )

    yield
    done = 0
    with ThreadPoolExecutor(THREADS) as pool:
        while rows := ask(
            "UPDATE tokenkit.due AS d SET at = 9e9 FROM (SELECT owner, id FROM tokenkit.due WHERE at < 8e9 "
            "ORDER BY at LIMIT 64 FOR UPDATE SKIP LOCKED) AS f WHERE d.owner = f.owner AND d.id = f.id "
            "RETURNING d.owner, d.id"
        ):
            done += len(list(pool.map(refresh, rows)))
    yield done


if __name__ == "__main__":
    main()
