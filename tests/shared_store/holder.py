"""One process of another machine: it asks for the account's token once, as soon as it is told to.

usage: holder.py DEADLINE SLACK [STOP]      seconds, which make its leases shorter; prints the token's end or an error

STOP stops it as SIGSTOP or a frozen container does: ``checked``, after the last check of its lease, or ``connected``,
when all that is left is to send.
"""

import signal
import sys
import threading
import time
from typing import Any

import tokenkit.kit
from tokenkit import TokenKit, TokenKitError
from tokenkit.grants import refresher
from tokenkit.net.network import Network
from tokenkit.oauth2 import OAuth2


def main() -> None:
    deadline, slack, *stop = sys.argv[1:]
    tokenkit.kit.DEADLINE, refresher.SLACK = float(deadline), float(slack)
    if stop == ["checked"]:
        stops(OAuth2, "refresh", after=False)
    elif stop == ["connected"]:
        stops(Network, "connect_tcp", after=True)
    kit = TokenKit(background=False)
    kit.status("google")  # what is heavy is there before the lease is taken

    print("ready", flush=True)
    sys.stdin.readline()
    began = time.monotonic()
    try:
        told = kit.token("google").value[-6:]
    except TokenKitError as error:
        told = f"{type(error).__name__}: {error}"
    print(f"{time.monotonic() - began:.2f}", told, flush=True)


def stops(kind: type, name: str, *, after: bool) -> None:
    """Let the method stop this process, before or after it does what it does."""
    method = getattr(kind, name)

    def stopping(*arguments: Any, **named: Any) -> Any:
        result = method(*arguments, **named) if after else None
        print("stops", flush=True)
        signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)  # to this very thread: another may be asleep
        return result if after else method(*arguments, **named)

    setattr(kind, name, stopping)


if __name__ == "__main__":
    main()
