"""Reading and saving one grant, whatever the number of accounts; and listing ten thousand of them."""

import importlib
import json
import os
import time
from binascii import a2b_base64
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap
from figures import Measure, Row, compare
from libraries import NAMES, There
from place import CLIENT, ME, Place
from process import TOKENKIT, run
from tokenkit import AccessToken
from tokenkit.audit import Inventory, audit
from tokenkit.grant import grant_to_bytes
from tokenkit.grants.sealed_store import SealedStore
from tokenkit.keys.choice import key_source
from tokenkit.keys.ring import KeyRing
from tokenkit.paths import folders
from tokenkit.store.files import FileStore

URL_SAFE = bytes.maketrans(b"-_", b"+/")
SIZES = (1, 100, 1_000, 10_000)


def rows(place: Place, rounds: int) -> list[Row]:
    """The home grows from one account to ten thousand on the way."""
    result = []
    for size in SIZES:
        place.multiply(size)
        result += [reading(place, size, rounds), saving(place, size, rounds)]
    return [*result, *listing(place, SIZES[-1])]


def reading(place: Place, size: int, rounds: int) -> Row:
    key, iv = AESGCM.generate_key(256), os.urandom(12)
    sealed = AESGCM(key).encrypt(iv, grant_to_bytes(place.kit().records.get(ME).grant), None)
    beside = os.path.join(place.environ["HOME"], "grant.bin")
    with open(beside, "wb") as file:
        file.write(sealed)
    return compare(
        f"opening the store and reading one grant, {size:,} accounts",
        partial(microseconds, lambda: opened(place).get(ME)),
        "the same files, nothing checked",
        partial(microseconds, partial(bare_read, *files(place))),
        unit="µs CPU",
        limit=1.5,
        others={
            "AES-GCM decrypt + json of as many bytes, out of a file": partial(
                microseconds, lambda: json.loads(AESGCM(key).decrypt(iv, bare_file(beside), None))
            ),
            "with a `TokenKit` made for it": partial(microseconds, lambda: place.kit().records.get(ME)),
            **{name: library.reading() for name, library in peers(place, size).items()},
        },
        rounds=rounds,
    )


def opened(place: Place) -> SealedStore:
    """The store and its key, as a new process opens them."""
    where = folders(environ=place.environ)
    ring = KeyRing(key_source(where, place.environ), "tokenkit")
    return SealedStore(FileStore(where.tokens, where.state), ring)


class Peer(NamedTuple):
    """A library's own file, with one token in it, or with many."""

    module: ModuleType
    there: There
    times: int

    def opened(self) -> object:
        library = self.module.Library(self.there)
        return library if self.module.READS_AT_START else library.load()

    def reading(self) -> Measure:
        return partial(microseconds, self.opened, self.times)

    def saving(self) -> Measure:
        return partial(wall, partial(self.module.Library(self.there).save, 1), self.times)


def peers(place: Place, size: int) -> dict[str, Peer]:
    """The others. All but msal keep one token a file, as their users do: so only where we have one account, too.

    Of mcp the start makes an HTTP client, which is not what is asked here.
    """
    asked = {name: module for name, module in NAMES.items() if name not in ("tokenkit", "mcp")}
    if size > 1:
        asked = {"msal + extensions": asked["msal + extensions"]}
    found = {}
    for name, module in asked.items():
        path = os.path.join(place.environ["HOME"], f"{module}-{size}.json")
        there = There(path, place.token_url, CLIENT.client_id, "secret")
        found[name] = Peer(importlib.import_module(f"libraries.{module}"), there, 20 if size <= 100 else 2)
        Path(path).unlink(missing_ok=True)  # else the copies that another row has made would be multiplied
        found[name].module.seed(there, "refresh")
        if size > 1:
            found[name].module.multiply(there, size)
    return found


def files(place: Place) -> tuple[str, str]:
    """The key file, and the record of the account."""
    where = folders(environ=place.environ)
    return os.path.join(where.data, "keys.json"), os.path.join(where.tokens, "google", f"{ME.name}.jwe")


def bare_read(key_file: str, record: str) -> object:
    """The least that Python does to read a record: no folder is looked for, no file checked, no name compared."""
    return bare_open(bare_keys(key_file), bare_file(record))


def bare_keys(key_file: str) -> dict[str, bytes]:
    return bare_keys_in(bare_file(key_file))


def bare_keys_in(document: bytes) -> dict[str, bytes]:
    return {key["kid"]: decoded(key["k"].encode()) for key in json.loads(document)["keys"]}


def bare_open(keys: dict[str, bytes], record: bytes) -> object:
    return json.loads(bare_unseal(keys, record))


def bare_unseal(keys: dict[str, bytes], record: bytes) -> bytes:
    parts = record.split(b".")
    header, wrapped, iv, ciphertext, tag = map(decoded, parts)
    content_key = aes_key_unwrap(keys[json.loads(header)["kid"]], wrapped)
    return AESGCM(content_key).decrypt(iv, ciphertext + tag, parts[0])


def bare_file(path: str) -> bytes:
    fd = os.open(path, os.O_RDONLY)
    try:
        return os.read(fd, os.fstat(fd).st_size)
    finally:
        os.close(fd)


def decoded(text: bytes) -> bytes:
    return a2b_base64(text.translate(URL_SAFE) + b"===")


def saving(place: Place, size: int, rounds: int) -> Row:
    records = place.kit().records
    path = f"{files(place)[1]}.bare"  # in the same folder, however many files that has
    token = AccessToken("x" * 200, expires_at=2e9, obtained_at=time.time())
    held = records.get(ME)
    data = os.urandom(records.save(ME, held.grant.renewed(access_tokens={"": token}), replaces=held.version).size)

    def save() -> None:
        held = records.get(ME)
        began = time.perf_counter()
        records.save(ME, held.grant.renewed(access_tokens={"": token}), replaces=held.version)
        taken.append(time.perf_counter() - began)

    taken: list[float] = []

    def ours() -> float:
        taken.clear()
        for _ in range(20):
            save()
        return sum(taken) / 20 * 1e6

    bare = partial(wall, partial(bare_save, path, data))

    row = compare(
        f"saving one refreshed grant durably, {size:,} accounts",
        ours,
        "write + fsync + rename + fsync of the folder",
        bare,
        unit="µs",
        limit=1.5,
        others={name: library.saving() for name, library in peers(place, size).items()},
        rounds=3 * rounds if size <= 100 else rounds,
    )
    os.unlink(path)
    return row


def wall(call: Callable[[], object], times: int = 20) -> float:
    began = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - began) / times * 1e6


def bare_save(path: str, data: bytes) -> None:
    fd = os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.write(fd, data)
    os.fsync(fd)
    os.close(fd)
    os.rename(path + ".new", path)
    folder = os.open(os.path.dirname(path), os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def listing(place: Place, size: int) -> list[Row]:
    folder = os.path.join(place.environ["HOME"], ".tokenkit", "tokens", "google")

    def ours() -> float:
        kit = place.kit()
        began = time.process_time()
        assert len(list(kit.statuses())) == size
        return (time.process_time() - began) * 1e3

    def bare() -> float:
        began = time.process_time()
        for entry in os.listdir(folder):
            with open(os.path.join(folder, entry), "rb") as file:
                file.read()
        return (time.process_time() - began) * 1e3

    def unchecked() -> float:
        began = time.process_time()
        keys = bare_keys(files(place)[0])
        for entry in os.listdir(folder):
            bare_open(keys, bare_file(os.path.join(folder, entry)))
        return (time.process_time() - began) * 1e3

    def auditing() -> float:
        scene = Inventory(place.kit())
        began = time.process_time()
        assert audit(scene).findings  # they are copies of one grant, and that is told
        return (time.process_time() - began) * 1e3

    command = [TOKENKIT, "list"]  # at most 5: to open and parse what is read takes 3.6 by itself, unchecked
    return [
        compare(f"how {size:,} accounts stand, in process", ours, f"reading {size:,} files", bare,
                unit="ms CPU", limit=None, rounds=3, others={"the files, nothing checked": unchecked}),
        compare(f"`tokenkit list` of {size:,} accounts", lambda: run(command, place.environ)[0],
                f"reading {size:,} files", bare, unit="ms CPU", limit=5, rounds=3),
        compare(f"`tokenkit list` of {size:,} accounts, peak memory", lambda: run(command, place.environ)[1],
                "100 MB", lambda: 100.0, unit="MB", limit=1, rounds=3),
        compare(f"the audit of {size:,} accounts, in process", auditing,
                f"how {size:,} accounts stand", ours, unit="ms CPU", limit=None, rounds=3),
    ]  # fmt: skip


def microseconds(call: Callable[[], object], times: int = 200) -> float:
    began = time.thread_time_ns()
    for _ in range(times):
        call()
    return (time.thread_time_ns() - began) / times / 1e3
