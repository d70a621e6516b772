"""The files of one account that a refresh or a sign-in touches, whether they are there yet or not."""

import os
from pathlib import Path

from tokenkit.paths import folders
from tokenkit.store import Name
from tokenkit.store.files import FileStore


def touched(home: Path, account: str = "google/me@example.com") -> list[str]:
    places = folders()
    store = FileStore(places.tokens, places.state)
    record = store.path(Name("grant", "", account))
    locks = os.path.join(places.tokens, ".locks")
    note = os.path.join(store.notes, *account.split("/"))
    pending = os.path.join(places.tokens, ".pending")
    found = [record, f"{record}.new", os.path.dirname(record), note, pending]
    found += [os.path.join(locks, f"{account}.{kind}") for kind in ("refresh", "write")]
    found += [str(path) for path in Path(pending).glob("*")] if os.path.isdir(pending) else []
    found += [os.path.join(locks, ".unsaved", f"{account}.refresh")]
    keys = os.path.join(places.data, "keys.json")
    return [*found, keys, f"{keys}.new", places.data, os.path.join(places.data, ".sealing.lock")]
