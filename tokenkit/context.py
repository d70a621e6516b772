"""All that a provider may touch of the world."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tokenkit.request import Request, Response

    Send = Callable[[Request], Response]
else:
    Send = Callable  # the two in quotes would be compiled, and the first `compile` of a program takes a millisecond


class Context(NamedTuple):
    """All that a provider may touch.

    `send` raises `ProviderUnavailable` when there is no answer (its `sent` says whether the request can have arrived);
    an HTTP error status is an answer. `now` is Unix time in seconds, UTC. `random` returns that many bytes. `sleep`
    takes seconds.
    """

    send: Send
    now: Callable[[], float]
    random: Callable[[int], bytes]
    sleep: Callable[[float], None]
