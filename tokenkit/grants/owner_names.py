"""Which names an owner may have: none that people could take for another owner's, since it looks the same (R37)."""

import json
import re
import unicodedata
from collections.abc import Generator, Iterable
from contextlib import ExitStack, contextmanager, suppress
from typing import cast

from tokenkit.errors import FileRefused, StoreError, UsageError
from tokenkit.paths import file_name
from tokenkit.store import KINDS, Lease, Name, Store

_FIRST_RECORDS = Name("quarantine", "", "first-records")
"""What is leased while an owner's first record is written: among what is never leased while a person is waited for.

Its note holds digests of the names in another form than their own, as they are in the one form: few are. So one in its
own form is compared with these, and only where one is the same, or nothing is noted, with all the owners there are.
"""

_MOST_NOTED = 200
"""Digests that a note of 4,096 bytes has room for."""

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
            lease: Lease | None = None
            with suppress(StoreError):  # a store in trouble keeps no grant from being kept elsewhere (R9)
                lease = held.enter_context(store.lease(_FIRST_RECORDS, lasts=_LEASE, wait=_WAIT))
            _check_new_owner(store, owner, lease)
        yield


def _has(store: Store, owner: str, kind: str) -> bool:
    with suppress(FileRefused):  # what lies in a folder's place holds no records, and keeps none from being written
        return next(store.names(kind, owner, most=1), None) is not None
    return False


def _check_new_owner(store: Store, owner: str, lease: Lease | None) -> None:
    """Refuse a name that is new, and only another form in Unicode of an owner that exists. Raises `UsageError`.

    Programs that bring names into one form (a database, a browser, a file system) would give the one person what is
    the other's. Upper and lower case stay two names: ids that programs draw often differ in nothing else.
    """
    form = _form(owner)
    noted = None if lease is None else _noted(lease)
    if form == owner and noted is not None and _digest(form) not in noted:
        return
    owners = {*store.owners()}
    alike = min((other for other in owners if other and _form(other) == form), default="")
    if alike and owner not in owners:
        raise UsageError(
            f"the owner {owner!a} is another form in Unicode of {alike!a}, who exists",
            hint=f"if they are one person: kit.for_owner({alike!a}); else give the new one another name",
        )
    if lease is not None:
        with suppress(StoreError):
            _note(lease, {_digest(_form(each)) for each in {*owners, owner} if _form(each) != each})


def _noted(lease: Lease) -> set[str] | None:
    """Return what the note holds; None where nothing says which names are in another form."""
    try:
        return {*map(str, json.loads(lease.note))}
    except (StoreError, ValueError, TypeError, RecursionError):
        return None


def _note(lease: Lease, digests: Iterable[str]) -> None:
    ordered = sorted(digests)
    note = json.dumps(ordered).encode() if len(ordered) <= _MOST_NOTED else b""
    if note != lease.note:
        lease.write_note(note)


def _digest(form: str) -> str:
    from hashlib import sha256  # not for a program that asks for a token

    return sha256(form.encode()).hexdigest()[:16]


def _form(name: str) -> str:
    """Return the name in the one form that NFKC gives, without what nobody sees (joiners, marks of direction)."""
    if name.isascii():
        return name
    shown = (char for char in unicodedata.normalize("NFKC", name) if unicodedata.category(char) != "Cf")
    seen = "".join(char for char in shown if not _UNSEEN.fullmatch(char))
    return unicodedata.normalize("NFKC", seen)
