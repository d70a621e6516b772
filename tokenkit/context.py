"""All that a provider may touch of the world."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tokenkit.request import Request, Response


class Context(NamedTuple):
    """All that a provider may touch.

    `send` raises `ProviderUnavailable` when there is no answer (its `sent` says whether the request can have arrived);
    an HTTP error status is an answer. `now` is Unix time in seconds, UTC. `random` returns that many bytes. `sleep`
    takes seconds.
    """

    send: "Callable[[Request], Response]"
    now: Callable[[], float]
    random: Callable[[int], bytes]
    sleep: Callable[[float], None]
