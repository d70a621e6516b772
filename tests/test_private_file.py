import errno
import os
import resource
import signal
import socket
import stat
import subprocess
import sys
import threading
from contextlib import suppress

import pytest
from tokenkit import durable_file, private_file
from tokenkit.errors import FileRefused, StoreUnavailable

posix = pytest.mark.skipif(os.name != "posix", reason="modes and owners are POSIX")


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "record.jwe")


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_a_written_file_is_0600_under_any_umask_and_reads_back(tmp_path, umask):
    """R26: files are private from the moment they are made."""
    before = os.umask(umask)
    try:
        path = str(tmp_path / "a" / "b" / "record.jwe")
        private_file.ensure_folder(os.path.dirname(path))
        durable_file.write(path, b"data")
    finally:
        os.umask(before)
    assert private_file.read(path) == b"data"
    assert mode(path) == 0o600
    assert mode(tmp_path / "a") == mode(tmp_path / "a" / "b") == 0o700


def test_only_a_missing_file_reads_as_none(path, tmp_path):
    """R30: an empty file is there."""
    assert private_file.read(path) is None
    assert private_file.read(str(tmp_path / "missing" / "folder")) is None
    durable_file.write(path, b"")
    assert private_file.read(path) == b""
    with pytest.raises(StoreUnavailable):
        private_file.read(path + "/below a file")


def make_symlink(path):
    os.symlink("elsewhere", path)


def make_hard_link(path):
    durable_file.write(path + ".other", b"data")
    os.link(path + ".other", path)


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.getcwd()
        os.chdir(os.path.dirname(path))  # a socket's path is limited to 108 bytes
        try:
            listener.bind(os.path.basename(path))
        finally:
            os.chdir(here)


ODD = {
    "a symlink": make_symlink,
    "hard links": make_hard_link,
    "FIFO": os.mkfifo,
    "folder": os.mkdir,
    "socket": make_socket,
}


@posix
@pytest.mark.parametrize("kind", ODD)
def test_what_is_not_plainly_our_file_is_refused_and_not_followed(path, tmp_path, kind):
    """R26: for reading, as the temporary file of a write, and as a lock."""
    (tmp_path / "elsewhere").write_bytes(b"not ours")
    ODD[kind](path)
    ODD[kind](path + "2.new")
    for attempt in (private_file.read, private_file.open_lock):
        with pytest.raises(FileRefused, match=kind) as raised:
            attempt(path)
        assert path in str(raised.value)
        assert path in raised.value.hint
    with pytest.raises(FileRefused, match=kind):
        durable_file.write(path + "2", b"new")
    assert (tmp_path / "elsewhere").read_bytes() == b"not ours"


@posix
def test_a_device_is_refused():
    with pytest.raises(FileRefused):
        private_file.read("/dev/null")


@posix
def test_the_mending_command_for_a_hard_link_mends_it(path):
    make_hard_link(path)
    with pytest.raises(FileRefused) as raised:
        private_file.read(path)
    subprocess.run(raised.value.hint, shell=True, check=True)
    assert private_file.read(path) == b"data"


@posix
def test_another_users_file_and_folder_are_refused(path, tmp_path, monkeypatch):
    durable_file.write(path, b"data")
    us = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: us + 1)
    with pytest.raises(FileRefused, match=f"belongs to user {us}") as raised:
        private_file.read(path)
    assert raised.value.hint == f"chown {us + 1} {path}"
    with pytest.raises(FileRefused, match="belongs to user"):
        private_file.ensure_folder(str(tmp_path))


@posix
def test_a_key_file_that_others_may_read_is_refused_while_a_record_is_not(path):
    """A backup restored under another umask must not cost the session; the audit reports it."""
    durable_file.write(path, b"data")
    os.chmod(path, 0o640)
    assert private_file.read(path) == b"data"
    with pytest.raises(FileRefused, match="mode 0640") as raised:
        private_file.read(path, private=True)
    assert raised.value.hint == f"chmod 600 {path}"


@posix
def test_a_command_that_mends_quotes_the_path(tmp_path):
    path = str(tmp_path / "it's $HOME")
    durable_file.write(path, b"data")
    os.chmod(path, 0o644)
    with pytest.raises(FileRefused) as raised:
        private_file.read(path, private=True)
    subprocess.run(raised.value.hint, shell=True, check=True)
    assert private_file.read(path, private=True) == b"data"


def test_a_file_beyond_the_limit_is_refused(path):
    durable_file.write(path, b"12345")
    assert private_file.read(path, limit=5) == b"12345"
    with pytest.raises(FileRefused, match="5 bytes"):
        private_file.read(path, limit=4)


def test_a_write_over_a_longer_stray_leaves_only_what_was_written(path):
    with open(path + ".new", "wb") as stray:
        stray.write(b"a stray of a killed process, which is longer")
    durable_file.write(path, b"short")
    assert private_file.read(path) == b"short"
    assert not os.path.exists(path + ".new")


def test_every_write_has_a_version_that_never_comes_back(path, monkeypatch):
    """Even when the clock stands still, or was stepped back."""
    seen = [private_file.version(path)]
    for second in (1_800_000_000, 1_800_000_000, 1_700_000_000, 1_700_000_000):
        monkeypatch.setattr(durable_file.time, "time_ns", lambda now=second: now * 10**9)
        seen.append(durable_file.write(path, b"same size"))
        assert private_file.version(path) == seen[-1]
    assert seen[0] is None
    mtimes = [version[1] for version in seen[1:]]
    assert mtimes == sorted(set(mtimes))


def test_a_file_system_that_rounds_time_down_still_gives_a_new_version(path, monkeypatch):
    """FAT keeps two seconds."""
    utime = os.utime

    def coarse(target, *, ns):
        utime(target, ns=tuple(value // (2 * 10**9) * (2 * 10**9) for value in ns))

    monkeypatch.setattr(os, "utime", coarse)
    monkeypatch.setattr(os, "supports_fd", {coarse})
    versions = [durable_file.write(path, b"same size")[1] for _ in range(4)]
    assert versions == sorted(set(versions))


def test_reserved_space_is_there_before_and_gone_after_the_write(path):
    """R9: the space that a save will need is taken before the request."""
    durable_file.reserve(path, 10_000).close()
    assert os.stat(path + ".new").st_blocks * 512 >= 10_000
    assert private_file.read(path) is None
    durable_file.write(path, b"data")
    assert private_file.read(path) == b"data"


@pytest.mark.parametrize("missing", [OSError(errno.EOPNOTSUPP, "unsupported"), None])
def test_where_space_cannot_be_reserved_it_is_written(path, monkeypatch, missing):
    def unsupported(*_arguments):
        raise missing

    if missing:
        monkeypatch.setattr(os, "posix_fallocate", unsupported)
    else:
        monkeypatch.delattr(os, "posix_fallocate")
    durable_file.reserve(path, 10_000).close()
    assert os.path.getsize(path + ".new") == 10_000


@posix
@pytest.mark.parametrize(
    "attempt", [lambda path: durable_file.reserve(path, 8192), lambda path: durable_file.write(path, bytes(8192))]
)
def test_a_disk_without_room_is_told_and_the_old_file_stays(path, attempt):
    """R9, with a real limit of the kernel."""
    durable_file.write(path, b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(StoreUnavailable, match="limit for the size of files") as raised:
            attempt(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert raised.value.hint == "ulimit -f unlimited"
    assert private_file.read(path) == b"old"
    assert not os.path.exists(path + ".new")


WORDS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "quota",
    errno.EROFS: "read-only",
    errno.EACCES: "permission denied",
    errno.EIO: "the disk failed",
}


@pytest.mark.parametrize("call", ["write", "ftruncate", "utime", "fsync", "replace"])
@pytest.mark.parametrize("number", WORDS)
def test_a_failing_system_call_is_told_in_words_and_the_old_file_stays(path, monkeypatch, call, number):
    durable_file.write(path, b"old")
    durable_file.reserve(path, 8192).close()  # what is longer than the new content is truncated

    def fail(*_arguments, **_more):
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(os, call, fail)
        with pytest.raises(StoreUnavailable, match=WORDS[number]) as raised:
            durable_file.write(path, b"new")
    assert path in str(raised.value)
    assert raised.value.hint
    assert private_file.read(path) == b"old"
    assert os.listdir(os.path.dirname(path)) == [os.path.basename(path)]


def test_file_and_folder_are_synced_in_the_order_that_survives_a_power_cut(path, monkeypatch):
    steps, mine = [], threading.current_thread()

    def record(name):
        real = getattr(os, name)

        def call(*arguments, **more):
            is_folder = name == "fsync" and stat.S_ISDIR(os.fstat(arguments[0]).st_mode)
            if threading.current_thread() is mine:  # one that an earlier test has left may write, too
                steps.append("fsync folder" if is_folder else name)
            return real(*arguments, **more)

        monkeypatch.setattr(os, name, call)

    for name in ("write", "fsync", "replace"):
        record(name)
    durable_file.write(path, b"data")
    assert steps == ["write", "fsync", "replace", "fsync folder"]


def test_a_folder_that_cannot_be_synced_for_want_of_support_is_no_error(path, monkeypatch):
    real = os.fsync

    def fsync(fd):
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "unsupported")
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    durable_file.write(path, b"data")
    assert private_file.read(path) == b"data"


def test_what_is_removed_is_gone_and_removing_it_again_is_no_error(path):
    durable_file.write(path, b"data")
    durable_file.remove(path)
    durable_file.remove(path)
    assert private_file.read(path) is None


def test_no_descriptor_is_left_open_after_an_error(path):
    os.mkfifo(path)
    os.mkfifo(path + ".new")
    for attempt in (private_file.read, lambda path: durable_file.write(path, b"data")):
        with pytest.raises(FileRefused):
            attempt(path)
    assert [opened for opened in _descriptors() if opened.startswith(os.path.dirname(path))] == []


def _descriptors():
    """What this process has open; what other threads close meanwhile is left out."""
    for number in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else ():
        with suppress(FileNotFoundError):
            yield os.readlink(f"/proc/self/fd/{number}")


@posix
def test_a_folder_that_is_a_symlink_a_file_or_open_to_others_is_refused(tmp_path):
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "file").touch()
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o770)
    for name, words in (("link", "a symlink"), ("file", "a file"), ("shared", "others may write")):
        with pytest.raises(FileRefused, match=words):
            private_file.ensure_folder(str(tmp_path / name))
    with pytest.raises(StoreUnavailable):
        private_file.ensure_folder(str(tmp_path / "file" / "below"))


@posix
def test_a_whole_folder_may_be_a_link_of_ours_to_a_folder_of_ours(tmp_path, monkeypatch):
    """R26: nobody else can turn that link elsewhere, and what it leads to is held to the same."""
    (tmp_path / "disk").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to("disk")
    private_file.ensure_folder(str(tmp_path / "link"), linked=True)
    (tmp_path / "disk").chmod(0o770)
    with pytest.raises(FileRefused, match="others may write"):
        private_file.ensure_folder(str(tmp_path / "link"), linked=True)
    (tmp_path / "disk").chmod(0o700)
    us = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: us + 1)
    with pytest.raises(FileRefused, match="belongs to user"):
        private_file.ensure_folder(str(tmp_path / "link"), linked=True)


@posix
def test_a_link_whose_disk_is_not_there_is_refused_and_nothing_is_made(tmp_path):
    (tmp_path / "link").symlink_to("unmounted/tokens")
    with pytest.raises(FileRefused, match="symlink"):
        private_file.ensure_folder(str(tmp_path / "link"), linked=True)
    assert os.listdir(tmp_path) == ["link"]


@posix
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_the_command_for_a_link_puts_what_it_leads_to_in_its_place(tmp_path, kind):
    """Moved away, a linked folder would take all accounts in it out of sight."""
    if kind == "file":
        (tmp_path / "real").write_bytes(b"data")
        (tmp_path / "real").chmod(0o600)
    else:
        (tmp_path / "real").mkdir(mode=0o700)
        (tmp_path / "real" / "inside").write_bytes(b"data")
    link = tmp_path / "link"
    link.symlink_to("real")
    attempt = private_file.read if kind == "file" else private_file.ensure_folder
    with pytest.raises(FileRefused) as raised:
        attempt(str(link))
    subprocess.run(raised.value.hint, shell=True, check=True)
    attempt(str(link))
    assert not link.is_symlink()
    assert (link if kind == "file" else link / "inside").read_bytes() == b"data"


@posix
def test_a_linked_file_is_read_where_that_is_allowed_and_held_to_the_same(tmp_path):
    durable_file.write(str(tmp_path / "real"), b"data")
    link = str(tmp_path / "link")
    os.symlink("real", link)
    assert private_file.read(link, private=True, linked=True) == b"data"
    (tmp_path / "real").chmod(0o644)
    with pytest.raises(FileRefused, match="others have access"):
        private_file.read(link, private=True, linked=True)


def test_the_note_is_overwritten_in_place(path):
    fd = private_file.open_lock(path)
    try:
        durable_file.overwrite(fd, path, b"first")
        durable_file.overwrite(fd, path, b"other")
    finally:
        os.close(fd)
    assert private_file.read(path) == b"other"


@posix
def test_a_process_killed_while_it_writes_leaves_the_old_file_or_the_new(path, rounds):
    """R26: a file is written beside and renamed."""
    code = (
        "import sys; from tokenkit import durable_file\n"
        "print('go', flush=True)\n"
        "while True:\n"
        "    for letter in b'ab': durable_file.write(sys.argv[1], bytes([letter]) * 5000)"
    )
    for _ in range(rounds(3, 200)):
        with subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE) as writer:
            writer.stdout.read(3)
            while private_file.version(path) is None:
                pass
            writer.send_signal(signal.SIGKILL)
        assert private_file.read(path) in (b"a" * 5000, b"b" * 5000)
    durable_file.write(path, b"next")
    assert os.listdir(os.path.dirname(path)) == [os.path.basename(path)]


def test_a_file_that_is_replaced_while_it_is_opened_is_read_anew(tmp_path, monkeypatch):
    """R26: the old one has no name left by then, which is no reason to refuse it."""
    path = str(tmp_path / "record")
    durable_file.write(path, b"old")
    opened = os.open

    def open_and_lose(*arguments, **options):
        fd = opened(*arguments, **options)
        monkeypatch.setattr(os, "open", opened)
        durable_file.write(path, b"new")
        return fd

    monkeypatch.setattr(os, "open", open_and_lose)
    assert private_file.read(path) == b"new"
