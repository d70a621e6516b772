"""Asking by a code that is entered on another device (RFC 8628 section 3.3)."""

from tokenkit.consent.opener import require_web_url
from tokenkit.consent.terminal import Say, printable, require_reader, say


def show(verification_uri: str, user_code: str, *, say: Say = say) -> None:
    """Tell the person where to enter which code, and to enter only one that they asked for themselves (R25).

    This is the ``show`` that a provider's `device` takes. Raises `UsageError` for what is not an http(s) URL.
    """
    require_reader(say)
    say("On any device with a browser, open\n")
    say(f"    {require_web_url(verification_uri)}\n")
    say("and enter the code\n")
    say(f"    {printable(user_code)}\n")
    say("Enter it only because you began this sign-in yourself, just now. Never enter a code that somebody sends you:")
    say("it signs that person's machine in to your account.")
