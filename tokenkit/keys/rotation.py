"""How a key list changes: pure functions for `KeySource.change`. Every change is a generation, so that writers see it.

R29: a record that is sealed with a dropped key is a lost session.
"""

from collections.abc import Collection

from tokenkit.errors import KeyUnavailable, UsageError
from tokenkit.keys.jwks import KeyList, new_key_list
from tokenkit.seal import new_key


def added(keys: KeyList | None) -> KeyList:
    """Put a new key in front: it seals from now on, and the others still open."""
    if keys is None:
        return new_key_list()
    return KeyList(keys.generation + 1, (new_key(), *keys.keys))


def dropped(keys: KeyList | None, kid: str, in_use: Collection[str]) -> KeyList:
    """Leave out the key `kid`. Raises `UsageError` for the key that seals, and for one that records name (`in_use`)."""
    if keys is None or kid not in keys.by_kid:
        raise UsageError(f"there is no key {kid!r}", hint="tokenkit key list")
    if kid == keys.first.kid:
        raise UsageError(f"the key {kid!r} is the one that seals", hint="tokenkit key rotate")
    if kid in in_use:
        raise UsageError(f"a record is still sealed with the key {kid!r}", hint="tokenkit key rotate")
    return KeyList(keys.generation + 1, tuple(key for key in keys.keys if key.kid != kid))


def merged(keys: KeyList | None, imported: KeyList) -> KeyList:
    """Put the imported keys behind the present ones. Raises `KeyUnavailable` for two keys with one kid."""
    if keys is None:
        return imported
    present = keys.by_kid
    for key in imported.keys:
        if present.get(key.kid, key) != key:
            raise KeyUnavailable(
                f"another key than the imported one is called {key.kid!r} here; nothing was changed",
                hint="tokenkit key list",
            )
    fresh = tuple(key for key in imported.keys if key.kid not in present)
    return KeyList(keys.generation + 1, keys.keys + fresh) if fresh else keys
