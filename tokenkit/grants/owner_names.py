"""Which names an owner may have: none that people could take for another owner's, since it looks the same (R37)."""

import re
import unicodedata
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from typing import cast

from tokenkit.errors import FileRefused, StoreError, UsageError
from tokenkit.paths import file_name
from tokenkit.store import KINDS, Name, Store

_FIRST_RECORDS = Name("quarantine", "", "first-records")
"""What is leased while an owner's first record is written: among what is never leased while a person is waited for."""

_LEASE = 30.0
_WAIT = 10.0

_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]"
)
"""Default-ignorable characters that are no format characters: variation selectors, fillers, the grapheme joiner, and
those that Unicode keeps for more of them."""


def check_owner(owner: str) -> None:
    """Refuse a name that no store can keep. Raises `UsageError`; the empty name is that of the nameless owner.

    None is no name: a program that knows of nobody must not get the accounts of the nameless one.
    """
    if not isinstance(cast(object, owner), str):
        raise UsageError(
            f"an owner is named by a text, not by {type(owner).__name__}",
            hint="give each person one that stays the same: kit.for_owner(str(user.id))",
        )
    if not owner:
        return
    try:
        file_name(owner)
    except UsageError as error:
        raise UsageError(
            f"there can be no such owner: {error}", hint='use a short name: kit.for_owner("alice")'
        ) from None


@contextmanager
def writing_for(store: Store, owner: str) -> Generator[None]:
    """Let records of the owner be written in the block; where they may be the first ones, of one owner after the other.

    Raises `UsageError` for a new owner whose name is only another form in Unicode of one that exists.
    """
    with ExitStack() as held:
        if not any(_has(store, owner, kind) for kind in KINDS):
            with suppress(StoreError):  # a store in trouble keeps no grant from being kept elsewhere (R9)
                held.enter_context(store.lease(_FIRST_RECORDS, lasts=_LEASE, wait=_WAIT))
            _check_new_owner(store, owner)
        yield


def _has(store: Store, owner: str, kind: str) -> bool:
    with suppress(FileRefused):  # what lies in a folder's place holds no records, and keeps none from being written
        return next(store.names(kind, owner, most=1), None) is not None
    return False


def _check_new_owner(store: Store, owner: str) -> None:
    """Refuse a name that is new, and only another form in Unicode of an owner that exists. Raises `UsageError`.

    Programs that bring names into one form (a database, a browser, a file system) would give the one person what is
    the other's. Upper and lower case stay two names: ids that programs draw often differ in nothing else.
    """
    form, alike = _form(owner), ""
    for other in store.owners():
        if other == owner:
            return
        if other and _form(other) == form:
            alike = other
    if alike:
        raise UsageError(
            f"the owner {owner!a} is another form in Unicode of {alike!a}, who exists",
            hint=f"if they are one person: kit.for_owner({alike!a}); else give the new one another name",
        )


def _form(name: str) -> str:
    """Return the name in the one form that NFKC gives, without what nobody sees (joiners, marks of direction)."""
    if name.isascii():
        return name
    shown = (char for char in unicodedata.normalize("NFKC", name) if unicodedata.category(char) != "Cf")
    seen = "".join(char for char in shown if not _UNSEEN.fullmatch(char))
    return unicodedata.normalize("NFKC", seen)
