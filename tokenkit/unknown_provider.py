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
    near = nearest(name, sorted(known - {name}))
    meant = f"did you mean {near}? " if near else ""
    if shut := _shut(name, folder):
        return UnknownProvider(
            f"there is no provider {name!r} among those that can be read: {folder}: {shut}",
            hint=f"{meant}ls -ld {quoted(folder)}",
        )
    file = os.path.join(folder, "NAME.toml")
    return UnknownProvider(
        f"there is no provider {name!r}", hint=f"{meant}`tokenkit providers` lists all; describe others in {file}"
    )


def _shut(name: str, folder: str) -> str:
    """Return why it cannot be told whether a file of that folder describes the provider; empty where it can be."""
    try:
        os.lstat(os.path.join(folder, f"{name}.toml" if is_provider_name(name) else os.curdir))
    except FileNotFoundError:
        return "" if os.path.exists(folder) or not os.path.islink(folder) else "it is a link that leads nowhere"
    except NotADirectoryError:
        return ""
    except OSError as error:
        return error.strerror or type(error).__name__
    return ""


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
