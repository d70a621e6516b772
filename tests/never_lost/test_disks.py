"""A disk that is full, too small a limit, or read-only: injected for real, before and after the server rotated (R9)."""

import os
import resource
import shutil
import subprocess
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from tokenkit import StoreUnavailable

pytestmark = pytest.mark.real


@pytest.fixture
def tiny(assistant, monkeypatch, tmp_path):
    """The tokens moved to a disk of 128 kB of their own."""
    mounted = tmp_path / "disk"
    mounted.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=128k,mode=0700", "tmpfs", str(mounted)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("mounting a tmpfs needs root: run as root, or in a container that may mount")
    shutil.copytree(assistant.kit().folders.tokens, mounted / "tokens")
    monkeypatch.setenv("TOKENKIT_HOME", str(mounted))
    assistant.mounted = mounted
    assistant.expire()
    yield assistant
    subprocess.run(["umount", str(mounted)], check=True)


def fill(folder: Path) -> Path:
    """Take every block that is left."""
    filler = folder / "filler"
    with open(filler, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return filler


def test_a_full_disk_is_found_before_the_server_rotates(tiny):
    filler = fill(tiny.mounted)
    with pytest.raises(StoreUnavailable, match="disk is full"):
        tiny.kit().token("google")
    assert tiny.refreshes() == 0
    filler.unlink()
    assert tiny.kit().token("google")


def test_a_read_only_disk_is_found_before_the_server_rotates(tiny):
    subprocess.run(["mount", "-o", "remount,ro", str(tiny.mounted)], check=True)
    with pytest.raises(StoreUnavailable, match="read-only"):
        tiny.kit().token("google")
    subprocess.run(["mount", "-o", "remount,rw", str(tiny.mounted)], check=True)
    assert tiny.refreshes() == 0
    assert tiny.kit().token("google")


def test_a_disk_that_becomes_read_only_after_the_server_rotated_keeps_the_grant_in_a_second_place(tiny, monkeypatch):
    """R9: in the state folder, at once; it is in its place again when the disk is well."""
    kit = tiny.kit()
    provider = kit.provider("google")
    refresh = type(provider).refresh

    def refresh_and_lose_the_disk(*arguments):
        grant = refresh(*arguments)
        subprocess.run(["mount", "-o", "remount,ro", str(tiny.mounted)], check=True)
        return grant

    def slept(seconds):
        pauses.append(seconds)

    pauses = []
    kit.refresher.context = kit.refresher.context._replace(sleep=slept)
    monkeypatch.setattr(type(provider), "refresh", refresh_and_lose_the_disk)
    token = kit.token("google")
    subprocess.run(["mount", "-o", "remount,rw", str(tiny.mounted)], check=True)
    monkeypatch.setattr(type(provider), "refresh", refresh)
    assert tiny.kit().token("google").value == token.value
    assert tiny.refreshes() == 1
    assert tiny.kit().refresh("google", force=True)
    assert sum(pauses) < 2


@contextmanager
def limited(size):
    """RLIMIT_FSIZE: a write beyond it fails with EFBIG, for this process and for real."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_write_that_fails_after_the_server_rotated_is_told_and_made_good_at_the_next_chance(assistant, monkeypatch):
    """The new grant stays in memory; nothing is asked of the provider again, and the session lives."""
    assistant.expire()
    kit = assistant.kit()
    provider = kit.provider("google")
    refresh = type(provider).refresh
    limits = ExitStack()

    def refresh_and_lose_the_disk(*arguments):
        grant = refresh(*arguments)
        limits.enter_context(limited(500))
        return grant

    monkeypatch.setattr(type(provider), "refresh", refresh_and_lose_the_disk)
    monkeypatch.setattr("tokenkit.grants.insistently.SAVE_PAUSES", (0.05, 0.1))
    with limits, pytest.raises(StoreUnavailable, match="This process keeps it"):
        kit.token("google")
    token = kit.token("google")
    assert assistant.refreshes() == 1
    assert assistant.kit().token("google").value == token.value


def test_a_limit_on_the_size_of_files_is_found_before_the_server_rotates(assistant):
    """RLIMIT_FSIZE: the system answers EFBIG."""
    assistant.expire()
    with limited(1500), pytest.raises(StoreUnavailable, match="limit for the size of files"):
        assistant.kit().token("google")
    assert assistant.refreshes() == 0
    assert assistant.kit().token("google")


def test_a_disk_that_becomes_read_only_after_a_code_was_exchanged_loses_no_sign_in(tiny, monkeypatch):
    """R9, R18: this process stores it once the disk is well, and asks nothing of the provider again."""
    kit = tiny.kit()
    provider = kit.provider("google")
    complete = type(provider).complete

    def complete_and_lose_the_disk(*arguments):
        grant = complete(*arguments)
        subprocess.run(["mount", "-o", "remount,ro", str(tiny.mounted)], check=True)
        return grant

    pauses = []
    context = kit.refresher.context
    kit.refresher.context = context._replace(sleep=pauses.append, now=lambda: context.now() + sum(pauses))
    monkeypatch.setattr(type(provider), "complete", complete_and_lose_the_disk)
    redirect_uri = "http://127.0.0.1:9/callback/google"
    pending = kit.begin("google", redirect_uri=redirect_uri, binding="b", scopes=["gmail.readonly"])
    back = tiny.authority.approve(pending.url, as_user="you@example.com")
    with pytest.raises(StoreUnavailable, match=r"you@example\.com was signed in, .*read-only"):
        kit.complete(back, binding="b")
    subprocess.run(["mount", "-o", "remount,rw", str(tiny.mounted)], check=True)
    assert kit.token("google/you@example.com")
    assert tiny.kit().refresh("google/you@example.com", force=True)
    assert sum(pauses) < 2
    assert tiny.authority.counters["google token authorization_code"] == 2
