"""A context that speaks over HTTP, and loads nothing for that before the first request."""

import os
import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from tokenkit.context import Context

if TYPE_CHECKING:
    from tokenkit.net.http import Transport
    from tokenkit.request import Request, Response


def http_context(deadline: float, insecure_hosts: Callable[[], Collection[str]]) -> Context:
    """Return a `Context` whose requests take `deadline` seconds at most.

    `insecure_hosts` is called when one is sent: TLS always, but for what a person opted in to (R32).
    """
    return Context(send=_Late(deadline, insecure_hosts).send, now=time.time, random=os.urandom, sleep=time.sleep)


class _Late:
    def __init__(self, deadline: float, insecure_hosts: Callable[[], Collection[str]]) -> None:
        self._deadline = deadline
        self._insecure_hosts = insecure_hosts
        self._transport: Transport | None = None

    def send(self, request: "Request") -> "Response":
        if self._transport is None:
            from tokenkit.net.http import Transport

            self._transport = Transport(deadline=self._deadline, insecure_hosts=self._insecure_hosts())
        return self._transport.send(request)
