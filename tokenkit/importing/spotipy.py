"""spotipy: ``.cache`` or ``.cache-USER``.

Source: ``spotipy/cache_handler.py`` (2.26). Other libraries write the same members for other services: only the name
tells it.
"""

from collections.abc import Iterator

from tokenkit.importing.files import SourceFile
from tokenkit.importing.found import Found, found


def read(file: SourceFile) -> Iterator[Found]:
    """Yield the grant of a cache file."""
    named = file.name.startswith(".cache") and "expires_at" in file.members
    if named and (grant := found("spotipy", file.members)):
        yield grant.but(provider="spotify")
