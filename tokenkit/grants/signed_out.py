"""What a shared store remembers of an account that was signed out: which generation of its grant has ended (R10).

In files a record that comes back after a sign-out came with a backup, and its owner can tell. In a database anybody who
administers it can put back a row. So a sign-out leaves a sealed record there, that names nobody in clear, and a grant
that is no newer is not used any more. A new sign-in is newer.
"""

import json
from contextlib import suppress

from tokenkit.account import Account
from tokenkit.errors import Conflict, GrantSuperseded
from tokenkit.grants.sealed_store import SealedStore, StoredGrant, grant_name
from tokenkit.shell import quoted
from tokenkit.store import Name, Version
from tokenkit.store.lost import lost_after

FOLDER = "signed-out/"
"""How the ids of these records begin."""

NEVER = -1
"""The generation of what was never signed out."""


def mark(records: SealedStore, account: Account, generation: int) -> None:
    """Remember that the account's grants up to that generation have ended; in files it does nothing."""
    while records.ring.shared:
        before, version = _read(records, account)
        if generation <= before:
            return
        plaintext = json.dumps({"v": 1, "generation": generation}).encode()
        with suppress(Conflict):  # another has signed out just now
            records.write(name(account), plaintext, version)
            return


def newest(records: SealedStore, account: Account) -> int:
    """Return the newest generation of the account's grants that was signed out; `NEVER` for none."""
    return _read(records, account)[0] if records.ring.shared else NEVER


def load(records: SealedStore, account: Account) -> StoredGrant:
    """Return the account's grant, as `SealedStore.get` does, unless it was signed out and put back: `GrantSuperseded`.

    Both are one question to a shared store.
    """
    if not records.ring.shared:
        return records.get(account)
    with records.reading(grant_name(account), name(account)):
        return refuse(records, account, records.get(account))


def refuse(records: SealedStore, account: Account, held: StoredGrant) -> StoredGrant:
    """Return the grant, unless it was signed out and put back. Raises `GrantSuperseded` then."""
    if not records.ring.shared:
        return held
    was_lost = True in lost_after(records.store, grant_name(account), held.version)
    if was_lost or held.grant.generation <= newest(records, account):
        whose = quoted(str(account))
        raise GrantSuperseded(
            f"{account} was signed out, and an old record of it was put back into the database",
            hint=f"to be rid of it: tokenkit logout {whose}; to use the account again: tokenkit login {whose}",
            account=str(account),
        )
    return held


def _read(records: SealedStore, account: Account) -> tuple[int, Version | None]:
    named = name(account)
    found = records.opened(named, records.store.load(named))
    if found is None:
        return NEVER, None
    plaintext, stored = found
    return int(json.loads(plaintext)["generation"]), stored.version


def name(account: Account) -> Name:
    """Return the name of the record that remembers it; the account stands there as a digest."""
    from hashlib import sha256  # heavy, and not needed for files

    digest = sha256(f"{account.owner}\0{account}".encode(errors="surrogatepass")).hexdigest()
    return Name("metadata", "", FOLDER + digest)
