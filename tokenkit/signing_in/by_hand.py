"""The second step of a sign-in in two, which another process of the same user may take: the pasted answer."""

import secrets
from contextlib import suppress

from tokenkit.account import Account
from tokenkit.consent import paste
from tokenkit.consent.pasted import answer_in, tidied
from tokenkit.consent.terminal import Say
from tokenkit.errors import BrokenRecord, CallbackRefused, Conflict, KeyUnavailable, ProviderUnavailable, UsageError
from tokenkit.grants.sealed_store import SealedStore
from tokenkit.signing_in.authorization import Authorizations
from tokenkit.store import Name


def complete_by_hand(authorizations: Authorizations, read: paste.Read, *, say: Say | None = None) -> Account:
    """Complete what `sign_in.begin_by_hand` began, with the whole URL at which the browser stopped.

    What is pasted may be broken over several lines. What is not understood uses nothing up, and `say` asks for it again
    (without it nobody is there). Raises `UsageError` when the input ends at once, `CallbackRefused` for an answer that
    is not awaited.
    """
    binding = user_binding(authorizations.records)
    lines: list[str] = []

    def answer_of(text: str) -> str | None:
        return next(
            filter(None, (answer_in(text, pending) for pending in authorizations.pendings.awaited(binding))), None
        )

    while len(lines) < paste.ATTEMPTS and (line := read(None)):
        if line.strip():
            lines.append(line)
            answer = paste.first_of(lines, answer_of)
            if answer:
                return _complete(authorizations, answer, binding)
            if say:
                say(paste.refusal(line))
    if not lines:
        raise UsageError("stdin ended before the answer", hint="pipe the answer in, or run this in a terminal")
    return _refused(authorizations, tidied("".join(lines)), binding)


def _refused(authorizations: Authorizations, text: str, binding: str) -> Account:
    """Have it said what is wrong with an answer, and, where a sign-in waits all the same, that nothing is used up."""
    meant = {each.state for each in authorizations.pendings.awaited(binding) if each.state.reveal() in text}
    try:
        return _complete(authorizations, text, binding)
    except CallbackRefused as error:
        waiting = [each for each in authorizations.pendings.awaited(binding) if not meant or each.state in meant]
        if not waiting:
            raise
        place = waiting[0].redirect_uri if len(waiting) == 1 else "http"
        hint = (
            "the sign-in that was begun here still waits: give the whole address, which begins with "
            f"{place}, to tokenkit login --complete"
        )
        if "state=" in text:
            error.hint = hint
            raise
    raise CallbackRefused("this is not the whole address at which the browser stopped", hint=hint)


def _complete(authorizations: Authorizations, answer: str, binding: str) -> Account:
    try:
        return authorizations.complete(answer, binding=binding)
    except ProviderUnavailable as error:
        if not error.sent:
            again = "the same answer is still good: tokenkit login --complete"
            error.hint = f"{error.hint}; then {again}" if error.hint else again
        raise


def user_binding(records: SealedStore, *, begins: bool = False) -> str:
    """Return what every process of this user can have and nobody else: a secret in a record that the key opens (R22).

    A rotation of the key seals it anew, as the sign-ins that are under way (R29). The one who `begins` makes it, also
    where it cannot be opened: nor can those that were begun with it. Without it, nothing is awaited.
    """
    records.probe()  # on a new machine this is what makes the key
    name = Name("metadata", records.owner, "sign-in-in-two-steps")
    while True:
        stored = records.store.load(name)
        with suppress(BrokenRecord, KeyUnavailable):
            if stored is not None:
                return records.ring.open_record(name, stored.data).decode()
        if not begins:
            return secrets.token_urlsafe()
        with suppress(Conflict):  # another began one just now
            records.write(name, secrets.token_urlsafe().encode(), None if stored is None else stored.version)
