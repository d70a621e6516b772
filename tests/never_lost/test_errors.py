"""One error at each system call of a refresh and of a sign-in that touches the store: no session is lost (R9)."""

import itertools
import shutil
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from never_lost_paths import touched
from tokenkit import CallbackRefused, ConsentRequired, TokenKitError

from patience import PATIENCE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.real,
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed: apt-get install strace"),
]

ERRORS = {
    "fsync": ("EIO", "ENOSPC"),
    "rename": ("ESTALE", "EIO", "ENOSPC", "EROFS", "EACCES"),
    "flock": ("ENOLCK", "EIO"),
    "openat": ("EMFILE", "EIO", "EACCES", "ENOSPC"),
    "write": ("ENOSPC", "EIO", "EDQUOT"),
    "utimensat": ("EIO", "EPERM"),
    "ftruncate": ("EIO", "ENOSPC"),
    "fallocate": ("ENOSPC", "EIO"),
    "close": ("EIO",),
    "newfstatat": ("ESTALE", "EACCES"),
    "fstat": ("EIO",),
    "read": ("EIO",),
    "lseek": ("EIO",),
    "unlink": ("EIO",),
    "mkdir": ("ENOSPC",),
    "fchmod": ("EIO",),
}
"""What a disk, a network's file system, or a process with too much open answers to each call."""

QUICK = {"fsync": ("EIO",), "rename": ("ESTALE",)}
"""What the normal suite takes; `make torture` takes all."""

PROGRAMS = {
    "a command": (str(Path(sys.executable).with_name("tokenkit")), "refresh", "google"),
    "a library": (sys.executable, str(Path(__file__).with_name("ask_once.py"))),
}


def run_with(assistant, command, call, error, number):
    """Run it while the `number`-th `call` on the store fails once; whether there was such a call, and what it said."""
    paths = [option for path in touched(assistant.home) for option in ("-P", path)]
    log = assistant.home / "strace.txt"
    inject = f"inject={call}:error={error}:when={number}"
    strace = ("strace", "-f", "-qq", "-o", str(log), "-e", f"trace={call}", *paths, "-e", inject)
    done = subprocess.run([*strace, *command], capture_output=True, text=True, timeout=PATIENCE)
    return "(INJECTED)" in log.read_text(), done


@pytest.fixture
def errors(rounds):
    """Each call with each error that it is to meet."""
    return [(call, error) for call, names in rounds(QUICK, ERRORS).items() for error in names]


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_error_at_any_call_of_a_refresh_loses_no_session(assistant, errors, program):
    """R9: the call is made again, or the grant saved beside its record; and an error is one that tokenkit knows."""
    ended = Counter()
    for call, error in errors:
        for number in itertools.count(1):
            assistant.expire()
            happened, done = run_with(assistant, PROGRAMS[program], call, error, number)
            fine = done.returncode in (0, 6) or "tokenkit.errors.Store" in done.stderr
            assert fine, (program, call, error, number, done.stderr)
            ended[done.returncode] += 1
            assert_lives(assistant, (program, call, error, number))
            if not happened:
                break
    print(program, dict(ended))
    assert ended[0] > 3


def test_an_error_at_any_call_of_a_sign_in_loses_no_session(assistant, errors):
    """R18: the old account is kept, or the new one stored."""
    ended = Counter()
    for call, error in errors:
        for number in itertools.count(1):
            kit = assistant.kit()
            pending = kit.begin("google", redirect_uri="http://127.0.0.1:9/callback/google", binding="crash")
            url = assistant.authority.approve(pending.url, as_user="me@example.com")
            command = (*PROGRAMS["a library"], url)
            happened, done = run_with(assistant, command, call, error, number)
            ended[done.returncode] += 1
            if done.returncode:
                try_again(assistant, url)
            assert_lives(assistant, ("sign-in", call, error, number))
            if not happened:
                break
    print(dict(ended))
    assert ended[0] > 1


def try_again(assistant, url):
    """Complete it as a person would who reloads the page; the code may be spent by now."""
    with suppress(CallbackRefused):
        assistant.kit().complete(url, binding="crash")


def assert_lives(assistant, where):
    """Nothing was lost if the refresh token that another process finds works: at once, or after the shared back-off."""
    for _ in range(6):
        try:
            assistant.kit().refresh("google")
            return
        except ConsentRequired as error:
            raise AssertionError(f"{where}: the session is lost: {error}") from None
        except TokenKitError:
            time.sleep(1)
    raise AssertionError(f"{where}: not refreshed in the end")
