"""The errors that a program does not catch still say what fixes them."""

import copy
import inspect
import pickle
import subprocess
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest
from tokenkit import errors
from tokenkit.errors import AmbiguousAccount, ConsentRequired, ProviderError, TokenKitError

from patience import PATIENCE


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


@pytest.mark.parametrize(
    ("missing", "module", "command"),
    [
        ("starlette", "tokenkit.web", "pip install 'tokenkit-oauth[web]'"),
        ("google", "tokenkit.adapters.google_auth", "pip install google-auth"),
    ],
)
def test_what_a_missing_package_brings_is_said_with_the_command(missing: str, module: str, command: str) -> None:
    """To install what is called `google` would bring somebody else's package."""
    program = f"import sys; sys.modules[{missing!r}] = None; import {module}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 1
    assert command in done.stderr
    assert done.stderr.count("Traceback") == 1


def _any(kind: type[Any]) -> TokenKitError:
    """One of that kind, with a value for all that it must be given, and for a hint."""
    given = {
        name: iter(("a", "b")) if name == "candidates" else f"a {name}"
        for name, parameter in inspect.signature(kind).parameters.items()
        if parameter.default is inspect.Parameter.empty or name == "hint"
    }
    error: TokenKitError = kind(**given)
    error.add_note("a note")
    return error


def _pickled(error: TokenKitError) -> TokenKitError:
    again: TokenKitError = pickle.loads(pickle.dumps(error))
    return again


AGAIN: list[Callable[[TokenKitError], TokenKitError]] = [_pickled, copy.copy, copy.deepcopy]


@pytest.mark.parametrize("again", AGAIN)
@pytest.mark.parametrize("name", errors.__all__)
def test_each_error_can_be_pickled_and_copied_whole(name: str, again: Callable[[TokenKitError], TokenKitError]) -> None:
    """A pool of processes passes on what a task raised; one that could not be read there would end the pool."""
    error = _any(getattr(errors, name))
    other = again(error)
    assert (type(other), str(other), other.__notes__) == (type(error), str(error), ["hint: a hint", "a note"])
    assert vars(other) == vars(error)


RAISES = (
    "from tokenkit.errors import AmbiguousAccount\n"
    "raise AmbiguousAccount('two', candidates=map(str, ('google/a', 'google/b')), hint='name one')"
)


def test_a_pool_of_processes_goes_on_after_an_error_of_ours() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        with pytest.raises(AmbiguousAccount) as caught:
            pool.submit(exec, RAISES).result(timeout=PATIENCE)
        assert (caught.value.candidates, caught.value.hint) == (("google/a", "google/b"), "name one")
        assert pool.submit(len, "abc").result(timeout=PATIENCE) == 3
