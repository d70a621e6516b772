"""The second step of a sign-in in two, which another process of the same user may take: the pasted answer."""

import hashlib
import hmac

from tokenkit.account import Account
from tokenkit.consent import paste
from tokenkit.consent.pasted import answer_in, tidied
from tokenkit.consent.terminal import Say
from tokenkit.errors import ProviderUnavailable, UsageError
from tokenkit.grants.sealed_store import SealedStore
from tokenkit.signing_in.authorization import Authorizations


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
    return _complete(authorizations, tidied("".join(lines)), binding)  # it says what is wrong


def _complete(authorizations: Authorizations, answer: str, binding: str) -> Account:
    try:
        return authorizations.complete(answer, binding=binding)
    except ProviderUnavailable as error:
        if not error.sent:
            again = "the same answer is still good: tokenkit login --complete"
            error.hint = f"{error.hint}; then {again}" if error.hint else again
        raise


def user_binding(records: SealedStore) -> str:
    """Return what every process of this user can compute and nobody else: it needs the key that seals (R22)."""
    records.probe()  # on a new machine this is what makes the key
    secret = records.ring.current().secret
    return hmac.new(secret, b"tokenkit sign-in in two steps", hashlib.sha256).hexdigest()
