"""What another process does to an account is seen within a second by whoever has its token in memory (R1).

The files are real, the other process is, and so are the requests that it sends. The clock of those who ask is the
test's, which tells just under a second from a second and sleeps for neither; one test is under the real clock.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from never_lost_paths import touched
from tokenkit import AsyncTokenKit, TokenKit, TokenKitError, private_file
from tokenkit.provider import Context
from tokenkit.testing.clock import Clock

from patience import PATIENCE

pytestmark = pytest.mark.slow

ME = "google/me@example.com"
SECOND = 1.0
ALMOST = SECOND - 1 / 1024
"""Exact in binary, so that what is left to the second is, too."""

NOISE = 0.1
"""Seconds that a process may be held up between its look at a file and its look at the clock."""

TokenQuery = Callable[[], str]


@pytest.fixture
def clock() -> Clock:
    """Whole seconds, ten minutes ahead: no token that another process gets meanwhile is from the future."""
    return Clock(float(int(time.time()) + 600))


@pytest.fixture
def askers(assistant, clock: Clock) -> Iterator[dict[str, TokenQuery]]:
    """A sync and an async kit for the bare name and for the full one; none of them may send anything."""
    with four_askers(Context(send=refuse, now=clock.now, random=os.urandom, sleep=clock.sleep)) as four:
        settle(assistant)
        yield four


@contextmanager
def four_askers(context: Context | None) -> Iterator[dict[str, TokenQuery]]:
    """Each with a kit, and so a memory, of its own. What they are told: a token's value, or an error's name."""
    with asyncio.Runner() as runner:
        four: dict[str, TokenQuery] = {}
        for name in ("google", ME):
            four[f"sync {name}"] = ask_sync(TokenKit(context=context), name)
            four[f"async {name}"] = ask_async(AsyncTokenKit(context=context), name, runner)
        yield four


def ask_sync(kit: TokenKit, name: str) -> TokenQuery:
    return lambda: told(lambda: kit.token(name).value)


def ask_async(kit: AsyncTokenKit, name: str, runner: asyncio.Runner) -> TokenQuery:
    async def value() -> str:
        return (await kit.token(name)).value

    return lambda: told(lambda: runner.run(value()))


def told(ask: TokenQuery) -> str:
    try:
        return ask()
    except TokenKitError as error:
        return type(error).__name__


def refuse(request):
    raise AssertionError(f"who asks here sends nothing: {request.method} {request.url}")


def settle(assistant) -> None:
    """Age the provider's folder: the version of one that has just changed equals none, and would prove nothing."""
    folder = os.path.dirname(touched(assistant.home)[0])
    os.utime(folder, (time.time() - 60, time.time() - 60))


def everybody(askers: dict[str, TokenQuery]) -> dict[str, str]:
    return {who: ask() for who, ask in askers.items()}


def all_the_same(askers: dict[str, TokenQuery], answer: str) -> dict[str, str]:
    return dict.fromkeys(askers, answer)


def by_name(*, bare: str, full: str) -> dict[str, str]:
    """What those are told who ask for ``google``, and those who ask for the account."""
    return {"sync google": bare, "async google": bare, f"sync {ME}": full, f"async {ME}": full}


def version(assistant):
    """That of the account's record on the disk, None where there is none."""
    return private_file.version(touched(assistant.home)[0])


def elsewhere(statement: str, *arguments: str) -> str:
    """Run it in another process, which has a kit; what that prints."""
    done = begin_elsewhere(statement, *arguments)
    out, err = done.communicate(timeout=PATIENCE)
    assert done.returncode == 0, err
    return out.strip()


def begin_elsewhere(statement: str, *arguments: str) -> "subprocess.Popen[str]":
    program = f"import sys\nfrom tokenkit import TokenKit\nkit = TokenKit(background=False)\n{statement}"
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def refresh_elsewhere() -> str:
    return elsewhere(f"print(kit.refresh({ME!r}).value)")


def log_out_elsewhere() -> None:
    elsewhere(f"kit.logout({ME!r})")


def log_in_elsewhere(assistant, user: str = "me@example.com") -> str:
    """The token of the new grant, which another process has fetched and written."""
    pending = assistant.kit().begin("google", redirect_uri="http://127.0.0.1:9/callback/google", binding="b")
    callback = assistant.authority.approve(pending.url, as_user=user)
    return elsewhere("print(kit.token(str(kit.complete(sys.argv[1], binding='b'))).value)", callback)


def in_memory(askers: dict[str, TokenQuery]) -> str:
    """The token that all have once they have asked."""
    (token,) = set(everybody(askers).values())
    assert len(token) > len("AmbiguousAccount")
    return token


def test_a_refresh_by_another_process_is_seen_a_second_after_the_last_look(assistant, askers, clock) -> None:
    """R1: memory serves for one second, then the store is looked at."""
    old, before = in_memory(askers), version(assistant)
    new = refresh_elsewhere()
    assert new != old
    assert version(assistant) != before
    clock.advance(ALMOST)
    assert everybody(askers) == all_the_same(askers, old), "within the second memory serves, and nobody looks"
    clock.advance(SECOND - ALMOST)
    assert everybody(askers) == all_the_same(askers, new)


def test_a_sign_out_by_another_process_is_seen_a_second_after_the_last_look(assistant, askers, clock) -> None:
    """R1: memory serves for one second, then the store is looked at."""
    old = in_memory(askers)
    log_out_elsewhere()
    assert version(assistant) is None
    clock.advance(ALMOST)
    assert everybody(askers) == all_the_same(askers, old)
    clock.advance(SECOND - ALMOST)
    assert everybody(askers) == by_name(bare="ConsentRequired", full="UnknownAccount")


def test_a_login_by_another_process_after_a_sign_out_is_seen_at_once(assistant, askers, clock) -> None:
    """R1: that an account is not there is nothing to remember."""
    in_memory(askers)
    log_out_elsewhere()
    clock.advance(SECOND)
    assert everybody(askers) == by_name(bare="ConsentRequired", full="UnknownAccount")
    settle(assistant)
    assert everybody(askers) == by_name(bare="ConsentRequired", full="UnknownAccount")
    new = log_in_elsewhere(assistant)
    assert everybody(askers) == all_the_same(askers, new)


def test_a_login_by_another_process_over_a_living_account_is_seen_a_second_after_the_last_look(
    assistant, askers, clock
) -> None:
    """R1: memory serves for one second, then the store is looked at."""
    old, before = in_memory(askers), version(assistant)
    new = log_in_elsewhere(assistant)
    assert new != old
    assert version(assistant) != before
    clock.advance(ALMOST)
    assert everybody(askers) == all_the_same(askers, old)
    clock.advance(SECOND - ALMOST)
    assert everybody(askers) == all_the_same(askers, new)


def test_a_second_account_from_another_process_makes_a_bare_name_ambiguous_within_a_second(
    assistant, askers, clock
) -> None:
    """R1, R4: the version of a bare name is that of the provider's folder."""
    old = in_memory(askers)
    log_in_elsewhere(assistant, "you@example.com")
    clock.advance(ALMOST)
    assert everybody(askers) == all_the_same(askers, old)
    clock.advance(SECOND - ALMOST)
    assert everybody(askers) == by_name(bare="AmbiguousAccount", full=old)


def test_a_second_change_is_seen_a_second_after_the_first_was(assistant, askers, clock) -> None:
    """R1: each look opens a window of its own, one that found nothing new too."""
    in_memory(askers)
    clock.advance(SECOND)
    old = in_memory(askers)
    for _ in range(2):
        settle(assistant)
        new = refresh_elsewhere()
        clock.advance(ALMOST)
        assert everybody(askers) == all_the_same(askers, old)
        clock.advance(SECOND - ALMOST)
        assert everybody(askers) == all_the_same(askers, new)
        old = new


def test_under_the_real_clock_nobody_who_asks_a_second_after_the_change_gets_the_old_token(assistant) -> None:
    """R1: measured from when the record on the disk is another."""
    before = version(assistant)
    with four_askers(None) as askers:
        old = in_memory(askers)
        process = begin_elsewhere(f"print(kit.refresh({ME!r}).value)")
        changed = float("inf")
        late: dict[str, float] = {}
        waiting, given_up = set(askers), time.monotonic() + PATIENCE
        while waiting and time.monotonic() < given_up:
            if changed == float("inf") and version(assistant) != before:
                changed = time.monotonic()
            for who in sorted(waiting):
                began = time.monotonic()
                if askers[who]() != old:
                    waiting.remove(who)
                elif began > changed + SECOND + NOISE:
                    late[who] = began - changed
        out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, err
        assert (waiting, late) == (set(), {})
        assert everybody(askers) == all_the_same(askers, out.strip())
