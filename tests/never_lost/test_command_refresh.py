"""What a command does whose child has refreshed and can save nothing (R9), and one whose child fails otherwise."""

import subprocess
import sys
import time

import pytest
from tokenkit import AccessToken, Account

from patience import PATIENCE

ME = Account("google", "me@example.com")

pytestmark = pytest.mark.slow

START = "from tokenkit.cli.fast_path import main; main()"

FULL_DISK = """
import sys, time
from tokenkit.grants import beside, command_refresh, insistently
from tokenkit.grants.sealed_store import SealedStore

began, replace, save = time.monotonic(), SealedStore.replace, beside.save

def while_full(work):
    def called(*arguments, **options):
        if time.monotonic() - began < {seconds}:
            raise OSError(28, "No space left on device")
        return work(*arguments, **options)
    return called

SealedStore.replace, beside.save = while_full(replace), while_full(save)
insistently.SAVE_PAUSES, command_refresh.GO_ON_FOR = (0.0,), {goes_on}
"""

ERRORS = """
import sys
from contextlib import nullcontext
from tokenkit.errors import *
from tokenkit.grants import outlive

class Own(ClientMissing):
    "What a plugin raises may be a kind of its own."

def fail(error):
    raise error

for error in (
    ConsentRequired("gone", hint="login", account="google/me", reason="why", missing=["a", "b"]),
    ProviderUnavailable("later", retry_at=12.5, sent=False),
    ProviderBroken("acme", "refresh"),
    Own("none"),
):
    try:
        outlive.run(lambda: fail(error), nullcontext)
    except TokenKitError as brought:
        same = str(brought) == str(error) and vars(brought) == vars(error) and brought.exit_code == error.exit_code
        print(type(brought).__name__, same)
"""


def run(program: str, *arguments: str, told: str = "") -> "subprocess.CompletedProcess[str]":
    """Run the program tokenkit once `program` has changed what it works with."""
    command = [sys.executable, "-c", f"{program}\n{START}" if arguments else program, *arguments]
    return subprocess.run(command, input=told, capture_output=True, text=True, timeout=PATIENCE, check=False)


@pytest.mark.parametrize("left", [-1, 100], ids=["ended", "alive"])
def test_what_can_be_saved_nowhere_is_printed_sealed_with_the_command_that_puts_it_back(assistant, left):
    """R9: also where a token with life left could be served, for the person must hear of it."""
    records = assistant.kit().records
    held = records.get(ME)
    old = held.grant.access_token
    token = AccessToken(old.value, expires_at=time.time() + left, obtained_at=time.time() - 3500, scopes=old.scopes)
    records.save(ME, held.grant.renewed(access_tokens={"": token}), replaces=held.version)
    done = run(FULL_DISK.format(seconds=60, goes_on=0.2), "token", "google", "--min-ttl", "600")
    assert (done.returncode, done.stdout) == (6, "")
    command, _, sealed = done.stderr.partition(" <<'END'\n")
    assert command.splitlines()[-1] == "tokenkit refresh google/me@example.com --restore"
    assert run("", "refresh", "google", "--restore", told=sealed.partition("\nEND")[0]).returncode == 0
    assert_session_lives(assistant)


def test_a_command_whose_child_can_save_after_a_while_gets_its_token(assistant):
    """R9: the child goes on trying for a minute, and the command waits for it."""
    assistant.expire()
    done = run(FULL_DISK.format(seconds=2, goes_on=30), "token", "google")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() == assistant.kit().token("google").value
    assert_session_lives(assistant)


def test_a_fault_of_ours_in_the_child_is_told_with_its_lines_and_without_its_words(assistant):
    """R35: what an exception says may quote a token."""
    assistant.expire()
    fault = (
        "def fail(*_): raise RuntimeError('t0ken')\n"
        "from tokenkit.grants.refresh_state import RefreshState; RefreshState.begun = fail"
    )
    done = run(fault, "token", "google")
    assert done.returncode == 70
    assert "a fault of tokenkit itself, RuntimeError, at" in done.stderr
    assert "in _run_to_the_end" in done.stderr
    assert "t0ken" not in done.stderr


def test_an_error_comes_out_of_the_child_as_it_was_raised_there():
    """Its kind, its words, its hint and all that it says besides: the exit code and the advice depend on them."""
    done = run(ERRORS)
    assert done.stdout.split() == [
        "ConsentRequired", "True", "ProviderUnavailable", "True", "ProviderBroken", "True", "ClientMissing", "True",
    ]  # fmt: skip


def assert_session_lives(assistant):
    assert assistant.kit().token("google")
    assert assistant.refreshes() == 1
    assistant.kit().refresh("google")
