"""How a person is asked: in a browser on this machine, by a printed URL and a pasted answer, or by a device code.

It presents and waits; it sends nothing to a provider.
"""

import os
import re
import sys
from collections.abc import Mapping
from typing import Literal

__all__ = ["way_to_ask"]

_CONTAINER_MARKS = (".dockerenv", "run/.containerenv")
_CONTAINER_GROUP = re.compile(rb"docker|kubepods|containerd|lxc|libpod")


def way_to_ask(
    environ: Mapping[str, str] | None = None, platform: str = sys.platform, root: str = "/"
) -> Literal["browser", "paste"]:
    """Return ``browser`` where a browser that a person sees can be opened here and reach this machine; else ``paste``.

    It cannot over SSH, in a container, in CI, or on Linux without a display (R25: there the address is printed). `root`
    is the folder in which a container leaves its marks.
    """
    if environ is None:
        environ = os.environ
    remote = environ.get("SSH_CONNECTION") or environ.get("SSH_TTY")
    unattended = environ.get("CI", "").lower() not in ("", "0", "false")
    if remote or unattended or _in_container(environ, root):
        return "paste"
    if platform.startswith(("linux", "freebsd")) and not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")):
        return "paste"
    return "browser"


def _in_container(environ: Mapping[str, str], root: str) -> bool:
    if environ.get("container") or environ.get("KUBERNETES_SERVICE_HOST"):
        return True
    if any(os.path.exists(os.path.join(root, mark)) for mark in _CONTAINER_MARKS):
        return True
    try:
        with open(os.path.join(root, "proc/1/cgroup"), "rb") as file:
            return _CONTAINER_GROUP.search(file.read(65536)) is not None
    except OSError:
        return False
