"""What is left to a command that got a grant and could save it nowhere: to go on trying, and to print it (R9)."""

import sys

from tokenkit.cli.output import say
from tokenkit.shell import quoted

TRY_FOR = 50.0
"""Seconds for which a command goes on: with the ten under the lease, that makes a minute."""


def save_or_print() -> bool:
    """Try for `TRY_FOR` seconds to save what this process could save nowhere, and print what is left: tell whether any.

    What is printed is sealed, and nobody can use it without the key. Ctrl-C prints it at once.
    """
    unsaved = sys.modules.get("tokenkit.grants.unsaved")
    if unsaved is None or not unsaved.waiting():
        return False
    say(f"tokenkit: trying for up to {TRY_FOR:g} seconds more to save it: do not end this process")
    try:
        left = unsaved.saved_or_sealed(TRY_FOR)
    except KeyboardInterrupt:
        left = unsaved.saved_or_sealed(0.0)
    if not left:
        say("tokenkit: it is saved now, and nothing was lost")
    for account, sealed in left:
        print_sealed(str(account), sealed)
    return bool(left)


def print_sealed(account: str, sealed: bytes) -> None:
    """Print a sealed grant within the command that puts it back."""
    say(f"tokenkit: what keeps {account} signed in is lost but for this, sealed. Once the disk is well, paste:")
    say(f"tokenkit refresh {quoted(account)} --restore <<'END'\n{sealed.decode()}\nEND")
