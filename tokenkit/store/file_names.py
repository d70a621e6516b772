"""Which records lie in the tokens folder, told by the names of folders and files alone; nothing is opened.

What lies in the place of a folder that had records is told, and not taken for none (R30): its lock files, which are
never deleted, tell it from a stray.
"""

import os
from collections.abc import Iterator
from itertools import takewhile

from tokenkit.account import is_provider_name
from tokenkit.errors import FileRefused, StoreError, StoreUnavailable
from tokenkit.os_errors import move_away, unavailable
from tokenkit.shell import quoted
from tokenkit.store.layout import LOCKS, OF_ACCOUNTS, id_of_file, owner_folder, owner_of


def ids(tokens: str, kind: str, owner: str, *, after: str, prefix: str) -> Iterator[str]:
    """Yield the ids of that kind and owner after `after`, in order; a provider's folder is read when its turn comes.

    Raises `StoreError`, for a provider's folder that cannot be had once all others are through.
    """
    base = os.path.join(tokens, owner_folder(owner)) if owner else tokens
    if kind != "grant":
        base = os.path.join(base, "." + kind)
    start = max(after, prefix)  # ids come in order: those with the prefix are the first that are not below it
    within = listed(base) or _none_in(tokens)
    if not within and owner and kind == "grant":
        _refuse_other(tokens, base)
    if kind not in OF_ACCOUNTS:
        found = iter(sorted(_ids(within)))
    else:
        found = _of_accounts(tokens, base, [each for each in within if is_provider_name(each)], start, prefix)
    if start:
        found = takewhile(lambda id: id.startswith(prefix), (id for id in found if id > after and id >= prefix))
    return found


def owners(tokens: str) -> set[str]:
    """Return the owners that have, or once had, records: those of folders with ``@``, and the nameless one."""
    return {"", *filter(None, map(owner_of, listed(tokens) or _none_in(tokens)))}


def _of_accounts(tokens: str, base: str, providers: list[str], start: str, prefix: str) -> Iterator[str]:
    """Yield the ids of grants in order, of the providers' folders in `base` from `start` on."""
    refused: StoreError | None = None
    for folder in sorted(f"{provider}/" for provider in providers):
        if not (folder >= start or start.startswith(folder)):
            continue
        if not (folder.startswith(prefix) or prefix.startswith(folder)):
            continue
        try:
            found = _ids(listed(os.path.join(base, folder)))
            if not found:
                _refuse_other(tokens, os.path.join(base, folder[:-1]), asked=prefix.startswith(folder))
            yield from sorted(folder + account for account in found)
        except StoreError as error:  # it hides no other
            refused = refused or error
    if refused is not None:
        raise refused


def _refuse_other(tokens: str, folder: str, *, asked: bool = False) -> None:
    """Refuse what lies in the place of a folder, where records were in it, or somebody has `asked` for those."""
    if os.path.isdir(folder) or not os.path.lexists(folder):
        return
    if asked or os.path.lexists(os.path.join(tokens, LOCKS, os.path.relpath(folder, tokens))):
        if os.path.islink(folder):
            raise _leads_nowhere(folder, FileRefused)
        raise FileRefused(
            f"{folder} is not a folder, and the accounts that were in it are not there",
            hint=f"{move_away(folder)}; then put the folder back from a backup, or sign in again",
        )


def _leads_nowhere(link: str, kind: type[StoreError]) -> StoreError:
    target = os.path.realpath(link)
    return kind(
        f"{link} leads to {target}, which is not there: moved, or its disk is not mounted",
        hint=f"findmnt --target {quoted(target)}",
    )


def listed(folder: str) -> list[str]:
    """Return the names in a folder; none where there is no folder. Raises `StoreUnavailable`."""
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except PermissionError as error:
        raise StoreUnavailable(
            f"{folder} cannot be read: {error.strerror}", hint=f"chmod 700 {quoted(folder)}"
        ) from None
    except OSError as error:
        raise unavailable(folder, error) from None


def _none_in(tokens: str) -> list[str]:
    """Return no names, unless the folder cannot be had: a link that leads nowhere, or something else, is in its way."""
    while not os.path.lexists(tokens):
        tokens = os.path.dirname(tokens)
    if os.path.isdir(tokens):
        return []
    if os.path.islink(tokens):
        raise _leads_nowhere(tokens, StoreUnavailable)
    raise FileRefused(f"{tokens} is not a folder", hint=move_away(tokens))


def _ids(listed: list[str]) -> list[str]:
    """Return the names of the records among these files, without what no tokenkit wrote: the audit reports that."""
    return [*filter(None, map(id_of_file, listed))]
