"""What `help` and `inspect.signature` print: nothing of the environment, which may hold secrets (R35)."""

import inspect
import os
import pkgutil
import pydoc
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any

import pytest
import tokenkit

SECRET = "mark-of-a-value-in-the-environment"

PUBLIC = ("tokenkit", "tokenkit.audit", "tokenkit.errors", "tokenkit.provider", "tokenkit.sandbox", "tokenkit.store",
          "tokenkit.store.memory", "tokenkit.testing", "tokenkit.web")  # fmt: skip


@pytest.fixture(autouse=True)
def marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANOTHER_PROGRAMS_SECRET", SECRET)


def public(module: str) -> Iterator[Any]:
    """What a module offers: what it says itself, else what is defined there."""
    there = imported(module)
    if there is not None:
        own = (name for name, value in vars(there).items() if getattr(value, "__module__", "") == module)
        names = getattr(there, "__all__", None) or [name for name in own if name[0] != "_"]
        yield from (getattr(there, name) for name in names)


def imported(module: str) -> Any:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:  # of an extra that is not installed here
        if str(error.name).startswith("tokenkit"):
            raise
        return None


def helped(value: Any) -> str:
    return pydoc.render_doc(value, renderer=pydoc.plaintext)


def functions(module: str) -> Iterator[Callable[..., Any]]:
    """The functions and methods that a module defines, private ones too."""
    for value in list(vars(imported(module) or object).values()):
        if getattr(value, "__module__", "") == module:
            members = vars(value).values() if inspect.isclass(value) else ()
            for found in (value, *members):
                found = getattr(found, "__func__", getattr(found, "fget", found))  # class methods, properties
                if inspect.isfunction(found):
                    yield found


@pytest.mark.parametrize("module", PUBLIC)
def test_the_help_of_no_public_name_shows_the_environment(module: str) -> None:
    shown = {str(value): helped(value) for value in public(module) if not isinstance(value, str)}
    assert [name for name, text in shown.items() if SECRET in text] == []


def test_no_signature_of_ours_shows_the_environment() -> None:
    """In no module, public or not: a debugger and an editor show private ones, too."""
    modules = [found.name for found in pkgutil.walk_packages(tokenkit.__path__, "tokenkit.")]
    seen = [(function, str(inspect.signature(function))) for module in modules for function in functions(module)]
    assert len(seen) > 1000
    assert [f"{function.__module__}.{function.__qualname__}" for function, text in seen if SECRET in text] == []


def test_a_signature_that_shows_the_environment_is_found() -> None:
    """The examiner examined."""

    class Careless:
        def __init__(self, environ: Mapping[str, str] = os.environ) -> None: ...

    assert SECRET in helped(Careless)
    assert "environ: " in helped(tokenkit.TokenKit)
