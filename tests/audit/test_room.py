"""Whether what a refresh brings could be saved: on disks that are full or read-only for real, and on odd ones."""

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from house import ALICE, GOOGLE, SPOTIFY
from tokenkit.audit.mounts import Room, mounted, room_at

DISK = "size=512k,mode=0700"


@pytest.fixture
def disk(house):
    """The tokens on a small disk of their own."""
    mount = shutil.which("mount", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if mount is None or os.geteuid() != 0:
        pytest.skip("this needs root, and mount")
    house.move_tokens("aside")
    disk = house.home / "disk"
    disk.mkdir()
    if subprocess.run([mount, "-t", "tmpfs", "-o", DISK, "tmpfs", disk], capture_output=True, check=False).returncode:
        pytest.skip("mounting needs a container that may")
    house.move_tokens("disk")
    house.room = room_at
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


@pytest.mark.slow
@pytest.mark.real
def test_a_disk_is_found_once_it_is_full_and_once_it_is_read_only(house, disk):
    assert "TK129" not in house.found()
    with suppress(OSError), open(disk / "filler", "wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))
    (full,) = [finding.fault for finding in house.audit().findings if finding.check.id == "TK129"]
    assert (full.where, full.what) == (str(house.tokens), "its file system has 0 bytes left")
    (disk / "filler").unlink()
    assert "TK129" not in house.found()
    subprocess.run(["mount", "-o", f"remount,ro,{DISK}", disk], check=True)
    (fault,) = [finding.fault for finding in house.audit().findings if finding.check.id == "TK129"]
    assert fault.what == "its file system is read-only"


@pytest.mark.slow
@pytest.mark.real
def test_a_disk_that_has_failed_is_found(house):
    """ext4 refuses all that is written then; newer kernels do not tell statvfs."""
    disk = house.home / "disk"
    image = disk.with_suffix(".img")
    disk.mkdir()
    image.write_bytes(bytes(8 << 20))
    make = "mkfs.ext4 -q {0} && mount -o loop,errors=remount-ro {0} {1} && chmod 700 {1}"
    if subprocess.run(make.format(image, disk), shell=True, capture_output=True, check=False).returncode:
        pytest.skip("this needs root, mkfs.ext4, and a container that may mount")
    try:
        house.move_tokens("disk")
        house.mounts, house.room = mounted(), room_at
        assert "TK129" not in house.found()
        device = subprocess.check_output(["findmnt", "-no", "SOURCE", disk], text=True).strip()
        Path("/sys/fs/ext4", Path(device).name, "trigger_fs_error").write_text("1")
        house.mounts = mounted()
        (fault,) = [finding.fault for finding in house.audit().findings if finding.check.id == "TK129"]
        assert (fault.where, fault.what) == (str(house.tokens), "its file system is read-only")
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


@pytest.mark.parametrize(
    "room",
    [None, Room(False, None, None), Room(False, 1 << 16, 1), Room(False, 1 << 40, None)],
    ids=["unknown", "counts nothing", "just enough", "makes files as it needs them"],
)
def test_a_disk_that_takes_what_a_refresh_writes_is_no_finding(house, room):
    house.room = lambda path: room
    assert house.found() == set()


def test_where_nothing_is_refreshed_a_full_disk_stops_nothing(house):
    house.room = lambda path: Room(read_only=True, left=0, files=0)
    for account in (GOOGLE, SPOTIFY, ALICE):
        house.sign_in(account, refresh_token=None)
    assert "TK129" not in house.found()


def test_a_folder_that_is_not_there_yet_is_on_the_disk_of_the_one_above(tmp_path):
    room = room_at(str(tmp_path / "not" / "yet"))
    assert room is not None
    assert not room.read_only
    assert room.left is None or room.left > 0
