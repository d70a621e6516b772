"""Which file system a path lies on, as Linux says in ``/proc/self/mounts`` (fstab(5)), and what it still takes."""

import os
import re
from typing import NamedTuple

_OCTAL = re.compile(r"\\([0-7]{3})")


class Mount(NamedTuple):
    """A mounted file system: where, and of what kind (``ext4``, ``nfs4``).

    One that has failed takes nothing any more, and newer kernels tell it by this option alone.
    """

    point: str
    kind: str
    failed: bool = False


class Room(NamedTuple):
    """What a file system still takes of this user: bytes and new files, None where it does not count them."""

    read_only: bool
    left: int | None
    files: int | None


def room_at(path: str) -> Room | None:
    """Return what the file system of `path`, or of the first folder above it that is there, takes; None if unknown.

    A quota of the user's own is not seen. What is kept back for root counts for root alone.
    """
    while not os.path.exists(path) and path != os.path.dirname(path):
        path = os.path.dirname(path)
    try:
        found = os.statvfs(path)
    except (AttributeError, OSError):  # Windows has none
        return None
    root = os.geteuid() == 0
    return Room(
        read_only=bool(found.f_flag & os.ST_RDONLY),
        left=(found.f_bfree if root else found.f_bavail) * found.f_frsize if found.f_blocks else None,
        files=(found.f_ffree if root else found.f_favail) if found.f_files else None,
    )


def mounted() -> tuple[Mount, ...]:
    """Return all that is mounted; empty where the system does not say."""
    try:
        with open("/proc/self/mounts", encoding="utf-8", errors="surrogateescape") as file:
            rows = [line.split() for line in file]
    except OSError:
        return ()
    return tuple(
        Mount(_OCTAL.sub(_character, row[1]), row[2], failed="emergency_ro" in row[3].split(","))
        for row in rows
        if len(row) > 3
    )


def mount_of(path: str, mounts: tuple[Mount, ...]) -> Mount:
    """Return what `path` lies on; nowhere, of no kind, where that is not known."""
    real = os.path.realpath(path)
    above = [mount for mount in mounts if os.path.commonpath((real, mount.point)) == mount.point]
    return max(reversed(above), key=lambda mount: len(mount.point), default=Mount("", ""))  # the later one covers


def kind_of(path: str, mounts: tuple[Mount, ...]) -> str:
    """Return the kind of file system that `path` lies on; empty where that is not known."""
    return mount_of(path, mounts).kind


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
