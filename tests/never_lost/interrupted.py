"""A script of the assistant that does not wait for the refresh it caused.

usage: interrupted.py wait | exit | fork
"""

import os
import sys
import threading
import time

from tokenkit import TokenKit
from tokenkit.desk import Ask

kit = TokenKit(background=False)


def wait() -> None:
    """Ask in the main thread, and be interrupted there."""
    print("asking", flush=True)
    kit.token("google")


def end() -> None:
    """Cause a refresh and come to the end of the program."""
    wanted = kit._desk.look("google", Ask())
    kit.keeper.renew(wanted.account, wanted.need, wanted.held)
    print("leaving", flush=True)


def fork() -> None:
    """Fork in the middle of a refresh; the child asks as well.

    Python cannot fork while another thread imports: the child would wait for that import for ever. So load first.
    """
    import tokenkit.http  # noqa: F401

    kit.provider("google")
    asking = threading.Thread(target=lambda: print("parent", kit.token("google").value[-6:], flush=True))
    asking.start()
    time.sleep(0.3)
    child = os.fork()
    if child == 0:
        print("child", kit.token("google").value[-6:], flush=True)
        os._exit(0)
    asking.join()
    os.waitpid(child, 0)


{"wait": wait, "exit": end, "fork": fork}[sys.argv[1]]()
