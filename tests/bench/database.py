"""Asking, looking and saving with the accounts in PostgreSQL, each beside the bare statement, whatever their number."""

import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psycopg
from figures import Row, compare
from hot import per_call
from place import ME, Place
from tokenkit import TokenKit
from tokenkit.grant import grant_to_bytes
from tokenkit.grants.sealed_store import grant_name
from tokenkit.seal import b64url_encode

sys.path.append(str(Path(__file__).resolve().parents[1]))

from postgres_server import own_server

NAME = str(ME)
SIZES = (1, 1_000, 100_000)
MANY = 1_000
SEALED = 1553
"""Bytes of a usual record."""

_THIS = "kind = 'grant' AND owner = '' AND id = %s"
_LOAD = f"SELECT data, version FROM tokenkit.record WHERE {_THIS}"
_LOOK = f"SELECT version FROM tokenkit.record WHERE {_THIS} AND data IS NOT NULL"
_SAVE = f"UPDATE bare.record SET data = %s, version = gen_random_uuid() WHERE {_THIS} RETURNING 1"
_MORE = """INSERT INTO tokenkit.record (kind, owner, id, data, version)
    SELECT 'grant', '', convert_to('google/' || lpad(n::text, 6, '0') || '@example.com', 'UTF8'), %s, gen_random_uuid()
    FROM generate_series(1, %s) AS n ON CONFLICT DO NOTHING"""

_ONE_MORE = """INSERT INTO tokenkit.record (kind, owner, id, data, version)
    VALUES ('grant', 'many', %s, %s, gen_random_uuid())"""
_ALL = "SELECT data, version FROM tokenkit.record WHERE kind = 'grant' AND owner = 'many'"


def rows(place: Place, rounds: int) -> list[Row]:
    """A database of our own, which grows from one account to a hundred thousand on the way."""
    from tokenkit.store.postgres import schema
    from tokenkit.store.postgres.address import Address

    with own_server() as url, psycopg.connect(url, autocommit=True, prepare_threshold=None) as bare:
        schema.init(Address(url, "the bench"))
        key = b64url_encode(bytes(range(32))).decode()
        environ = {**place.environ, "TOKENKIT_STORE": url, "TOKENKIT_KEY": key}
        with TokenKit(environ=environ, background=False) as kit, place.kit() as files:
            kit.records.save(ME, place.kit().records.get(ME).grant, replaces=None)
            bare.execute("CREATE SCHEMA bare; CREATE TABLE bare.record (LIKE tokenkit.record INCLUDING ALL)")
            result = list[Row]()
            for size in SIZES:
                bare.execute(_MORE, (os.urandom(SEALED), size - 1))
                bare.execute("INSERT INTO bare.record SELECT * FROM tokenkit.record ON CONFLICT DO NOTHING")
                bare.execute("VACUUM ANALYZE")
                result += of_size(kit, files, bare, size, rounds)
            return [*result, all_of_one_owner(kit, bare, rounds)]


def of_size(
    kit: TokenKit, files: TokenKit, bare: "psycopg.Connection[tuple[object, ...]]", size: int, rounds: int
) -> list[Row]:
    store, name, id = kit.records.store, grant_name(ME), NAME.encode()
    words = f"{size:,} account{'s' * (size > 1)} in PostgreSQL"

    def cold() -> None:
        kit._cache.forget()
        kit.token(NAME)

    def saved() -> None:
        held = kit.records.get(ME)
        kit.records.save(ME, held.grant, replaces=held.version)

    def saved_bare() -> None:
        bare.execute(_LOAD, (id,)).fetchone()
        bare.execute(_SAVE, (os.urandom(SEALED), id)).fetchone()

    def line(work: str, ours: Callable[[], object], beside: str, reference: Callable[[], object], times: int) -> Row:
        return compare(
            f"{work}, {words}", partial(microseconds, ours, times), beside, partial(microseconds, reference, times),
            unit="µs", rounds=rounds,
        )  # fmt: skip

    def hot(asked: TokenKit) -> float:
        asked._cache.forget()
        asked.token(NAME)
        return per_call(asked, NAME, False)

    kit.token(NAME)
    select = partial(lambda: bare.execute(_LOAD, (id,)).fetchone())
    look = partial(lambda: bare.execute(_LOOK, (id,)).fetchone())
    found = [
        line("a cold `kit.token()`", cold, "one bare SELECT of the record", select, 100),
        compare(f"`kit.token()` in memory, {words}", partial(hot, kit), "the same with files", partial(hot, files),
                unit="ns", rounds=rounds),
        line("a look, asked", lambda: store.version(name), "one bare SELECT of the version", look, 200),
    ]  # fmt: skip
    listens(lambda: store.versions([name]))
    return [
        *found,
        line("a look, while changes are told", lambda: store.versions([name]), "the same", look, 200),
        line("loading and saving a grant", saved, "one bare SELECT and UPDATE", saved_bare, 60),
    ]


def all_of_one_owner(kit: TokenKit, bare: "psycopg.Connection[tuple[object, ...]]", rounds: int) -> Row:
    """An owner with many accounts, each the copy of one; over a line of 1 ms each statement takes that time longer."""
    theirs = kit.for_owner("many")
    plaintext = grant_to_bytes(kit.records.get(ME).grant)
    for number in range(MANY):
        name = grant_name(ME._replace(name=f"copy{number}@example.com", owner="many"))
        sealed = kit.records.ring.seal_record(name, plaintext)
        bare.execute(_ONE_MORE, (name.id.encode(), sealed))
    assert len(theirs.statuses()) == MANY
    return compare(
        f"how {MANY:,} accounts stand, of 100,000 in PostgreSQL", partial(microseconds, theirs.statuses, 1),
        "one bare SELECT of their records", partial(microseconds, lambda: bare.execute(_ALL).fetchall(), 1),
        unit="µs", rounds=rounds,
    )  # fmt: skip


def listens(look: Callable[[], object]) -> None:
    """Look until changes are told."""
    for _ in range(30):
        look()
        time.sleep(0.1)


def microseconds(call: Callable[[], object], times: int) -> float:
    """Return the wall time of one call; the least of three tries, for others use the machine, too."""
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        for _ in range(times):
            call()
        best = min(best, (time.perf_counter() - began) / times * 1e6)
    return best
