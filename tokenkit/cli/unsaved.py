"""What is left to a command that got a grant and could save it nowhere: to go on trying, and to print it (R9)."""

import sys
from contextlib import suppress

from tokenkit.cli.output import say

TRY_FOR = 50.0
"""Seconds for which a command goes on: with the ten under the lease, that makes a minute."""


def save_or_print() -> bool:
    """Try for `TRY_FOR` seconds to save what this process could save nowhere, and print what is left: tell whether any.

    Not for so long after a signal that ends the process: who sent it may not wait. One that comes now ends the tries.
    """
    at_exit = sys.modules.get("tokenkit.grants.at_exit")
    if at_exit is None or not at_exit.waiting():
        return False
    if at_exit.all_printed():
        return True
    from tokenkit.signals import told_to_end

    seconds = min(TRY_FOR, at_exit.AT_EXIT) if told_to_end() else TRY_FOR
    say(f"tokenkit: trying for up to {seconds:g} seconds more to save it: do not end this process")
    with suppress(KeyboardInterrupt, SystemExit):
        at_exit.save_or_print(seconds, speak=say)
    left: bool = at_exit.waiting()
    if not left:
        say("tokenkit: it is saved now, and nothing was lost")
    return left


def print_sealed(account: str, sealed: bytes) -> None:
    """Print a sealed grant, which a child of this command could save nowhere."""
    from tokenkit.grants.at_exit import how_to_restore

    say(how_to_restore("tokenkit", account, sealed))
