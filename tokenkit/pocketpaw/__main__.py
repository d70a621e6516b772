"""``python -m tokenkit.pocketpaw``: have the PocketPaw of this environment use tokenkit, and move its sign-ins.

``enable`` makes every program of this Python environment use the stand-in, ``disable`` ends that. ``move`` takes over
the sign-ins that PocketPaw keeps in plaintext and tries each by a refresh; with ``--remove`` the plaintext goes.
"""

import argparse
import os
import sys
import sysconfig
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from tokenkit.cli.output import say
from tokenkit.errors import TokenKitError, UsageError
from tokenkit.os_errors import unavailable

LINE = "import sys; exec('try:\\n import tokenkit.pocketpaw as p\\n p.install()\\nexcept ImportError: pass')\n"
"""What the environment runs when it starts (docs.python.org/3/library/site.html); nothing, once tokenkit is gone."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tokenkit.pocketpaw", description=__doc__)
    parser.add_argument("command", choices=("enable", "disable", "move"))
    parser.add_argument("--remove", action="store_true", help="delete each file once its sign-in is stored and works")
    given = parser.parse_args(arguments)
    try:
        return move(remove=given.remove) if given.command == "move" else _switch(on=given.command == "enable")
    except TokenKitError as error:
        _say_what_failed(str(error), error)
    except OSError as error:
        failure = unavailable(error.filename or "", error)
        _say_what_failed(str(failure), failure)
    return 1


def _switch(*, on: bool) -> int:
    """Have every program of this environment use the stand-in from now on, or none."""
    path = Path(sysconfig.get_path("purelib"), "tokenkit_pocketpaw.pth")
    if on and find_spec("pocketpaw") is None:
        raise UsageError(
            f"PocketPaw is not in this Python environment, which is {sys.prefix}",
            hint="install tokenkit into the one that has it, and run this with the Python there",
        )
    if on:
        path.write_text(LINE)
        say(f"PocketPaw uses tokenkit from its next start on ({path}).")
    else:
        path.unlink(missing_ok=True)
        say("PocketPaw uses its own store again.")
    return 0


def move(*, remove: bool) -> int:
    """Take over every sign-in in PocketPaw's folder, and say what became of each; return 1 if one failed."""
    from tokenkit.pocketpaw.moving import move_all
    from tokenkit.pocketpaw.stand_in import _get_oauth_dir

    folder = _get_oauth_dir()
    failed, service = 0, ""
    for service, outcome in move_all(folder, remove=remove):
        if isinstance(outcome, TokenKitError):
            failed = 1
            _say_what_failed(f"{service}: {outcome}", outcome)
        else:
            say(f"{service}: kept as {outcome}, and works")
    if not service:
        say(f"There is nothing to move in {folder}.")
    return failed


def _say_what_failed(text: str, error: TokenKitError) -> None:
    """Say it, and below it what helps."""
    say(text)
    say(f"  {error.hint}")


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main())
