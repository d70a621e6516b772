"""Kills a process that saves one record over and over, at random moments, and looks at what is left each time.

usage: kill_loop.py TOKENS STATE KILLS      prints "KILLS kills, SAVES saves", or what was lost
"""

import os
import random
import signal
import sys
import time
from types import SimpleNamespace

from tokenkit.store import Name, file_lock
from tokenkit.store.files import FileStore

GRANT = Name("grant", "", "google/me@example.com")
FILLER = b"x" * 3000


def main() -> None:
    tokens, state, kills = sys.argv[1], sys.argv[2], int(sys.argv[3])
    store = FileStore(tokens, state)
    file_lock.time = SimpleNamespace(monotonic=time.monotonic, time=time.time, sleep=delayed)
    store.save(GRANT, record(0), replaces=None)
    newest = 0
    for _ in range(kills):
        child = os.fork()
        if child == 0:
            save_for_ever(store)
        time.sleep(random.uniform(0.0005, 0.006))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        newest = look(store, newest)
    print(f"{kills} kills, {newest} saves")


def delayed(_: float) -> None:
    sys.exit("a dead holder's lock delayed the next save")


def save_for_ever(store: FileStore) -> None:
    while True:
        stored = store.load(GRANT)
        store.save(GRANT, record(number(stored.data) + 1), replaces=stored.version)


def look(store: FileStore, newest: int) -> int:
    """The record is whole and no older than before; the dead holder's lock delays nobody; no stray is left."""
    stored = store.load(GRANT)
    found = number(stored.data)
    if stored.data != record(found) or found < newest:
        sys.exit(f"found {found} after {newest}, {len(stored.data)} bytes")
    store.save(GRANT, record(found + 1), replaces=stored.version)
    strays = [entry for entry in os.listdir(os.path.dirname(store.path(GRANT))) if not entry.endswith(".jwe")]
    if strays:
        sys.exit(f"left behind: {strays}")
    return found + 1


def record(generation: int) -> bytes:
    return b"%d:%s:%d" % (generation, FILLER, generation)


def number(data: bytes) -> int:
    return int(data.partition(b":")[0])


if __name__ == "__main__":
    main()
