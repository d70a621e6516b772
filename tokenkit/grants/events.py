"""What happens to the accounts of a kit, for callbacks: each need is told once.

Only what this process sees is told. A callback runs in the thread that saw it, which belongs to no caller. It must be
quick. What it raises goes to `sys.unraisablehook`: nothing may keep a refreshed grant from the callers who wait for it.
"""

from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast, get_args

from tokenkit.account import Account
from tokenkit.errors import ConsentRequired, StoreError, TokenKitError, UnknownAccount, UsageError
from tokenkit.fork_lock import ForkLock
from tokenkit.grant import Grant
from tokenkit.grants.due import SOON, consent_end
from tokenkit.grants.endings import WITHIN, Endings
from tokenkit.store import Version

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

Kind = Literal["refreshed", "consent_needed", "back", "ends_soon", "failed"]
"""``consent_needed`` and ``failed`` are told once until the account is ``back``; ``ends_soon`` once for each end."""

_COROUTINE = 0x80
"""`inspect.CO_COROUTINE`; each kit registers callbacks of its own, and `inspect` takes long to import."""

MOST_ENDS = 1000
"""Ends that are remembered before those that are over are looked for."""


class Event(NamedTuple):
    """What happened to an account; `error` says why, and `ends_at` (Unix time in seconds, UTC) when it ends."""

    kind: Kind
    account: Account
    error: TokenKitError | None = None
    ends_at: float | None = None


Callback = Callable[[Event], object]


class _Held(NamedTuple):
    """What waits to be told: since when, and what was stored of the account then."""

    event: Event
    at: float
    version: Version | None


class Events:
    """Tells the callbacks of one kit. `version` returns that of the record of any account."""

    def __init__(self, endings: Endings, version: Callable[[Account], Version | None]) -> None:
        self._endings = endings
        self._version = version
        self._told: dict[str, float] = {}
        self._held: dict[Account, _Held] = {}
        self._callbacks: dict[Kind, list[tuple[Callback, str | None]]] = {}
        self._trouble: dict[Account, Kind] = {}
        self._ends: dict[Account, float] = {}
        self._most_ends = MOST_ENDS
        self._changing = ForkLock()

    def on(self, kind: Kind, callback: Callback, *, owner: str | None = None) -> Callable[[], None]:
        """Call `callback` with each `Event` of that kind from now on; return a function that ends that.

        With `owner` only the events of that owner's accounts count.
        """
        if kind not in get_args(Kind):
            raise UsageError(f"there is no event {kind!r}", hint=f"the events are {', '.join(get_args(Kind))}")
        if not callable(callback):
            raise UsageError(f"{type(callback).__name__} cannot be called", hint='kit.on("refreshed", print)')
        if getattr(getattr(callback, "__code__", None), "co_flags", 0) & _COROUTINE:
            raise UsageError(
                "a callback that is a coroutine function would never run: no event loop is known here",
                hint="register it with an AsyncTokenKit, or give a plain function",
            )
        registered = (callback, owner)
        with self._changing.lock:
            self._callbacks[kind] = [*self._callbacks.get(kind, ()), registered]

        def off() -> None:
            with self._changing.lock:  # by identity: another owner may have registered the same callback
                self._callbacks[kind] = [other for other in self._callbacks[kind] if other is not registered]

        return off

    def refreshed(self, account: Account, grant: Grant, now: float) -> None:
        """Tell that a refresh was saved, and what follows from what it brought."""
        self._tell(Event("refreshed", account))
        self.seen(account, grant, now)

    def seen(self, account: Account, grant: Grant, now: float) -> None:
        """Tell that a good grant was seen after trouble, and that its end comes near; each once."""
        if not self._callbacks:
            return
        self._tell_held(now)
        with self._changing.lock:
            self._held.pop(account, None)
            back = self._trouble.pop(account, None) is not None
            end = consent_end(grant)
            soon = end is not None and end <= now + SOON and self._ends.get(account) != end
            if end is not None and soon:
                self._note_end(account, end, now)
        if back:
            self._tell(Event("back", account))
        if soon:
            self._tell(Event("ends_soon", account, ends_at=end))

    def failed(self, account: Account, error: TokenKitError, now: float) -> None:
        """Tell that a refresh failed, or that only the person can go on; once until the account is back.

        At a provider with many accounts, more than one may end within ten minutes. Then the first is told at once, by
        whichever process saw it. The others are told when the ten minutes are over, and not at all if that was the
        provider's bad hour (R13), or the person has signed in again or out by then.
        """
        if isinstance(error, UnknownAccount):
            return  # it was signed out, here or elsewhere
        self._tell_held(now)
        kind: Kind = "consent_needed" if isinstance(error, ConsentRequired) else "failed"
        if self._trouble.get(account) == kind or account in self._held:
            return
        event = Event(kind, account, error)
        if kind == "consent_needed" and self._may_be_one_of_many(account.provider, now):
            with suppress(StoreError):  # then the next failure tells it
                self._held[account] = _Held(event, now, self._version(account))
            return
        with self._changing.lock:
            known = self._trouble.get(account) == kind
            self._trouble[account] = kind
        if not known:
            self._tell(event)

    def _note_end(self, account: Account, end: float, now: float) -> None:
        """Remember that this end was told, and forget those that are over, whenever they are twice as many (R37)."""
        self._ends[account] = end
        if len(self._ends) > self._most_ends:
            self._ends = {one: at for one, at in self._ends.items() if at > now - SOON}
            self._most_ends = max(MOST_ENDS, 2 * len(self._ends))

    def _may_be_one_of_many(self, provider: str, now: float) -> bool:
        others = self._endings.has_others(provider, now)  # another process, or this one before a restart, told of one
        with self._changing.lock:
            last = self._told.get(provider)
            first = not others and (last is None or not 0 <= now - last < WITHIN)
            if first:
                self._told[provider] = now
        return not first and self._endings.has_many(provider, now)

    def _tell_held(self, now: float) -> None:
        """Tell of what has waited for its ten minutes, was not part of a bad hour, and is as it was."""
        for account, held in list(self._held.items()):
            if 0 <= now - held.at < WITHIN:
                return  # they wait in order
            with self._changing.lock:
                waited = self._held.pop(account, None) is not None
            if waited and not self._endings.in_bad_hour(account.provider, held.at) and self._is_as_it_was(held):
                self._trouble[account] = held.event.kind
                self._tell(held.event)

    def _is_as_it_was(self, held: _Held) -> bool:
        with suppress(StoreError):
            return self._version(held.event.account) == held.version
        return True

    def _tell(self, event: Event) -> None:
        for callback, owner in self._callbacks.get(event.kind, ()):
            if owner not in (None, event.account.owner):
                continue
            try:
                callback(event)
            except KeyboardInterrupt:  # the person's, in the main thread
                raise
            except BaseException as error:  # noqa: BLE001 - a stranger's; a CancelledError would cancel all who wait
                _Unraisable(error)


def in_loop(loop: "AbstractEventLoop", callback: Callback) -> Callback:
    """Return what calls back in that event loop, from any thread; a coroutine function's coroutine is run there."""
    if not callable(callback):
        return callback  # it is refused like any other
    running: set[object] = set()

    def call(event: Event) -> None:
        result = callback(event)
        if isinstance(result, Coroutine):
            task = loop.create_task(cast(Coroutine[Any, Any, object], result))
            running.add(task)  # the loop itself holds a task only weakly
            task.add_done_callback(running.discard)

    def tell(event: Event) -> None:
        with suppress(RuntimeError):  # the loop was closed: nobody listens any more
            loop.call_soon_threadsafe(call, event)

    return tell


class _Unraisable:
    """Raises what a callback has raised where nobody can catch it: so Python itself hands it to `sys.unraisablehook`.

    Its default one takes no arguments but Python's own, and there is no other way to make these.
    """

    __slots__ = ("_error",)

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __del__(self) -> None:
        raise self._error
