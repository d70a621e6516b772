"""What a crash of ours leaves on the disk: nothing (R35)."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no core files")

BEFORE = """import resource
most = resource.getrlimit(resource.RLIMIT_CORE)[1]
resource.setrlimit(resource.RLIMIT_CORE, (most, most))
"""


def printed(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", BEFORE + program], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_command_that_has_typer_run_may_write_no_core_file() -> None:
    """R35: `--version` shows the limit that all commands get."""
    program = (
        "import sys, atexit; atexit.register(lambda: print(resource.getrlimit(resource.RLIMIT_CORE)[0]))\n"
        "from tokenkit.cli.app import main; main(['--version'])"
    )
    assert printed(program).splitlines()[-1] == "0"


@pytest.mark.slow
def test_a_command_that_refreshes_may_write_no_core_file() -> None:
    """R35: whether it gets a token or not."""
    program = (
        "import sys, atexit; atexit.register(lambda: print(resource.getrlimit(resource.RLIMIT_CORE)[0]))\n"
        "from tokenkit.cli.print_token import print_token\n"
        "try: print_token('google')\n"
        "except SystemExit: pass"
    )
    assert printed(program) == "0"


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone has prctl")
def test_a_process_that_runs_on_can_be_made_undumpable() -> None:
    """R35: then no other process of this user reads its memory, and no crash handler gets it."""
    program = (
        "import ctypes; from tokenkit.core_dumps import become_undumpable; get = lambda: ctypes.CDLL(None).prctl(3)\n"
        "before = get(); become_undumpable(); print(before, get())"
    )
    assert printed(program) == "1 0"
