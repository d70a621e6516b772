"""A new process for every question: CPU time and peak memory, by the kernel's count."""

import os
import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import tokenkit
from figures import Measure, Row, compare
from libraries import There
from place import CLIENT, ME, Place

SCRIPTS = Path(__file__).parent / "scripts"
PYTHON = sys.executable
TOKENKIT = os.path.join(os.path.dirname(sys.executable), "tokenkit")
PASS = [PYTHON, "-c", "pass"]

# The kernel counts a child's memory from its fork: so a launcher that is smaller than any of them, not this process.
LAUNCHER = (
    "import posix,sys;"
    "pid=posix.posix_spawn(sys.argv[1],sys.argv[1:],posix.environ,file_actions=[(posix.POSIX_SPAWN_OPEN,1,'/dev/null',1,0)]);"
    "_,status,usage=posix.wait4(pid,0);"
    "posix.write(1,f'{status} {usage.ru_utime+usage.ru_stime} {usage.ru_maxrss}'.encode())"
)


def run(command: list[str], environ: dict[str, str]) -> tuple[float, float]:
    """Milliseconds of CPU, and peak memory in MB. The command must succeed."""
    launched = [PYTHON, "-I", "-S", "-c", LAUNCHER, *command]
    done = subprocess.run(launched, env=environ, cwd=environ["HOME"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    status, cpu, memory = done.stdout.split()
    assert status == "0", (command, done.stderr)
    return float(cpu) * 1e3, float(memory) / 1024


def cpu(command: list[str], environ: dict[str, str]) -> Measure:
    return lambda: run(command, environ)[0]


def script(name: str, *arguments: str) -> list[str]:
    return [PYTHON, str(SCRIPTS / f"{name}.py"), *arguments]


def rows(one: Place, ten: Place, rounds: int) -> list[Row]:
    """One home with one account, one with ten."""
    home = one.environ["HOME"]
    environ = one.environ
    assert CLIENT.client_secret is not None
    there = There(os.path.join(home, "peer.json"), one.token_url, CLIENT.client_id, CLIENT.client_secret.reveal())
    prepared = [PYTHON, str(SCRIPTS / "prepare.py"), *there, home, one.new_refresh_token()]
    subprocess.run(prepared, env=environ, check=True)
    token = [TOKENKIT, "token", str(ME)]
    subprocess.run(token, env=environ, check=True, stdout=subprocess.DEVNULL)  # the hour's first use is logged
    floor = script("floor", os.path.join(home, "floor.bin"))
    peers = {
        "json + AES-GCM": cpu(floor, environ),
        **{
            name: cpu(script(f"print_{module}", there.path), environ)
            for name, module in (
                ("google-auth", "google_auth"),
                ("msal + extensions", "msal"),
                ("mcp", "mcp"),
                ("spotipy", "spotipy"),
                ("Authlib", "authlib"),
            )
        },
    }
    compare_ms = partial(compare, unit="ms CPU", rounds=rounds)
    empty = script("empty_typer")
    ten_environ = ten.environ
    expired = partial(spend, one, token)
    small = {**environ, "PYTHONPATH": three_providers(os.path.join(home, "three"))}
    return [
        compare_ms("`tokenkit token ACCOUNT`, stored token good", cpu(token, environ), "`python -c pass`",
                   cpu(PASS, environ), limit=3.5, others=peers),
        memory("the same, peak memory", token, environ),
        compare_ms("`tokenkit token ACCOUNT`, stored token expired", expired,
                   "a script with httpx + AEAD that posts and saves",
                   cpu(script("refresh", one.token_url, os.path.join(home, "floor.bin")), environ),
                   limit=1.3),
        compare_ms("`tokenkit --help`", cpu([TOKENKIT, "--help"], environ), "`python -c pass`", cpu(PASS, environ),
                   limit=8),
        compare_ms("`tokenkit list`, 10 accounts", cpu([TOKENKIT, "list"], ten_environ), "an empty typer command",
                   cpu(empty, ten_environ), limit=1.6),
        compare_ms("`tokenkit audit`, 10 accounts", audit(ten_environ), "an empty typer command",
                   cpu(empty, ten_environ), limit=1.6),
        compare_ms("`tokenkit providers`, all of the catalogue", cpu([TOKENKIT, "providers"], environ),
                   "an empty typer command", cpu(empty, environ), limit=1),
        compare("`tokenkit providers`, from its start to its end", wall([TOKENKIT, "providers"], environ),
                "the 150 ms that it may take", lambda: 150.0, unit="ms", limit=1, rounds=rounds),
        compare_ms("`tokenkit token ACCOUNT`, with the catalogue installed", cpu(token, environ),
                   "with three providers of it", cpu(token, small), limit=1.05),
        compare_ms("`import tokenkit`", cpu([PYTHON, "-c", "import tokenkit"], environ), "`import json`",
                   cpu([PYTHON, "-c", "import json"], environ), limit=1.2),
        compare_ms("`import tokenkit`, `TokenKit()` and its first `token()`", cpu(script("first"), environ),
                   "json + AES-GCM + one read", cpu(floor, environ), limit=2),
    ]  # fmt: skip


def wall(command: list[str], environ: dict[str, str]) -> Measure:
    """Milliseconds by the clock, from the start of the process to its end."""

    def measure() -> float:
        began = time.perf_counter()
        subprocess.run(command, env=environ, cwd=environ["HOME"], check=True, stdout=subprocess.DEVNULL)
        return (time.perf_counter() - began) * 1e3

    return measure


def three_providers(folder: str) -> str:
    """Copy the installed tokenkit, with three providers and their entry points in place of all; return the folder."""
    package = Path(tokenkit.__file__).parent
    metadata = next(package.parent.glob("tokenkit_oauth-*.dist-info"))
    kept = ("google", "spotify", "pocket")
    for each in (package, metadata):
        shutil.copytree(each, Path(folder, each.name))
    (Path(folder) / "tokenkit_providers").mkdir()
    for name in ("__init__", *kept):
        shutil.copy2(package.parent / "tokenkit_providers" / f"{name}.py", Path(folder, "tokenkit_providers"))
    points = Path(folder, metadata.name, "entry_points.txt")
    lines = points.read_text(encoding="utf-8").splitlines()
    others = (line for line in lines if not line.partition(" = tokenkit_providers.")[1])
    written = "".join(f"{line}\n" for line in others)
    for name in kept:
        written = written.replace(
            "[tokenkit.providers]\n", f"[tokenkit.providers]\n{name} = tokenkit_providers.{name}:provider\n"
        )
    points.write_text(written, encoding="utf-8")
    subprocess.run([PYTHON, "-m", "compileall", "-q", folder], check=True)
    return folder


def memory(work: str, command: list[str], environ: dict[str, str]) -> Row:
    return compare(
        work,
        lambda: run(command, environ)[1],
        "`python -c pass`",
        lambda: run(PASS, environ)[1],
        unit="MB",
        limit=2.6,
        rounds=5,
    )


def spend(place: Place, token: list[str]) -> float:
    place.expire()
    return run(token, place.environ)[0]


def audit(environ: dict[str, str]) -> Measure:
    """It ends with 1 when it finds something, and that is no failure here; a fault of its own ends with 70."""
    command = ["/bin/sh", "-c", f"{TOKENKIT} audit || test $? = 1"]
    return cpu(command, environ)


def instructions(place: Place) -> dict[str, float]:
    """Millions of instructions, by callgrind: the same on every run, so that a regression shows."""
    if shutil.which("valgrind") is None:
        print("valgrind is not installed: no instructions are counted")
        return {}
    calls = 10_000
    token = script("ask", str(ME))
    subprocess.run([*token, "0"], env=place.environ, check=True)  # the hour's first use is logged
    counted = {
        "`python -c pass`": count(PASS, place.environ),
        "`tokenkit token ACCOUNT`": count([PYTHON, TOKENKIT, "token", str(ME)], place.environ),
        "`tokenkit --help`": count([PYTHON, TOKENKIT, "--help"], place.environ),
    }
    few, many = count([*token, "0"], place.environ), count([*token, str(calls)], place.environ)
    counted["one `kit.token(...)`, thousands"] = (many - few) / calls * 1e3
    return counted


def count(command: list[str], environ: dict[str, str]) -> float:
    valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command]
    fixed = {**environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(valgrind, env=fixed, cwd=environ["HOME"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stderr.splitlines() if "Collected" in line)
    return int(line.rpartition(":")[2]) / 1e6
