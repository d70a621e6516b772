"""Servers that refresh nobody: who has waited for a turn behind others that tried in vain is told so, and not sent.

They give no answer, or only that they have trouble of their own. At most so many refreshes of a provider are under way
(`tokenkit.grants.single_flight`). While it hangs, each takes a minute: the last one of a thousand would be told after
half an hour what the first ones were told after one minute.
"""

from typing import NamedTuple

from tokenkit.account import Account
from tokenkit.duration import duration
from tokenkit.errors import ProviderUnavailable, StoreError, TokenKitError
from tokenkit.fork_lock import ForkLock

LONGEST = 10.0
"""Seconds of waiting for a turn after which it counts that a server has refreshed nobody meanwhile."""

MOST = 1000
"""Servers that are remembered."""


class _Last(NamedTuple):
    """When a server has answered last, and when a request to it was last in vain."""

    answered: float
    failed: float


class Unanswered:
    """Remembers, by token endpoint, how the last refreshes of this process ended.

    Times are seconds of a clock that only goes on.
    """

    def __init__(self) -> None:
        self._last: dict[str, _Last] = {}
        self._changing = ForkLock()
        self._since = float("-inf")

    def ended(self, server: str, error: TokenKitError | None, now: float) -> None:
        """Take note of how a refresh at `server` ended; an error of the store says nothing of it."""
        if isinstance(error, StoreError):
            return
        with self._changing.lock:
            if len(self._last) >= MOST and server not in self._last:
                self._last, self._since = {}, now  # none of them is taken for one that has never answered
            last = self._last.get(server, _Last(self._since, float("-inf")))
            in_vain = isinstance(error, ProviderUnavailable)
            self._last[server] = last._replace(failed=now) if in_vain else last._replace(answered=now)

    def refuse_in_vain(self, server: str, account: Account, asked: float, now: float) -> None:
        """Raise `ProviderUnavailable` where `server` has refreshed nobody since the refresh was asked for, long ago."""
        last = self._last.get(server)
        if last is not None and now - asked > LONGEST and last.answered < asked <= last.failed:
            raise ProviderUnavailable(
                f"{account.provider} has refreshed nobody for {duration(now - asked)}, and was not asked for {account}",
                sent=False,
                hint="try again later; nobody is signed out",
                account=str(account),
            )
