"""tokenkit beside its peers, measured in one run: `make bench`, or `make bench ARGS=--full` for the evidence.

Writes docs/performance.json, docs/never-lost.json, and the tables of docs/performance.md and docs/never-lost.md between
their markers.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import tempfile
import time
from collections import defaultdict
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from pathlib import Path

import database
import figures
import hot
import load
import owners
import process
import steps
import storm
import tokenkit
from place import place

import store
import workers

DOCS = Path(__file__).resolve().parents[2] / "docs"
PARTS = ("hot", "process", "store", "database", "load", "owners", "workers", "storm")
PACKAGES = ("tokenkit-oauth", "cryptography", "httpx", "Authlib", "msal", "msal-extensions", "google-auth", "spotipy",
            "requests-oauthlib", "mcp", "httpx2")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true", help="as many runs as evidence needs")
    parser.add_argument(
        "--only",
        default="",
        help=f"some of {', '.join(PARTS)}; performance.md then keeps its first table",
    )
    options = parser.parse_args()
    wanted = set((options.only or ",".join(PARTS)).split(","))
    where = str(tokenkit.__file__)
    assert "site-packages" in where, f"measured from the wheel, never from the checkout: {where}"
    began = time.monotonic()
    commit()
    rows, counted, taken_apart = performance(wanted, options.full)
    if rows and not options.only:
        about = {"machine": machine(), "versions": versions(), "instructions": counted}
        about["steps"] = [one._asdict() | {"steps": [step._asdict() for step in one.steps]} for one in taken_apart]
        (DOCS / "performance.json").write_text(figures.as_json(rows, **about))
        text = f"{about_line()}\n\n{figures.markdown(rows)}\n{figures.peers_markdown(rows)}"
        if counted:
            text += "\n| instructions, by callgrind | millions |\n|---|---|\n"
            text += "".join(f"| {name} | {value:,.1f} |\n" for name, value in counted.items())
        put(DOCS / "performance.md", text)
        put(DOCS / "performance.md", "\n".join(map(steps.markdown, taken_apart)), "steps")
    if "storm" in wanted:
        never_lost(options.full)
    print(f"{time.monotonic() - began:.0f} s")


def performance(wanted: set[str], full: bool) -> tuple[list[figures.Row], dict[str, float], list[steps.Steps]]:
    rows: list[figures.Row] = []
    counted: dict[str, float] = {}
    taken_apart: list[steps.Steps] = []
    with tempfile.TemporaryDirectory() as home, place(home) as one:
        if "hot" in wanted:
            rows += hot.rows(one)
        if "process" in wanted:
            with tempfile.TemporaryDirectory() as other, place(other, accounts=10) as ten:
                rows += process.rows(one, ten, 15 if full else 7)
            counted = process.instructions(one)
        if "store" in wanted:
            rows += store.rows(one, 15 if full else 5)  # it leaves ten thousand accounts there
            taken_apart = [steps.reading(one, 15), steps.listing(one, store.SIZES[-1], 5), steps.saving(one, 15)]
    if "database" in wanted:
        with tempfile.TemporaryDirectory() as home, place(home) as one:
            rows += database.rows(one, 15 if full else 5)
    if "load" in wanted:
        rows += load.rows(full)
    if "owners" in wanted:
        rows += owners.rows(full)
    if "workers" in wanted:
        lines, table = workers.rows(full)
        rows += lines
        put(DOCS / "performance.md", f"{about_line()}\n\n{table}", "workers")
    if "storm" in wanted:
        rows.append(stormy())
    return rows, counted, taken_apart


def stormy() -> figures.Row:
    taken: dict[str, list[float]] = defaultdict(list)
    for _ in range(9):
        for name, module, processes, callers in (
            ("reference", "by_hand", 1, 1),
            ("a client kept", "by_hand_kept", 1, 1),
            ("tokenkit, one caller", "ours", 1, 1),
            ("ours", "ours", 8, 8),
        ):
            outcome = storm.Outcome(name)
            with tempfile.TemporaryDirectory() as home, place(home) as here:
                storm.storm(outcome, module, here, processes, callers)
            assert (outcome.requests, outcome.failed) == ([1], [0]), outcome
            taken[name] += outcome.milliseconds
    beside = "one refresh by hand: httpx.post, AES-GCM, a durable save"
    return figures.row("8 x 8 storm on one expired token", beside, taken, unit="ms", limit=3)


def never_lost(full: bool) -> None:
    """The storm, two processes, and kills, for each library."""
    storms = storm.storms(8, 8, 10 if full else 3)
    pairs = storm.storms(2, 1, 30 if full else 3)
    storm.kills(pairs, 100 if full else 20)
    text = (
        f"{about_line()}\n\n### Eight processes of eight callers\n\n{storm.markdown(storms)}\n"
        f"### Two processes of one caller\n\n{storm.markdown(pairs)}\n"
        f"### Killed while saving\n\n{storm.kills_markdown(pairs)}"
    )
    about = {"v": 1, "machine": machine(), "versions": versions()}
    found = {"storm": [asdict(one) for one in storms], "pairs_and_kills": [asdict(one) for one in pairs]}
    (DOCS / "never-lost.json").write_text(json.dumps(about | found, indent=1) + "\n")
    put(DOCS / "never-lost.md", text)


def put(path: Path, table: str, marker: str = "measured") -> None:
    """Write what was measured between the page's two markers."""
    page = path.read_text(encoding="utf-8")
    between = re.compile(rf"(<!-- {marker} -->\n).*?(<!-- end -->)", re.DOTALL)
    path.write_text(between.sub(lambda found: f"{found[1]}{table}\n{found[2]}", page), encoding="utf-8")


def machine() -> dict[str, object]:
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "processor": processor(),
        "commit": commit(),
        "load": [round(value, 1) for value in os.getloadavg()],
        "day": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def versions() -> dict[str, str]:
    return {name: version(name) for name in PACKAGES}


def processor() -> str:
    """Its name, as the kernel calls it."""
    text = Path("/proc/cpuinfo").read_text(encoding="ascii") if os.path.exists("/proc/cpuinfo") else ""
    found = re.search(r"model name\s*: (.*)", text)
    return found[1] if found else platform.processor()


@cache
def commit() -> str:
    """What was measured: the checkout that the wheel was built from, before the tables are written into it."""
    command = ["git", "-C", str(DOCS), "describe", "--always", "--dirty", "--exclude=*"]
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def about_line() -> str:
    here = machine()
    packages = ", ".join(f"{name} {number}" for name, number in versions().items())
    return (
        f"Measured on {here['day']} at {here['commit']} with Python {here['python']} on {here['system']}, "
        f"{here['processors']} processors ({here['processor']}), "
        f"load average {os.getloadavg()[1]:.1f}: {packages}."
    )


if __name__ == "__main__":
    main()
