"""The installed program on machines that are not as expected, for real: full disks, refused locks, strange files.

What is held is that of tests/cli/test_edges.py: a documented exit code, a hint, soon; and the account is there still.
"""

import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from machine import Machine
from tokenkit import TokenKit
from transcript import Run

from patience import PATIENCE

pytestmark = [pytest.mark.slow, pytest.mark.real]

PROGRAM = (sys.executable, "-c", "from tokenkit.cli.fast_path import main; main()")
GO_ON = "from tokenkit.grants import command_refresh; command_refresh.GO_ON_FOR = 3600.0"
WAITS_AN_HOUR = (*PROGRAM[:2], f"{GO_ON}; {PROGRAM[2]}")
"""As long goes on what saves a grant, where the trouble may pass."""

DOCUMENTED = {0, 1, 2, 3, 4, 5, 6, 7}
COMMANDS = (
    ["list"],
    ["status", "--check"],
    ["login", "google", "--print-url"],
    ["client", "set", "spotify", "--client-id", "another", "--public"],
    ["audit"],
    ["token", "google"],
)
"""Each of another kind: it reads, judges, begins, writes, looks at everything, refreshes."""


@dataclass
class Odd:
    """How the program is started on the odd machine, and what repairs that."""

    prefix: Sequence[str] = ()
    before: Callable[[], None] | None = None
    repair: Callable[[], object] = lambda: None
    undo: Callable[[], object] = lambda: None


@pytest.fixture
def signed_in(machine: Machine, run: Run) -> Machine:
    """A machine with an account whose token has ended."""
    assert run(["login", "google"], "").code == 0
    machine.expire("google/me@example.com")
    return machine


def needs(program: str) -> str:
    found = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if found is None or os.geteuid() != 0:
        pytest.skip(f"this needs root, and {program}")
    return found


def small_files(machine: Machine) -> Odd:
    """A limit of no bytes a file: each write fails with EFBIG."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    return Odd(before=limit)


def descriptors(number: int) -> Callable[[Machine], Odd]:
    """Hardly more than an interpreter needs to start: at another step there is none left for a file or a module."""
    return lambda _: Odd(before=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (number, number)))


def no_news_of_children(machine: Machine) -> Odd:
    """Whoever started the program ignores SIGCHLD, and so do the programs that it starts."""
    return Odd(before=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))


def full_disk(machine: Machine) -> Odd:
    """Home and state on a disk without a free block."""
    disk = machine.home.parent / "disk"
    disk.mkdir()
    mount = [needs("mount"), "-t", "tmpfs", "-o", "size=512k,mode=0700", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting needs a container that may")
    shutil.copytree(machine.home, disk / "home", symlinks=True)
    for name in [name for name in os.environ if os.environ[name].startswith(str(machine.home))]:
        os.environ[name] = os.environ[name].replace(str(machine.home), str(disk / "home"), 1)
    machine.home = disk / "home"
    with suppress(OSError), open(disk / "filler", "wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))

    unmount = ["umount", "-l", str(disk)]
    return Odd(repair=(disk / "filler").unlink, undo=lambda: subprocess.run(unmount, check=True))


def refused(call: str, error: str) -> Callable[[Machine], Odd]:
    """Each such system call fails."""

    def prepare(machine: Machine) -> Odd:
        quiet = ["-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:error={error}"]
        return Odd(prefix=[needs("strace"), *quiet])

    return prepare


def strange(name: str, make: Callable[[Path], object]) -> Callable[[Machine], Odd]:
    """A file of the person's own is something else than a file of words."""

    def prepare(machine: Machine) -> Odd:
        path, aside = machine.config / name, machine.home / "aside"
        path.parent.mkdir(exist_ok=True)
        if path.exists():
            path.rename(aside)
        make(path)

        def repair() -> None:
            path.unlink()
            if aside.exists():
                aside.rename(path)

        return Odd(repair=repair)

    return prepare


def sparse(path: Path) -> None:
    with open(path, "wb") as file:
        file.truncate(3 << 30)


KINDS: dict[str, Callable[[Path], object]] = {
    "a FIFO": os.mkfifo,
    "/dev/zero": lambda path: path.symlink_to("/dev/zero"),
    "3 GB": sparse,
    "no text": lambda path: path.write_bytes(b"\xff\xfe\x00\xd8" * 9),
}
FILES = ("config.toml", "providers/acme.toml", "clients/google.toml")
MACHINES: dict[str, Callable[[Machine], Odd]] = {
    "no byte may be written": small_files,
    **{f"{number} descriptors": descriptors(number) for number in (6, 8, 12)},
    "SIGCHLD is ignored": no_news_of_children,
    "a full disk": full_disk,
    "flock: no locks": refused("flock", "ENOLCK"),
    "flock: not here": refused("flock", "ENOSYS"),
    "fsync: I/O error": refused("fsync", "EIO"),
    "getrandom: refused": refused("getrandom", "ENOSYS"),
    "neither a thread nor a process": refused("clone,clone3,vfork", "EAGAIN"),
    **{f"{name} is {kind}": strange(name, make) for name in FILES for kind, make in KINDS.items()},
}


@pytest.fixture
def environ() -> Iterator[None]:
    """The environment, put back."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.mark.parametrize("kind", MACHINES)
def test_each_command_ends_as_documented_and_the_account_is_there_afterwards(
    kind: str, signed_in: Machine, environ: None, request: pytest.FixtureRequest
) -> None:
    odd = MACHINES[kind](signed_in)
    request.addfinalizer(odd.undo)
    for arguments in COMMANDS:
        ends_well(odd, arguments)
    odd.repair()
    assert [str(account) for account in TokenKit(background=False).accounts()] == ["google/me@example.com"]
    assert TokenKit(background=False).token("google").value


def test_where_there_is_no_dev_null_a_token_is_refreshed_all_the_same(signed_in: Machine) -> None:
    """As in a root of one's own."""
    without_dev = [needs("unshare"), "-m", "sh", "-c", 'mount -t tmpfs tmpfs /dev && exec "$@"', "sh"]
    if subprocess.run([*without_dev, "true"], capture_output=True, check=False).returncode:
        pytest.skip("mounting needs a container that may")
    done = ends_well(Odd(without_dev), ["token", "google"])
    assert (done.returncode, done.stdout != "", done.stderr) == (0, True, "")


def test_a_command_for_whose_refreshed_grant_every_disk_has_become_read_only_prints_it_sealed_soon(
    signed_in: Machine,
) -> None:
    """R9: it waits a minute for what may pass, and not for this, be it an hour; nothing is lost."""
    odd = refused("rename,renameat,renameat2", "EROFS")(signed_in)
    done = ends_well(odd, ["token", "google"], WAITS_AN_HOUR)
    assert (done.returncode, done.stdout) == (6, "")
    restore = done.stderr.partition("\ntokenkit refresh google/me@example.com --restore <<'END'\n")[2]
    kit = TokenKit(background=False)
    kit.refresher.restore(*kit.accounts(), "".join(restore.partition("\nEND")[0].split()).encode())
    before = dict(signed_in.authority.counters)
    assert kit.token("google").value
    assert signed_in.authority.counters == before


def ends_well(odd: Odd, arguments: list[str], program: tuple[str, ...] = PROGRAM) -> "subprocess.CompletedProcess[str]":
    """Run a command; return how it ended."""
    done = subprocess.run(
        [*odd.prefix, *program, *arguments],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=PATIENCE, preexec_fn=odd.before,
    )  # fmt: skip
    assert done.returncode in DOCUMENTED, f"{arguments}: {done.returncode}\n{done.stderr}"
    assert "Traceback" not in done.stderr, done.stderr
    if "tokenkit: error:" in done.stderr:
        assert "tokenkit: hint: " in done.stderr, done.stderr
    return done
