"""Where the scripts of these tests lie."""

from pathlib import Path

HOLDER = Path(__file__).with_name("holder.py")
CALLER = Path(__file__).parents[1] / "never_lost" / "caller.py"
