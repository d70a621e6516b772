"""Opening a browser: never through a shell, with nothing of ours on its output or in its environment."""

import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from tokenkit.consent.redirect_file import address_behind
from tokenkit.errors import UsageError

Opener = Callable[[str], object]
"""Takes a URL to a browser on this machine. What it returns does not matter: where no browser comes, the address is
printed.

The URL may stand in the arguments of a program: another user who reads it there gains nothing by it (R24). It is that
of a file which leads on, see `tokenkit.consent.redirect_file`.
"""

OPEN_TIME = 10.0

_SECRET_NAME = re.compile(r"(KEY|SECRET|TOKEN|PASSPHRASE|PASSWORD)S?$")


def require_web_url(url: str) -> str:
    """Return the URL, if a browser may be sent to it: http(s) with a host (R24).

    Raises `UsageError`, which does not show the URL, for another.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or not url.isascii() or not url.isprintable():
        raise UsageError(
            "a browser is only sent to http and https URLs",
            hint="correct authorization_endpoint of the provider; where it shows a code, it sent the address itself",
        )
    return url


def open_nothing(url: str) -> None:
    """Open no browser: the address is printed for the person."""


def in_wsl(environ: Mapping[str, str] | None = None, release: str = "") -> bool:
    """Return whether this is Linux under Windows, where the person's browser is one of Windows and reads no file here.

    `release` is that of the kernel.
    """
    environ = os.environ if environ is None else environ
    return bool(environ.get("WSL_DISTRO_NAME")) or "microsoft" in (release or platform.release()).lower()


def open_in_browser(url: str) -> None:
    """Show an http(s) URL, or our own redirect file, in the person's browser, as the standard library finds one.

    That runs in a process of its own because `webbrowser` lets the browser write to our stdout. The child is isolated
    (``-I``: no code from the working folder) and gets no variable that is named like a secret (R28).
    """
    environ = {name: value for name, value in os.environ.items() if not _SECRET_NAME.search(name.upper())}
    require_web_url(address_behind(url))
    command = [sys.executable, "-I", "-m", "webbrowser", url]
    nothing = subprocess.DEVNULL
    try:
        subprocess.run(
            command, env=environ, stdin=nothing, stdout=nothing, stderr=nothing, timeout=OPEN_TIME, check=False,
            start_new_session=True,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return  # the address is on the terminal, too
