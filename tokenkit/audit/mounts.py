"""Which file system a path lies on, as Linux says in ``/proc/self/mounts`` (fstab(5))."""

import os
import re
from typing import NamedTuple

_OCTAL = re.compile(r"\\([0-7]{3})")


class Mount(NamedTuple):
    """A mounted file system: where, and of what kind (``ext4``, ``nfs4``)."""

    point: str
    kind: str


def mounted() -> tuple[Mount, ...]:
    """Return all that is mounted; empty where the system does not say."""
    try:
        with open("/proc/self/mounts", encoding="utf-8", errors="surrogateescape") as file:
            rows = [line.split() for line in file]
    except OSError:
        return ()
    return tuple(Mount(_OCTAL.sub(_character, row[1]), row[2]) for row in rows if len(row) > 2)


def kind_of(path: str, mounts: tuple[Mount, ...]) -> str:
    """Return the kind of file system that `path` lies on; empty where that is not known."""
    real = os.path.realpath(path)
    above = [mount for mount in mounts if os.path.commonpath((real, mount.point)) == mount.point]
    return max(reversed(above), key=lambda mount: len(mount.point), default=Mount("", "")).kind  # the later one covers


def container_since() -> float | None:
    """Return when the container in which this runs was made (Unix time in seconds, UTC); None for outside of one.

    Container engines make one of these files then: Docker, Podman, and for its pods Kubernetes.
    """
    for mark in ("/.dockerenv", "/run/.containerenv", "/var/run/secrets/kubernetes.io"):
        try:
            return os.lstat(mark).st_ctime
        except OSError:
            continue
    return None


def _character(found: re.Match[str]) -> str:
    return chr(int(found[1], 8))
