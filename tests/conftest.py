"""What holds for every test: a home of its own, no settings of the person who runs it, and no excuse in CI."""

import gc
import itertools
import os
import shutil
import signal
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from tokenkit.consent import loopback

from patience import PATIENCE

FOREIGN = ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION", "SSH_TTY", "DBUS_SESSION_BUS_ADDRESS")
"""Variables that tell tokenkit what kind of session this is: a test sets the ones that it is about."""

MEMORY = "/dev/shm"
"""Where Linux keeps files in memory. A container may have next to no room there, or let nothing be run from it."""

ROOM = 256 * 2**20
"""Bytes: several times what the homes of the quick suite take."""

HOME = {
    "TOKENKIT_HOME": ".tokenkit",
    "XDG_CONFIG_HOME": ".config",
    "XDG_DATA_HOME": ".local/share",
    "XDG_STATE_HOME": ".local/state",
    "XDG_CACHE_HOME": ".cache",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--torture", action="store_true", help="as many rounds as evidence needs (see `rounds`)")


def pytest_configure(config: pytest.Config) -> None:
    """How long properties are searched: the same examples every time, but in the search for evidence.

    The suite starts the program hundreds of times. Where nobody keeps its bytecode, it is compiled anew each time. And
    the quick one waits for no disk: a tenth of a second for each of thousands of homes is what it would wait for most.
    """
    forget_who_runs_it()
    for name in ("SIGHUP", "SIGINT", "SIGQUIT"):  # a shell has programs in the background, or of nohup, ignore them
        if signal.getsignal(getattr(signal, name)) is signal.SIG_IGN:
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    loopback.SHOW_TIME = PATIENCE  # a busy machine's browser comes late
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    slow = [HealthCheck.too_slow]  # says of a busy machine that it is one
    settings.register_profile("suite", deadline=None, derandomize=True, suppress_health_check=slow)
    settings.register_profile("quick", settings.get_profile("suite"), max_examples=25)
    settings.register_profile("torture", deadline=None, max_examples=5000)
    quick = "not slow" in config.getoption("markexpr")
    if quick and has_room_in_memory():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", MEMORY)
    settings.load_profile("torture" if config.getoption("--torture") else "quick" if quick else "suite")


def forget_who_runs_it() -> None:
    """Take the settings of the person who runs the tests out of the environment."""
    for name in os.environ:
        if name.startswith(("TOKENKIT_", "POCKETPAW_", "XDG_")) or name.lower().endswith("_proxy") or name in FOREIGN:
            del os.environ[name]


def has_room_in_memory() -> bool:
    """Tell whether homes can lie in memory, and programs be run from there."""
    if not os.access(MEMORY, os.W_OK):
        return False
    found = os.statvfs(MEMORY)
    return found.f_bavail * found.f_frsize > ROOM and not found.f_flag & os.ST_NOEXEC


def pytest_sessionfinish() -> None:
    if "postgres_server" in sys.modules:
        sys.modules["postgres_server"].end()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the soak out unless it is asked for by name."""
    if "soak" in config.getoption("markexpr"):
        return
    soaks = [item for item in items if item.get_closest_marker("soak")]
    config.hook.pytest_deselected(items=soaks)
    items[:] = [item for item in items if item not in soaks]


def pytest_collection_finish() -> None:
    """Leave what was collected out of each search for garbage: it stays to the end, and is large."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a real part that is missing is a failure: a suite that skips it would prove nothing."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and item.get_closest_marker("real"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"CI must not skip a test of a real part. {reason}"
    return report


@pytest.fixture(scope="session")
def homes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Iterator[Path]]:
    """Yield paths for homes. `mktemp` would look through all that were made before, for each of thousands."""
    folder = tmp_path_factory.mktemp("homes")
    yield (folder / str(number) for number in itertools.count())
    if not request.session.testsfailed:
        shutil.rmtree(folder, ignore_errors=True)  # else pytest does, for the run before the last: minutes on a disk


@pytest.fixture(autouse=True)
def home(homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder, the only one that tokenkit can find: ``~``, ``TOKENKIT_HOME`` and ``XDG_*`` lie in it.

    It is set before any other fixture of the test is made, and each test has one: nothing need be set back.
    """
    place = next(homes)
    place.mkdir(mode=0o700)
    os.environ |= {"HOME": str(place)} | {name: f"{place}/{folder}" for name, folder in HOME.items()}
    return place


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> Callable[[int, int], int]:
    """How often a repeated experiment runs: ``rounds(3, 100)`` is 3, and 100 under ``make torture``."""
    torture = bool(request.config.getoption("--torture"))
    return lambda quick, evidence: evidence if torture else quick
