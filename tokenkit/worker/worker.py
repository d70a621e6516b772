"""The loop: claim what is due, refresh it as any caller does, and say when what failed is due again."""

import random
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, NamedTuple

from tokenkit.account import Account, parse_account
from tokenkit.errors import StoreError, TokenKitError
from tokenkit.grants.owner_names import check_owner
from tokenkit.grants.refresh_job import RefreshJob, RefreshOutcome
from tokenkit.grants.refresher import Refresher
from tokenkit.store import Due, Schedule
from tokenkit.worker.figures import Figures
from tokenkit.worker.listed import ListedSchedule
from tokenkit.worker.outcome import Verdict, judge
from tokenkit.worker.pace import Pace

if TYPE_CHECKING:
    from tokenkit.kit import TokenKit

LIMIT = 50.0
"""Refreshes a second at one provider that the workers of a shared store begin together, if nobody says how many."""

HOLD = 180.0
"""Seconds after which what a worker has claimed is due again: longer than one refresh takes, its wait included."""

LOOK_EVERY = 5.0
"""Seconds between two looks while nothing is due: what is signed in meanwhile may have a short life."""

BATCH = 8
SHORTEST_WAIT = 0.05
"""While there is work, others are claimed after so many refreshes have ended, or seconds: one statement claims many."""

STORE_PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds until a store that could not be asked is asked again; the last one repeats."""

SILENT_FOR = 90.0
"""Seconds without a look at the store after which a worker is no longer healthy."""


class _Ended(NamedTuple):
    """A refresh that has ended: what was due, when it began by the worker's clock, and what came of it."""

    due: Due
    account: Account
    began: float
    flight: Future[RefreshOutcome]


class Worker:
    """Keeps the grants of all owners of a kit's store fresh. Several workers, anywhere, share what is due.

    A caller never waits for it: who finds a spent token refreshes it, and the worker finds it fresh. `stop` may be
    called from a handler of signals.
    """

    def __init__(
        self,
        kit: "TokenKit",
        *,
        limit: float = LIMIT,
        report: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """Begin at most `limit` refreshes a second at one provider. `report` gets a sentence when trouble comes
        or goes. `clock` tells seconds, and only goes on; `draw` returns a number from 0 to below 1.
        """
        self._kit = kit
        self._limit = limit
        self._report = report
        self._clock = clock
        self._draw = draw
        self._now = kit.context.now
        self._listed = ListedSchedule(kit.records)
        shared: Schedule | None = getattr(kit.records.store, "schedule", None)
        self._schedule: Schedule = shared or self._listed
        self._paces: dict[str, Pace] = {}
        self._ended: SimpleQueue[_Ended | None] = SimpleQueue()
        self._stopping = False
        self._store_failures = 0
        self._fails_here = False
        self._looked = clock()
        self.figures = Figures()

    def run(self) -> None:
        """Keep grants fresh until `stop`; then wait for the refreshes under way, until they are saved.

        Raises `StoreError` where the store cannot be asked at the start; later, it is waited for.
        """
        if self._kit.records.ring.shared:
            self._kit.records.ring.current()
        wait = self.turn()
        while not self._stopping:
            self._settle(wait)
            wait = 0.0 if self._stopping else self._turn_or_pause()
        self._finish()

    def run_once(self) -> None:
        """Refresh what is due now, each at most once, and return. Raises `StoreError` where the store cannot be asked.

        What a provider in trouble leaves over is not waited for.
        """
        began = self._now()
        while not self._stopping:
            wait = self.turn(before=began)
            if not self._under_way and not self._more(began):
                break
            self._settle(wait)
        self._finish()

    def stop(self) -> None:
        """End it: claim nothing more, and let `run` return once the answers under way are saved. It takes no lock."""
        self._stopping = True
        self._ended.put(None)

    @property
    def healthy(self) -> bool:
        """Tell whether the store was asked of late; a provider in trouble is no reason to start a worker anew."""
        return self._clock() - self._looked < SILENT_FOR

    def turn(self, before: float | None = None) -> float:
        """Begin what is due, or was `before` a time, as far as its provider's pace allows.

        Return after how many seconds to look again. Raises `StoreError`.
        """
        now = self._now()
        until = now if before is None else before
        if self._schedule is self._listed:
            self._listed.look(now)
        first, wait = self._schedule.first(), LOOK_EVERY
        self._looked = self._clock()
        for provider, at in first.items():
            pace = self._pace(provider)
            if not at <= until:  # a row may say that it is no number
                wait = min(wait, at - now)
                continue
            room = pace.room(self._clock())
            if room:
                self._claim(provider, pace, room, until)
            wait = min(wait, max(pace.wait(self._clock()), SHORTEST_WAIT))
        self._look_at(first, now)
        return wait

    def _claim(self, provider: str, pace: Pace, room: int, before: float) -> None:
        until = self._now() + HOLD
        claimed = self._schedule.claim(provider, before=before, until=until, limit=room, rate=self._limit)
        for due in claimed:
            pace.begin()
            self._begin(due)
        if len(claimed) < room:
            pace.drain()

    def _begin(self, due: Due) -> None:
        """Refresh as a caller's kit does ahead of the end (R3): what is fresh by now, or hopeless, is not sent."""
        began = self._clock()
        account = Account(*parse_account(due.name.id), due.name.owner)
        try:
            check_owner(account.owner)
            flight = self._refresher(account.owner).renew(account, RefreshJob(early=True))
        except TokenKitError as error:  # another version of this program has kept a name that this one refuses
            flight = Future[RefreshOutcome]()
            flight.set_exception(error)
        flight.add_done_callback(lambda done: self._ended.put(_Ended(due, account, began, done)))

    def _settle(self, wait: float) -> None:
        """See to the refreshes that end, until there is room for others to be claimed, for `wait` seconds at most."""
        end, handled = time.monotonic() + wait, 0
        while handled < BATCH and (not handled or self._under_way):
            try:
                ended = self._ended.get(timeout=max(end - time.monotonic(), 0.0))
            except Empty:
                return
            if ended is None:  # told to stop
                return
            self._end(ended)
            handled += 1

    def _end(self, ended: _Ended) -> None:
        """Count what came of a refresh, and plan the next one where no save has done that."""
        now, provider = self._now(), ended.account.provider
        verdict = judge(self._refresher(ended.account.owner), ended.account, ended.flight, now, stopping=self._stopping)
        pace = self._pace(provider)
        before = pace.in_trouble
        pace.end(ended.began, self._clock(), provider_failed=verdict.provider_failed)
        self.figures.ended(provider, verdict.result, self._clock() - ended.began)
        if pace.in_trouble != before:
            self._report(
                f"{provider}: refreshes work again"
                if before
                else f"{provider}: refreshes fail, so it is asked seldom for a while: {verdict.reason}"
            )
        self._report_what_fails_here(provider, verdict)
        saved = verdict.result == "refreshed" and self._schedule is not self._listed  # the save has planned it
        if verdict.at is not None and not saved:
            with suppress(StoreError):  # then it is due again when the claim has ended
                self._schedule.put_off(ended.due, verdict.at)

    def _report_what_fails_here(self, provider: str, verdict: Verdict) -> None:
        """Report a failure that is not the provider's, as of a key that this machine lacks; once until one succeeds."""
        fails_here = verdict.provider_failed is None and bool(verdict.reason)
        if fails_here and not self._fails_here:
            self._report(f"{provider}: a refresh fails on this machine, or in the store: {verdict.reason}")
        if fails_here or verdict.result == "refreshed":
            self._fails_here = fails_here

    def _refresher(self, owner: str) -> Refresher:
        return self._kit.refresher.for_owner(self._kit.records.for_owner(owner))

    def _finish(self) -> None:
        while self._under_way:
            self._settle(1.0)

    def _turn_or_pause(self) -> float:
        """Return for how long to wait, also while the store cannot be asked: this process waits for it."""
        try:
            wait = self.turn()
        except StoreError as error:
            if not self._store_failures:
                self._report(f"the store cannot be asked: {error}")
            self.figures.store_away()
            pause = STORE_PAUSES[min(self._store_failures, len(STORE_PAUSES) - 1)]
            self._store_failures += 1
            return pause
        if self._store_failures:
            self._report("the store answers again")
            self._store_failures = 0
        return wait

    @property
    def _under_way(self) -> int:
        return sum(pace.under_way for pace in self._paces.values())

    def _more(self, before: float) -> bool:
        return any(at <= before and not self._pace(name).in_trouble for name, at in self._schedule.first().items())

    def _pace(self, provider: str) -> Pace:
        pace = self._paces.get(provider)
        if pace is None:
            pace = self._paces[provider] = Pace(self._limit, self._clock(), self._draw)
        return pace

    def _look_at(self, first: Mapping[str, float], now: float) -> None:
        paces = self._paces.items()
        self.figures.looked(
            {
                "overdue_seconds": {provider: max(now - at, 0.0) for provider, at in first.items()},
                "under_way": {provider: float(pace.under_way) for provider, pace in paces},
                "provider_in_trouble": {provider: float(pace.in_trouble) for provider, pace in paces},
            }
        )
