"""A lock that a forked child finds open: the thread that held it does not exist there (R7)."""

import os
import threading
import weakref


class ForkLock:
    """Has a `lock`, a `threading.Lock`, to be looked up whenever it is taken: a forked child gets a new one.

    It is not wrapped. So a ``with`` gives back the very lock that it took, also in a child that was forked meanwhile.
    And there is no moment at which Ctrl-C could leave it taken.
    """

    def __init__(self) -> None:
        self._renew()
        _all.add(self)

    def _renew(self) -> None:
        self.lock = threading.Lock()


_all: "weakref.WeakSet[ForkLock]" = weakref.WeakSet()


def _renew_in_child() -> None:
    for each in _all:
        each._renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_in_child)
