"""The error for a provider that there is not: the nearest name, or the file that is not read for its name."""

import os
from collections.abc import Collection

from tokenkit.account import is_provider_name
from tokenkit.errors import UnknownProvider
from tokenkit.nearest import nearest
from tokenkit.shell import quoted

_NO_METADATA = (
    "the package tokenkit-oauth is here without its metadata, by which its providers are found: install it with pip, "
    "or freeze your program with pyinstaller --copy-metadata tokenkit-oauth --collect-all tokenkit "
    "--collect-submodules tokenkit_providers"
)


def unknown_provider(name: str, folder: str, declared: Collection[str], installed: Collection[str]) -> UnknownProvider:
    """Return the error for `name`; `folder` is where a person's own files describe providers, the `declared` ones."""
    known = {*declared, *installed}
    misnamed = "" if name.casefold() in known else _misnamed(name, folder)
    if misnamed:
        return UnknownProvider(
            f"there is no provider {name!r}: the file {misnamed} is not read, for its name",
            hint=f"mv {quoted(misnamed)} {quoted(os.path.join(folder, f'{name.casefold()}.toml'))}",
        )
    if not installed:
        return UnknownProvider(f"there is no provider {name!r}, nor any that came with tokenkit", hint=_NO_METADATA)
    near = nearest(name, sorted(known))
    meant = f"did you mean {near}? " if near else ""
    file = os.path.join(folder, "NAME.toml")
    return UnknownProvider(
        f"there is no provider {name!r}", hint=f"{meant}`tokenkit providers` lists all; describe others in {file}"
    )


def _misnamed(name: str, folder: str) -> str:
    """Return the path of a file that was probably meant to describe the provider, or an empty text."""
    try:
        files = os.listdir(folder)
    except OSError:
        return ""
    endings = (".toml", ".toml.txt", ".txt")
    meant = {name.casefold() + ending for ending in endings} if is_provider_name(name.casefold()) else set[str]()
    found = next((file for file in sorted(files) if file.casefold() in meant), "")
    return os.path.join(folder, found) if found else ""
