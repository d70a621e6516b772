"""Where the scripts of these tests lie, and how to wait."""

import time
from pathlib import Path

HOLDER = Path(__file__).with_name("holder.py")
CALLER = Path(__file__).parents[1] / "never_lost" / "caller.py"


def wait_until(holds, within=15.0):
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)
