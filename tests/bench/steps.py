"""Where the time goes where a limit is not kept: step by step, beside the least that Python can do for the same step.

The least reads the bytes, decrypts them and parses them: no folder is looked for, no file checked, no name compared.
"""

import contextlib
import io
import json
import os
import statistics
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap
from place import ME, Place
from process import TOKENKIT, run, script
from tokenkit import durable_file, private_file
from tokenkit.cli.account_list import print_accounts
from tokenkit.grant import grant_from_bytes, grant_to_bytes
from tokenkit.grants.sealed_store import StoredGrant, grant_name
from tokenkit.grants.status import status
from tokenkit.keys import jwks
from tokenkit.store.file_lock import locked

import store

Call = Callable[[], object]


class Step(NamedTuple):
    """A part of some work; the medians of what the least takes, where it has that part, and of what ours takes."""

    name: str
    least: float | None
    ours: float
    besides: str


class Steps(NamedTuple):
    """The parts of one work, then the whole of it and what its limit allows."""

    work: str
    unit: str
    steps: list[Step]


class Plan(NamedTuple):
    """A part to be measured."""

    name: str
    least: Call | None
    ours: Call
    besides: str = ""


def reading(place: Place, rounds: int) -> Steps:
    """What `store.reading` measures, taken apart; each part with all that it needs in hand."""
    key_file, record = store.files(place)
    records = place.kit().records
    name, ring = grant_name(ME), records.ring
    keys, bare_keys = ring.keys(), store.bare_keys(key_file)
    document, sealed = store.bare_file(key_file), store.bare_file(record)
    plaintext = ring.open_record(name, sealed)
    wrapped, iv, ciphertext, tag = map(store.decoded, sealed.split(b".")[1:])
    header, (key,) = sealed.partition(b".")[0], keys.keys

    def aes() -> object:
        return AESGCM(aes_key_unwrap(key.secret, wrapped)).decrypt(iv, ciphertext + tag, header)

    plans = [
        Plan("find the folders, choose the source of keys", None, lambda: store.opened(place), "no path is given"),
        Plan("read the key file", lambda: store.bare_file(key_file),
             lambda: private_file.read_version(key_file, private=True),
             "its version, for a rotation (R29); refused if not plainly ours (R26, R28)"),
        Plan("read the keys in it", lambda: store.bare_keys_in(document),
             lambda: jwks.key_list(jwks.parse(document, "", hint=str), "", hint=str), "each member is checked"),
        Plan("read the record", lambda: store.bare_file(record), lambda: records.store.load(name),
             "its path from the account; refused if not plainly ours; its version (R8, R26)"),
        Plan("open the envelope", lambda: store.bare_unseal(bare_keys, sealed), lambda: ring.open_record(name, sealed),
             "canonical base64url, exact header, compared with what was asked for (R27)"),
        Plan("… of it, AES key unwrap and AES-GCM", aes, aes),
        Plan("read the grant", lambda: json.loads(plaintext), lambda: grant_from_bytes(plaintext),
             "every member has its type, unknown ones survive (R30)"),
        Plan("**all of it, one after the other**", lambda: store.bare_read(key_file, record),
             lambda: store.opened(place).get(ME)),
    ]  # fmt: skip
    found = measured(plans, rounds, store.microseconds)
    least = found[-1].least
    assert least is not None
    limit = Step("what the limit allows", 1.5 * least, 1.5 * least, "one and a half times the least")
    return Steps("Opening the store and reading one grant", "µs CPU", [*found, limit])


def saving(place: Place, rounds: int) -> Steps:
    """What `store.saving` measures, taken apart: by the wall clock, for the disk is waited for."""
    path = store.files(place)[1]
    records, name = place.kit().records, grant_name(ME)
    ring, grant = records.ring, records.get(ME).grant
    plaintext, key = grant_to_bytes(grant), ring.current()
    parsed, sealed = json.loads(plaintext), ring.seal_record(name, plaintext, key)
    folder = os.path.dirname(path)
    tokens = os.path.dirname(folder)
    lock = os.path.join(tokens, ".locks", "google", f"{ME.name}.write")

    def looks() -> None:
        private_file.check_way(tokens, path)
        private_file.version(lock)
        private_file.version(path)
        ring.current()
        ring.current()

    def hold() -> None:
        with locked(lock, wait=1):
            pass

    def save() -> None:
        held = StoredGrant(grant, private_file.version(path), 0)
        records.save(ME, grant, replaces=held.version)

    plans = [
        Plan("write the grant", lambda: json.dumps(parsed), lambda: grant_to_bytes(grant),
             "unknown members survive (R30)"),
        Plan("seal it", None, lambda: ring.seal_record(name, plaintext, key), "a key for each write (R27)"),
        Plan("look: folder, lock, version, and the key before and after", None, looks,
             "whose folder it is (R26), what is replaced (R8), which key is the first (R29)"),
        Plan("hold the lock", None, hold, "from the look at the version to the new one (R8)"),
        Plan("write, rename, two syncs", lambda: store.bare_save(path + ".bare", sealed),
             lambda: durable_file.write_over(path, sealed, private_file.version(path)),
             "refused if not plainly ours, a time of its own (R26, R8)"),
        Plan("**all of it, one after the other**", None, save),
    ]  # fmt: skip
    found = measured(plans, rounds, store.wall)
    os.unlink(path + ".bare")
    return Steps("Saving one refreshed grant", "µs", found)


def listing(place: Place, size: int, rounds: int) -> Steps:
    """What ``tokenkit list`` does, taken apart, for all accounts in turn."""
    key_file, record = store.files(place)
    folder = os.path.dirname(record)
    kit, bare_keys = place.kit(), store.bare_keys(key_file)
    accounts = kit.accounts()
    assert len(accounts) == size
    ring, now = kit.records.ring, time.time()
    paths = [os.path.join(folder, entry) for entry in os.listdir(folder)]
    names = list(map(grant_name, accounts))
    sealed = [found.data for found in map(kit.records.store.load, names) if found is not None]
    plaintexts = list(map(ring.open_record, names, sealed))
    statuses = [status(kit.refresher, account, now) for account in accounts]

    def judge() -> None:
        for account in accounts:
            status(kit.refresher, account, now)

    def read_all() -> None:
        for path in paths:
            with open(path, "rb") as file:
                file.read()

    def table() -> None:
        with contextlib.redirect_stdout(io.StringIO()):
            print_accounts(kit, statuses, accounts)

    plans = [
        Plan("name the accounts", lambda: os.listdir(folder), kit.accounts, "in order; strangers' files passed over"),
        Plan("read the files", each(store.bare_file, paths), each(kit.records.store.load, names), "as above"),
        Plan("open the envelopes", lambda: [store.bare_unseal(bare_keys, data) for data in sealed],
             lambda: list(map(ring.open_record, names, sealed)), "as above"),
        Plan("read the grants", each(json.loads, plaintexts), each(grant_from_bytes, plaintexts), "as above"),
        Plan("**these, and how each account stands**", None, judge),
        Plan("print the table", None, table, "spans of time in words, short names of scopes"),
    ]  # fmt: skip
    found = measured(plans, rounds, milliseconds)
    empty = statistics.median(run(script("empty_typer"), place.environ)[0] for _ in range(5))
    start = Step("start a program with typer that does nothing", empty, empty, "")
    least = sum(step.least for step in (*found, start) if step.least is not None)
    all_of_it = Step("**all of it, as a program**", least, run([TOKENKIT, "list"], place.environ)[0], "")
    (reference,) = measured([Plan("", None, read_all)], rounds, milliseconds)
    limit = Step("what the limit allows", 5 * reference.ours, 5 * reference.ours, "five times reading the files")
    return Steps(f"A list of {size:,} accounts", "ms CPU", [*found, start, all_of_it, limit])


def each(call: Callable[..., object], values: Sequence[object]) -> Call:
    def all_in_turn() -> None:
        for value in values:
            call(value)

    return all_in_turn


def milliseconds(call: Call) -> float:
    began = time.process_time()
    call()
    return (time.process_time() - began) * 1e3


def measured(plans: list[Plan], rounds: int, measure: Callable[[Call], float]) -> list[Step]:
    """All parts in turn, `rounds` times."""
    least: list[list[float]] = [[] for _ in plans]
    ours: list[list[float]] = [[] for _ in plans]
    for _ in range(rounds):
        for plan, bare, full in zip(plans, least, ours, strict=True):
            if plan.least is not None:
                bare.append(measure(plan.least))
            full.append(measure(plan.ours))
    return [
        Step(plan.name, statistics.median(bare) if bare else None, statistics.median(full), plan.besides)
        for plan, bare, full in zip(plans, least, ours, strict=True)
    ]


def markdown(steps: Steps) -> str:
    head = f"| {steps.work}, {steps.unit} | the least | tokenkit | what tokenkit does besides |\n|---|---|---|---|\n"
    return head + "".join(
        f"| {step.name} | {'' if step.least is None else f'{step.least:,.1f}'} | {step.ours:,.1f} | {step.besides} |\n"
        for step in steps.steps
    )
