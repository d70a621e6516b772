"""A client secret that a command of the person's prints, and what of our environment their programs get."""

import os
import re
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tokenkit.config.credential import printed_text
from tokenkit.errors import ConfigurationError
from tokenkit.paths import prefix
from tokenkit.token import Secret

if TYPE_CHECKING:
    from subprocess import Popen

COMMAND_DEADLINE = 60.0
"""Seconds that a command may take to print a secret: a password manager may ask the person first."""

LONGEST = 1 << 16
"""Bytes that a secret may have: a command that goes on printing would take all memory."""

_APPS_SECRET = re.compile(r"[A-Z0-9]+_KEY|\w+_PASSPHRASE|[A-Z0-9]+_\w+_CLIENT_SECRET")
"""Names that an app's variables with secrets have: ``POCKETPAW_KEY``, and not ``AWS_SECRET_ACCESS_KEY``."""


def printed_secret(name: str, command: tuple[str, ...], environ: Mapping[str, str], app: str) -> Secret:
    """Return what the command prints."""
    import subprocess  # heavy, and few have such a command

    theirs = environment_of_programs(environ, app)
    what = f"the client_secret_command for {name} ({command[0]})"
    hint = f"run it yourself; it is in config.toml, under [providers.{name}]"
    printed = b""
    try:
        with subprocess.Popen(command, env=theirs, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
            try:
                printed = _output(process)
                code = 0 if len(printed) > LONGEST else process.wait(COMMAND_DEADLINE)
            finally:
                process.kill()  # nothing, where it has ended
        failure = (
            f"printed more than {LONGEST} bytes" if len(printed) > LONGEST else f"ended with {code}" if code else ""
        )
    except subprocess.TimeoutExpired:
        failure = f"took more than {COMMAND_DEADLINE:g} s"
    except OSError as error:
        failure = f"cannot be run: {error.strerror}"
    except ValueError:
        failure = "cannot be run: it holds a null byte"
    if failure:  # raised out here, or an error would come along that holds what was printed so far (R35)
        raise ConfigurationError(f"{what} {failure}", hint=hint)
    return Secret(printed_text(printed.decode(errors="replace").rstrip("\r\n"), f"what {what} printed"))


def _output(process: "Popen[bytes]") -> bytes:
    """Return what the process prints until it closes its output, or as much as is too much. Raises `TimeoutExpired`."""
    if os.name != "posix":  # no pipe can be waited for there
        return process.communicate(timeout=COMMAND_DEADLINE)[0]
    import selectors
    import subprocess

    assert process.stdout is not None
    printed, ends = b"", time.monotonic() + COMMAND_DEADLINE
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while len(printed) <= LONGEST:
            if not selector.select(max(0.0, ends - time.monotonic())):
                raise subprocess.TimeoutExpired(process.args, COMMAND_DEADLINE)
            part = os.read(process.stdout.fileno(), LONGEST)
            if not part:
                break
            printed += part
    return printed


def environment_of_programs(environ: Mapping[str, str], app: str) -> dict[str, str]:
    """Return our environment as a program that we start gets it: without what is ours or another app's secret."""
    return {variable: value for variable, value in environ.items() if _theirs(variable, value, app)}


def _theirs(variable: str, value: str, app: str) -> bool:
    """Tell whether a program that we start may have the variable: no app's key, passphrase or client secret (R28).

    The key of an app with a longer name is known by its form. The password of a database is ours where we use one.
    """
    if variable.startswith(prefix(app) + "_") or _APPS_SECRET.fullmatch(variable):
        return False
    if variable == "PGPASSWORD" and "psycopg" in sys.modules:
        return False
    if not variable.endswith("_KEY"):
        return True
    from tokenkit.keys.environment import holds_keys  # loads what opens records

    return not holds_keys(value)
