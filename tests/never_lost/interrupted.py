"""A script of the assistant that does not wait for the refresh it caused.

usage: interrupted.py wait | exit | fork
"""

import os
import sys
import threading

from tokenkit import TokenKit
from tokenkit.grants.token_query import TokenQuery

kit = TokenKit(background=False)


def say(line: str) -> None:
    """One write a line: parent and child share a pipe, and `print` may write its line end on its own."""
    os.write(sys.stdout.fileno(), f"{line}\n".encode())


def wait() -> None:
    """Ask in the main thread, and be interrupted there."""
    say("asking")
    kit.token("google")


def end() -> None:
    """Cause a refresh and come to the end of the program."""
    wanted = kit._cache.look("google", TokenQuery())
    kit.refresher.renew(wanted.account, wanted.need, wanted.held)
    say("leaving")


def fork() -> None:
    """Fork in the middle of a refresh; the child asks as well.

    Python cannot fork while another thread imports: the child would wait for that import for ever. So load first, and
    fork when the test says that the request has been sent.
    """
    import tokenkit.net.http  # noqa: F401

    kit.provider("google")
    asking = threading.Thread(target=lambda: say(f"parent {kit.token('google').value[-6:]}"))
    asking.start()
    sys.stdin.readline()
    child = os.fork()
    if child == 0:
        say("forked in-the-middle")
        say(f"child {kit.token('google').value[-6:]}")
        os._exit(0)
    asking.join()
    os.waitpid(child, 0)


{"wait": wait, "exit": end, "fork": fork}[sys.argv[1]]()
