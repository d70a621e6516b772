"""Parts of the machine that whole modules of tests need: missing here they skip, loudly, and in CI they fail."""

import importlib
import os
import shutil
import warnings
from typing import Any, NoReturn

import pytest


def package(name: str, *, how: str) -> Any:
    """Import a package; `how` says what brings it."""
    try:
        with warnings.catch_warnings(action="ignore"):  # what others warn of is not ours
            return importlib.import_module(name)
    except ImportError:
        _missing(f"no {name}: {how}")


def command(name: str, *, how: str) -> str:
    """Find a program; `how` says what brings it."""
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") or _missing(f"no {name}: {how}")


def _missing(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":  # a suite that skips a real part would prove nothing
        pytest.fail(f"CI must not skip a test of a real part. {reason}")
    pytest.skip(reason, allow_module_level=True)
