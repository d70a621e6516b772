"""Draws the picture of the README: what `tokenkit demo` prints, run here and now. `make docs` runs this.

A test compares the picture with what the demo prints today, so that it stays true.
"""

import io
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

PICTURE = Path(__file__).parent / "demo.svg"
WIDTH = 112

CHANGING = re.compile(
    r"good for \d+ seconds?(, about to be refreshed)?|ended, refreshed at the next use|a moment"
    r"|\d+ (bytes|secrets|checks|seconds?)|127\.0\.0\.1:\d+|(?<=  )eyJ\w+"
)
"""What differs from run to run: ports, sizes, times, the first letters of sealed files."""

STYLES = {
    r"^\d  .*$": "bold cyan",
    r"^   (google|spotify|pocket)\b": "bold",
    r"\b(one refresh|revoked there, removed here|0 errors|None)\b": "green",
    r"^-?   ?-rw-------": "yellow",
    r"^Done in .*$": "bold green",
}


def demo() -> str:
    """Run the demo and return what it prints."""
    command = [sys.executable, "-c", "from tokenkit.cli.app import main; main(['demo'])"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def draw(printed: str) -> str:
    """Return the picture of a terminal with these lines, as SVG."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text("$ make demo", "bold"))
    for line in printed.rstrip().splitlines():
        text = Text(line)
        for pattern, style in STYLES.items():
            text.highlight_regex(pattern, style)
        console.print(text, no_wrap=True, crop=False, overflow="ignore")
    svg = console.export_svg(title="tokenkit demo", theme=MONOKAI, unique_id="demo")
    svg = re.sub(r" *@font-face \{.*?\}\n", "", svg, flags=re.DOTALL)  # fonts from elsewhere: a picture loads nothing
    return re.sub(r"[ \t]+$", "", svg, flags=re.MULTILINE)


def steady(line: str) -> str:
    """Return a line without what differs from run to run, and without the space between its words."""
    return "".join(CHANGING.sub("", line).split())


if __name__ == "__main__":
    PICTURE.write_text(draw(demo()), encoding="utf-8")
