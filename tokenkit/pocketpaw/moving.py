"""Moves the sign-ins that PocketPaw keeps in plaintext, each tried by a refresh."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from tokenkit.account import Account
from tokenkit.errors import ConsentRequired, ProviderChanged, TokenKitError
from tokenkit.importing.choosing import choose
from tokenkit.importing.files import SourceFile, open_file, remove
from tokenkit.importing.formats import POCKETPAW_SERVICES as SERVICES
from tokenkit.importing.taking import take
from tokenkit.pocketpaw.keeping import KEPT_BY, Shelf


def move_all(folder: Path, *, remove: bool) -> Iterator[tuple[str, Account | TokenKitError]]:
    """Yield each service that has a plaintext file, and its account, or why it could not be moved.

    With `remove` the file is replaced by one that says which account it is, if it is still what was read.
    """
    shelf = Shelf(folder)
    for provider in dict.fromkeys(SERVICES.values()):
        shelf.kit.give(provider, *client_in_settings(provider))
    for path in sorted(folder.glob("*.json")):
        try:
            with shelf.kit.leaving:  # the commands in a hint are for PocketPaw's accounts
                file = open_file(str(path))
                moved = _move(shelf, path.stem, file, remove_it=remove) if KEPT_BY not in file.members else None
        except TokenKitError as error:
            yield path.stem, error
        else:
            if moved:
                yield path.stem, moved


def _move(shelf: Shelf, service: str, file: SourceFile, *, remove_it: bool) -> Account:
    provider = SERVICES.get(service, "google")
    try:
        account = take(shelf.kit, file, choose(file), provider=provider, name=service).account
    except (ConsentRequired, ProviderChanged) as error:
        address = f"http://localhost:{_setting('web_port') or 8888}/api/oauth/authorize?service={service}"
        error.hint = f"start PocketPaw, and open {address}"
        raise
    if remove_it:
        remove(file)
        shelf.point(file.path, account)
    return account


def client_in_settings(provider: str) -> tuple[str, str]:
    """Return the client id and secret in PocketPaw's settings; empty where there are none."""
    stem = "spotify" if provider == "spotify" else "google_oauth"
    return _setting(f"{stem}_client_id") or "", _setting(f"{stem}_client_secret") or ""


def _setting(name: str) -> Any:
    """Return what PocketPaw's settings say; None where there are none."""
    try:
        return getattr(import_module("pocketpaw.config").get_settings(force_reload=True), name)
    except ImportError:
        return None
