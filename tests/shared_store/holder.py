"""One process of another machine: it asks for the account's token once, as soon as it is told to.

usage: holder.py [STOP]      prints the token's end or an error

STOP stops it as SIGSTOP or a frozen container does: ``checked``, after the last check of its lease, or ``connected``,
when all that is left is to send. When it goes on, its clock tells that two minutes have passed: its lease has ended.
"""

import signal
import sys
import threading
from typing import Any

from tokenkit import TokenKit, TokenKitError
from tokenkit.elapsed import elapsed
from tokenkit.net import network
from tokenkit.net.network import Network
from tokenkit.oauth2 import OAuth2
from tokenkit.store.postgres import lease

STOPPED = 120.0
"""Seconds; a lease lasts for 90."""


def main() -> None:
    stop = sys.argv[1:]
    if stop == ["checked"]:
        stops(OAuth2, "refresh", after=False)
    elif stop == ["connected"]:
        stops(Network, "connect_tcp", after=True)
    kit = TokenKit(background=False)
    kit.status("google")  # what is heavy is there before the lease is taken

    print("ready", flush=True)
    sys.stdin.readline()
    try:
        told = kit.token("google").value[-6:]
    except TokenKitError as error:
        told = f"{type(error).__name__}: {error}"
    print(told, flush=True)


def stops(kind: type, name: str, *, after: bool) -> None:
    """Let the method stop this process, before or after it does what it does."""
    method = getattr(kind, name)

    def stopping(*arguments: Any, **named: Any) -> Any:
        result = method(*arguments, **named) if after else None
        print("stops", flush=True)
        signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)  # to this very thread: another may be asleep
        lease.elapsed = network.elapsed = lambda: elapsed() + STOPPED
        return result if after else method(*arguments, **named)

    setattr(kind, name, stopping)


if __name__ == "__main__":
    main()
