"""The command lines that need none of typer, which takes longer to load than all else that they do."""

import atexit
import gc
import os
import sys
from collections.abc import Collection


def main(foreign: Collection[str]) -> None:
    """Run the program ``tokenkit``: a plain list of accounts or providers, a plain audit, at once; all else by typer.

    A variable that is `foreign` changes whose accounts are meant.
    """
    plain = sys.argv[1:] if not any(name in os.environ for name in foreign) else []
    if plain == ["list"]:
        from tokenkit.cli.account_list import print_list as program
    elif plain == ["providers"]:
        from tokenkit.cli.provider_list import print_list as program
    elif plain == ["audit"]:
        from tokenkit.cli.auditing import print_audit as program
    else:
        from tokenkit.cli.app import main as program
    atexit.register(gc.freeze)  # so that at its end the interpreter collects no garbage among all that was loaded
    return program()
