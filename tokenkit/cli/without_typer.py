"""The command lines that need none of typer, which takes longer to load than all else that they do."""

import os
import sys
from collections.abc import Collection

PROVIDERS = ["providers"]


def main(foreign: Collection[str]) -> None:
    """Run the program ``tokenkit``: a plain list of the providers at once, anything else by typer.

    A variable that is `foreign` changes whose accounts are meant.
    """
    if sys.argv[1:] == PROVIDERS and not any(name in os.environ for name in foreign):
        from tokenkit.cli.provider_list import print_list

        return print_list()
    from tokenkit.cli.app import main as program

    return program()
