"""Whether this machine has the keys of the others that share its store (R28): found out before anything is sealed.

A machine with another key would seal records that no other can open. So the first one to seal leaves a record that says
nothing but by which key it was sealed, and each process opens that one before it seals its first.
"""

from contextlib import suppress

from tokenkit import seal
from tokenkit.errors import BrokenRecord, Conflict, KeyUnavailable, StoreUnavailable
from tokenkit.keys.ring import KeyRing
from tokenkit.store import Name, Store

NAME = Name("metadata", "", "key-of-all-machines")

_KINDS = ("grant", "unsaved", "quarantine", "client")


def check(store: Store, ring: KeyRing) -> None:
    """Make sure that the keys of this machine open what the others have sealed. For files it does nothing.

    Raises `KeyUnavailable`, with what to do on which machine, where they do not, or where there is no key at all. Then
    nothing was stored.
    """
    if not ring.shared or ring.current().kid in ring.proved:
        return
    for _ in range(3):
        stored = store.load(NAME)
        if stored is not None:
            _open(ring, stored.data)
            ring.proved.add(ring.current().kid)
            return
        _look_at_a_record(store, ring)
        with suppress(Conflict):  # another machine was first, and is believed
            store.save(NAME, ring.seal_record(NAME, b"{}"), replaces=None)
    raise StoreUnavailable("the store does not keep what is written to it", hint="tokenkit store status")


def _open(ring: KeyRing, data: bytes) -> None:
    header = seal.header(data)
    kid, store = header["kid"], header.get("store", "")
    try:
        ring.open_record(NAME, data)
    except KeyUnavailable:
        raise _lacks(ring, kid) from None
    except BrokenRecord as error:
        if kid not in ring.keys().by_kid:
            raise
        if store not in ("", ring.store_id()):
            raise BrokenRecord(
                f"the tables say that they are the store {ring.store_id()!r}, and its records that they are of "
                f"{store!r}; nothing was stored",
                hint="restore all its tables from one backup, identity included",
            ) from error
        raise KeyUnavailable(
            f"the key {kid!r} of this machine is another than the one of that id that the other machines have "
            f"({ring.source.describe()}); nothing was stored",
            hint=ring.same_everywhere(),
        ) from None


def _look_at_a_record(store: Store, ring: KeyRing) -> None:
    """Ask any record that was sealed before machines were compared, by which key it was."""
    for owner in store.owners():
        for kind in _KINDS:
            for name in store.names(kind, owner):
                stored = store.load(name)
                if stored is None:
                    continue
                kid = seal.header(stored.data)["kid"]
                if kid not in ring.keys().by_kid:
                    raise _lacks(ring, kid)
                return


def _lacks(ring: KeyRing, kid: str) -> KeyUnavailable:
    has = ", ".join(repr(key.kid) for key in ring.keys().keys)
    return KeyUnavailable(
        f"this machine lacks the key {kid!r}, with which the machines that share this store seal: "
        f"{ring.source.describe()} holds {has}; nothing was stored",
        hint=ring.same_everywhere(),
    )
