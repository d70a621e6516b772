"""A lock that neither a fork nor Ctrl-C leaves shut (R7)."""

import os
import signal
import threading

import pytest
from tokenkit.fork_lock import ForkLock

from patience import PATIENCE

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
warned = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


@forks
@warned
def test_a_child_finds_it_open_and_the_parent_still_holds_it():
    held = ForkLock()
    with held.lock:
        child = os.fork()
        if child == 0:
            os._exit(0 if held.lock.acquire(timeout=PATIENCE) else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert held.lock.locked()


@forks
@warned
def test_a_child_forked_by_the_holder_gives_back_the_old_one_and_not_what_another_thread_took_since():
    held = ForkLock()
    with held.lock:
        child = os.fork()
        if child == 0:
            taken = threading.Thread(target=held.lock.acquire)
            taken.start()
            taken.join()
    if child == 0:
        os._exit(0 if held.lock.locked() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


class _Interrupted(Exception):
    pass


def _take_and_give(held, *, until):
    signal.setitimer(signal.ITIMER_REAL, until)  # in here: on a busy machine it may ring at once
    while True:
        with held.lock:
            pass


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timers for signals")
def test_ctrl_c_never_leaves_it_shut():
    """Else the flights that the exit waits for would wait for it, and it for nobody."""

    def interrupt(number, frame):
        raise _Interrupted

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for number in range(200):
            held = ForkLock()
            with pytest.raises(_Interrupted):
                _take_and_give(held, until=1e-3 + number * 1e-6)
            assert not held.lock.locked()
    finally:
        signal.signal(signal.SIGALRM, before)
