"""One process, many people: what an owner costs, and an account that was not asked for before."""

import json
import os
import pty
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

from figures import Row, compare, row
from many_owners import owner
from place import ME, Place, place
from process import TOKENKIT
from tokenkit import AccessToken, TokenKit
from tokenkit.grant import grant_to_bytes
from tokenkit.paths import file_name
from tokenkit.seal import seal

from store import bare_file, bare_keys, bare_open, files

ROUNDS = 3
COLD = (1_000, 100_000)
ASKED = 300
"""Accounts that are asked for in one measure, none of them twice."""


def rows(full: bool) -> list[Row]:
    return [*crowded(10_000 if full else 1_000), *cold(COLD if full else COLD[:1]), *listing()]


def crowded(owners: int) -> list[Row]:
    """All owners have a copy of one grant, whose provider does not rotate; each is refreshed once a round."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home, place(home, rotating=False) as here:
        populate(here, owners)
        script = str(Path(__file__).with_name("many_owners.py"))
        done = subprocess.run(
            [sys.executable, script, str(owners), str(ROUNDS)], env=here.environ, capture_output=True, check=True
        )
        found = json.loads(done.stdout)
    kilobytes = found["kilobytes"]
    each = f"{owners:,} owners that refreshed once"
    return [
        row(f"{each}: threads then", "1", one(found["threads"][0]), unit="threads", limit=64),
        row(f"{each}: threads at most", "1", one(max(found["most"])), unit="threads", limit=64),
        row(f"{each}: memory for each", "8 kB", one(kilobytes[0], 8.0), unit="kB", limit=1),
        row(f"{each}: memory after the third round", "after the second", one(kilobytes[2], kilobytes[1]),
            unit="kB", limit=1.1),
    ]  # fmt: skip


def one(ours: float, reference: float = 1.0) -> dict[str, list[float]]:
    return {"ours": [ours], "reference": [reference]}


def populate(here: Place, owners: int) -> None:
    """Give each owner a copy of the one grant, its token ended; nothing is fsynced."""
    kit = here.kit()
    grant = kit.records.get(ME).grant
    spent = AccessToken("spent", expires_at=3600.0, obtained_at=0.0)
    plaintext = grant_to_bytes(grant.renewed(access_tokens={"": spent}))
    key = kit.records.ring.current()
    for number in range(owners):
        folder = os.path.join(kit.folders.tokens, "@" + file_name(owner(number)), "google")
        os.makedirs(folder, mode=0o700)
        os.chmod(os.path.dirname(folder), 0o700)
        data = seal(plaintext, key, typ="grant", app="tokenkit", owner=owner(number), account=str(ME))
        fd = os.open(os.path.join(folder, file_name(ME.name) + ".jwe"), os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(fd, data)
        os.close(fd)
    os.sync()


def cold(sizes: tuple[int, ...]) -> list[Row]:
    found = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home, place(home) as here:
        for size in sizes:
            here.multiply(size)
            found.append(asked_first(here, size))
    return found


def asked_first(here: Place, size: int) -> Row:
    """Each account is asked for once, by a program that runs on; the log of it is written by a thread meanwhile."""
    kit = TokenKit(environ=here.environ)
    kit.token(str(ME))
    numbers = iter(range(1, size))
    keys, folder = bare_keys(files(here)[0]), os.path.join(kit.folders.tokens, "google")

    def per_account(ask: "partial[object]", numbers: list[int]) -> float:
        began = time.thread_time_ns()
        for number in numbers:
            ask(number)
        return (time.thread_time_ns() - began) / len(numbers) / 1e3

    def ours() -> float:
        part = [number for number, _ in zip(numbers, range(ASKED // 3), strict=False)]
        return per_account(partial(lambda number: kit.token(f"google/copy{number}@example.com")), part)

    def bare() -> float:
        paths = [os.path.join(folder, f"copy{number}@example.com.jwe") for number in range(1, ASKED)]
        return per_account(partial(lambda at: bare_open(keys, bare_file(paths[at]))), list(range(len(paths))))

    with kit:
        return compare(
            f"cold `kit.token()` among {size:,} accounts", ours, "the file, nothing checked", bare,
            unit="µs CPU", limit=3, rounds=8,
        )  # fmt: skip


def listing() -> list[Row]:
    found = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home, place(home) as here:
        here.multiply(10_000)
        for where, first in (("through a pipe", piped), ("on a terminal", shown)):
            measure = partial(first, here.environ, "list")
            found.append(
                compare(
                    f"`tokenkit list` of 10,000 accounts, the first of them {where}",
                    measure, "300 ms", lambda: 300.0, unit="ms", limit=1, rounds=5,
                    others={"`tokenkit --version`": partial(first, here.environ, "--version")},
                )
            )  # fmt: skip
    return found


def piped(environ: dict[str, str], command: str) -> float:
    """Milliseconds until the command's first line comes out of a pipe."""
    reading, writing = os.pipe()
    return first_line(environ, command, reading, writing)


def shown(environ: dict[str, str], command: str) -> float:
    """Milliseconds until the command's first line is on a terminal."""
    return first_line(environ, command, *pty.openpty())


def first_line(environ: dict[str, str], command: str, reading: int, writing: int) -> float:
    began = time.perf_counter()
    with subprocess.Popen([TOKENKIT, command], env=environ, stdout=writing) as process:
        os.close(writing)
        with open(reading, "rb", buffering=0) as printed:
            seen = printed.read(65536)
            while b"\n" not in seen:
                seen += printed.read(65536)
            took = (time.perf_counter() - began) * 1e3
            with suppress(OSError):  # EIO: the last program that held the terminal has ended
                while printed.read(65536):
                    pass
    assert process.returncode == 0
    return took
