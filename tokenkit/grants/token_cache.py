"""From an account as asked to a good token: memory first, then the store, then the one refresh (R1 to R4, R14, R15).

`look` may block on the disk. To wait for a refresh is left to the caller, which may be a thread or a coroutine: it
calls `look`, and as long as a refresh is needed, waits for the refresher's flight and calls `settle`.
"""

import weakref
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from typing import TypeGuard, cast

from tokenkit.account import Account, is_provider_name, parse_account
from tokenkit.duration import duration
from tokenkit.errors import StoreUnavailable, TokenKitError, UnknownAccount, UsageError
from tokenkit.fork_lock import ForkLock
from tokenkit.grant import ACTIVE, MOVED, Grant
from tokenkit.grants.account_names import AccountNames, check_asked
from tokenkit.grants.refresh_job import RefreshJob, RefreshOutcome
from tokenkit.grants.refresher import Refresher
from tokenkit.grants.scopes import check_scopes, every_name, not_granted, plain_scopes
from tokenkit.grants.sealed_store import StoredGrant
from tokenkit.grants.token_query import Memory, RefreshNeeded, Remembered, TokenQuery
from tokenkit.signals import ended_unasked
from tokenkit.store import Name
from tokenkit.token import AccessToken, Secret

SIZE = 10_000
"""Accounts that are remembered where nobody says how many: some 30 MB. A forgotten one costs one look at the store."""

WINDOW = 1.0
"""Seconds for which memory serves without a look at the store: another process's sign-out is seen within them (R1)."""

AWAY = 60.0
"""Seconds after the last look for which memory serves a token with life left while the store is away (R14)."""

NEVER = float("-inf")
"""When the store was looked at for what a flight has saved: callers may wake up late, so the next call looks."""

AHEAD_PAUSE = 10.0
"""Seconds between two refreshes ahead of the end, a twentieth of the lifetime if that is less: what fails before it is
sent has no back-off of its own, and may have run the command that tells a client secret."""


class RecentlyAsked:
    """The caches of one kit and its owners, and the order in which they were asked.

    A cache tells of a name whenever it has looked at the store for it, which is once a second while the name is in use
    (R1): so the order is kept to the second, and the way from memory pays nothing for it.
    """

    def __init__(self, size: int) -> None:
        if not isinstance(cast(object, size), int) or size < 1:
            raise UsageError(f"a cache of {size!r} accounts is none", hint=f"TokenKit(cache_size={SIZE})")
        self._size = size
        self._order: OrderedDict[tuple[str, str], TokenCache] = OrderedDict()
        self._caches: weakref.WeakValueDictionary[str, TokenCache] = weakref.WeakValueDictionary()
        self._changing = ForkLock()

    def cache(self, owner: str, make: Callable[[], "TokenCache"]) -> "TokenCache":
        """Return the owner's cache: the one there is for as long as it remembers anything, else a new one."""
        with self._changing.lock:
            cache = self._caches.get(owner)
            if cache is None:
                cache = self._caches[owner] = make()
        return cache

    def asked(self, cache: "TokenCache", name: str) -> None:
        """Take note that `cache` was asked for `name`, and let what is too much be forgotten."""
        key = (cache.owner, name)
        with self._changing.lock:
            self._order[key] = cache
            self._order.move_to_end(key)
            if len(self._order) > self._size:
                (_, oldest), its_cache = self._order.popitem(last=False)
                its_cache.drop(oldest)


class TokenCache:
    """Answers for the accounts of one owner. `memory` is that of the fast path, by name as asked."""

    __slots__ = (
        "__weakref__", "_ahead", "_background", "_now", "_recent", "_records", "_remembered", "memory", "names",
        "owner", "refresher",
    )  # fmt: skip

    def __init__(self, refresher: Refresher, names: AccountNames, recent: RecentlyAsked, *, background: bool) -> None:
        self.memory: dict[str, Memory] = {}
        self._remembered: dict[str, Remembered] = {}
        self._ahead: dict[Account, float] = {}
        self.refresher = refresher
        self._records = refresher.records
        self._recent = recent
        self.owner = self._records.owner
        self._now = refresher.context.now
        self.names = names
        self._background = background

    def token(self, asked: str, query: TokenQuery) -> AccessToken:
        """Return a token that satisfies the query, waiting for a refresh where one is needed.

        Raises what `TokenKit.token` raises.
        """
        found = self.look(asked, query)
        while isinstance(found, RefreshNeeded):
            try:
                outcome = self.refresher.renew(found.account, found.need, found.held).result()
            except TokenKitError as error:
                return self.fall_back(found, error)
            found = self.settle(asked, query, found, outcome)
        return found

    def look(self, asked: str, ask: TokenQuery) -> AccessToken | RefreshNeeded:
        """Return the token, if memory or the store has a good one; else what is needed. May block on the disk."""
        now = self._now()  # before the look: what changes while it takes is seen within a second, too
        found, away = self._find(asked, ask, now)
        account, held = found.account, found.held
        self._recent.asked(self, asked)
        grant = held.grant
        scopes = self._check_scopes(account, grant, ask, found)
        need = RefreshJob(ask.min_ttl, None if ask.rejected is None else Secret(ask.rejected.value), scopes=ask.scopes)
        if not need.met_by(grant, now):
            needed = RefreshNeeded(account, need, held)
            return needed if away is None else self.fall_back(needed, away)
        looked = now if away is None else found.looked
        token = self._remember(asked, ask, Remembered(scopes, account, held, found.version, looked), now)
        ahead = grant.state == ACTIVE and grant.refresh_token and not grant.perhaps_spent
        if self._background and token.closing(now) and ahead and away is None and not ended_unasked():
            self._refresh_ahead(account, held, now, min(AHEAD_PAUSE, token.lifetime() / 20))
        self.refresher.activity.used(account, ask.scopes)
        self.refresher.events.seen(account, grant, now)
        return token

    def _refresh_ahead(self, account: Account, held: StoredGrant, now: float, pause: float) -> None:
        """Refresh while nobody waits (R3). Nobody hears of a failure either, so it is not tried at every look."""
        if not 0 <= now - self._ahead.get(account, float("-inf")) < pause:
            self._ahead[account] = now
            with suppress(UsageError):  # in a callback that it would wait for: that one's refresh is on its way
                self.refresher.renew(account, RefreshJob(early=True), held)

    def settle(
        self, asked: str, ask: TokenQuery, wanted: RefreshNeeded, renewed: RefreshOutcome
    ) -> AccessToken | RefreshNeeded:
        """Return the token that a flight brought; or what is still needed, where that flight was begun for less."""
        grant = renewed.held.grant
        token = grant.access_token
        if token is not None and renewed.meets(wanted.need, self._now()):
            scopes = self._check_scopes(wanted.account, grant, ask, None)
            version = renewed.held.version if "/" in asked else None
            for name in (wanted.account.provider, str(wanted.account)):  # it is asked for by both
                self.memory.pop(name, None)
            found = Remembered(scopes, wanted.account, renewed.held, version, self._now())
            return self._remember(asked, ask, found, NEVER)
        return wanted._replace(held=renewed.held)

    def fall_back(self, wanted: RefreshNeeded, error: TokenKitError) -> AccessToken:
        """Return a token with life left, where the refresh failed (R14); else raise the error."""
        grant = wanted.held.grant
        token = grant.access_token
        rejected = wanted.need.rejected
        told = self.refresher.waits_unsaved(wanted.account, error)
        if token is None or told or grant.state == MOVED or not token.alive(self._now()):
            raise error
        if rejected is not None and token.value == rejected.reveal():
            raise error
        return token

    def grant(self, asked: str) -> Grant:
        """Return the grant of the account, as it was found last: where it is from does not change (R17)."""
        remembered = self._remembered.get(asked)
        if remembered is None:
            remembered, _ = self._find(asked, TokenQuery(), self._now())
            self._recent.asked(self, asked)
        return remembered.held.grant

    def forget(self) -> None:
        """Look at the store again, whatever is asked next."""
        self.memory.clear()
        self._remembered.clear()

    def drop(self, asked: str) -> None:
        """Look at the store again, should this name be asked for once more."""
        self.memory.pop(asked, None)
        remembered = self._remembered.pop(asked, None)
        if remembered is not None:
            self._ahead.pop(remembered.account, None)

    def _find(self, asked: str, ask: TokenQuery, now: float) -> tuple[Remembered, StoreUnavailable | None]:
        """Return what the store has; while it is away what it had, for a minute, and why it is not asked (R14)."""
        remembered = self._remembered.get(asked)
        try:
            if remembered is not None and self._is_unchanged(asked, remembered):
                return remembered, None
        except StoreUnavailable as error:
            if self._can_serve(remembered, ask):
                return remembered, error
        self.memory.pop(asked, None)
        self._remembered.pop(asked, None)
        try:
            found = self._looked_up(asked, now)
        except StoreUnavailable as error:
            if not self._can_serve(remembered, ask):
                raise
            self._remembered[asked] = remembered
            return remembered, error
        self._remembered[asked] = found  # a crowd then opens it once
        return found, None

    def _is_unchanged(self, asked: str, remembered: Remembered) -> bool:
        """Tell whether the store still has that version; no long wait where it is away."""
        if remembered.version is None:
            return False
        (version,) = self._records.store.versions([Name("grant", self.owner, asked)])
        return version == remembered.version and remembered.account not in self.refresher.unsaved

    def _can_serve(self, remembered: Remembered | None, ask: TokenQuery) -> TypeGuard[Remembered]:
        """Tell whether memory has a token with life left, from a look of a minute ago at most (R14)."""
        now = self._now()
        token = None if remembered is None else remembered.held.grant.access_token
        if remembered is None or token is None or not token.alive(now) or not 0 <= now - remembered.looked < AWAY:
            return False
        rejected = ask.rejected is not None and ask.rejected.value == token.value
        return not rejected and remembered.account not in self.refresher.unsaved

    def _looked_up(self, asked: str, now: float) -> Remembered:
        check_asked(asked)
        store = self._records.store
        if "/" in asked:
            account, held = self._load(asked)
            version = held.version if asked == str(account) else None  # an exact match may appear beside a tolerant one
        else:
            version = store.version(Name("grant", self.owner, asked)) if is_provider_name(asked) else None
            account = self.names.resolve(asked)
            held = self.refresher.load(account)
        return Remembered(frozenset(), account, held, version, now)

    def _load(self, asked: str) -> tuple[Account, StoredGrant]:
        """Load the account of exactly that name without a look at the names; else the one that fits (R4)."""
        account = Account(*parse_account(asked), self.owner)
        try:
            return account, self.refresher.load(account)
        except (UnknownAccount, UsageError):  # or no store can have that name: then it is another's
            account = self.names.resolve(asked)
        return account, self.refresher.load(account)

    def _check_scopes(
        self, account: Account, grant: Grant, ask: TokenQuery, remembered: Remembered | None
    ) -> frozenset[str]:
        """Return the names, with aliases, of what is granted. Raises `ConsentRequired` for what is not (R4)."""
        if not ask.scopes:
            return remembered.scopes if remembered is not None and remembered.held.grant is grant else frozenset()
        check_scopes(ask.scopes)
        if grant.scopes is None:
            return frozenset(ask.scopes)
        provider = self.refresher.provider_of(grant, account)
        granted = every_name(provider, grant.scopes)
        missing = [scope for scope in plain_scopes(ask.scopes) if scope not in granted]
        if missing:
            raise not_granted(provider, account, grant.scopes, missing)
        return granted

    def _remember(self, asked: str, ask: TokenQuery, found: Remembered, looked: float) -> AccessToken:
        token = found.held.grant.access_token
        assert token is not None
        if ask.min_ttl > token.lifetime():
            raise UsageError(
                f"the tokens of {found.account} last {duration(token.lifetime())}: {ask.min_ttl:g} seconds of life "
                "cannot be had",
                hint=f"ask for less than {token.lifetime():.0f} seconds",
            )
        ends, closing = token.good_until(), token.closing_from()
        until = min(looked + WINDOW, ends, found.looked + AWAY)
        if self._background and looked < closing:  # otherwise a second could hide the whole end of a short token (R3)
            until = min(until, closing)
        proved = ask.scopes if isinstance(ask.scopes, (tuple, frozenset)) else ()  # a list may change under us
        self._remembered[asked] = found
        self.memory[asked] = (token, looked, until, ends, found.scopes, proved)
        self._recent.asked(self, asked)  # last: what was forgotten meanwhile would never be forgotten again
        return token
