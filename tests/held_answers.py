"""Answers of the sandbox that come when a test says so, and not after some seconds."""

import threading
import time

from patience import PATIENCE

HELD = 3600.0
"""The delay of an answer that waits until it is let go: ``authority.next("token", delay=HELD)``."""


class HeldAnswers:
    """The `sleep` of an authority."""

    def __init__(self) -> None:
        self._go_on = threading.Event()

    def sleep(self, seconds: float) -> None:
        """Wait: for the test where the delay is `HELD`, else for those seconds."""
        if seconds == HELD:
            self._go_on.wait(PATIENCE)
        else:
            time.sleep(seconds)

    def let_go(self) -> None:
        """Let what is held be answered, and what would be held from now on."""
        self._go_on.set()
