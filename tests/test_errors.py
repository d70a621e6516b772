"""The errors that a program does not catch still say what fixes them."""

import subprocess
import sys
import traceback

import pytest
from tokenkit.errors import ConsentRequired, ProviderError, TokenKitError


def test_the_hint_travels_with_an_error_that_nobody_catches() -> None:
    """PEP 678: as a note, below the error in the traceback, as it stands when it is shown."""
    error = ConsentRequired("the grant has ended", hint="tokenkit login google", account="google/me")
    assert traceback.format_exception(error)[-1] == "hint: tokenkit login google\n"
    error.hint = "tokenkit --app paw login google"
    assert traceback.format_exception(error)[-1] == "hint: tokenkit --app paw login google\n"


@pytest.mark.parametrize("error", [TokenKitError("it failed"), ProviderError("it failed")])
def test_without_a_hint_there_is_no_note(error: TokenKitError) -> None:
    assert traceback.format_exception(error)[-1].endswith(": it failed\n")


def test_a_note_of_the_programs_own_stands_below_the_hint() -> None:
    error = TokenKitError("it failed", hint="tokenkit audit")
    error.add_note("while mailing")
    error.add_note("to a friend")
    lines = traceback.format_exception(error)
    assert lines[-3:] == ["hint: tokenkit audit\n", "while mailing\n", "to a friend\n"]


def test_what_a_missing_extra_brings_is_said_with_the_command() -> None:
    program = "import sys; sys.modules['starlette'] = None; import tokenkit.web"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 1
    assert "pip install 'tokenkit-oauth[web]'" in done.stderr
