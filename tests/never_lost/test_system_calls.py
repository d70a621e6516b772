"""What the kernel sees of a refresh: no file is ever visible wider than 0600, half-written, or before it is durable."""

import re
import shutil

import pytest
from never_lost_paths import touched

from patience import PATIENCE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.real,
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed: apt-get install strace"),
]


@pytest.fixture
def calls(assistant, tmp_path):
    """The system calls of one refresh on the files of its account, in order."""
    assistant.expire()
    log = tmp_path / "strace.txt"
    paths = [option for path in touched(assistant.home) for option in ("-P", path)]
    trace = "trace=openat,creat,chmod,fchmod,fchmodat,rename,renameat2,link,linkat,write,pwrite64,fsync"
    process = assistant.start("ask_once.py", before=("strace", "-f", "-y", "-o", str(log), "-e", trace, *paths))
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert len(out.strip()) == 6
    return [line.partition(" ")[2].strip() for line in log.read_text().splitlines() if "(" in line]


def first(calls, pattern):
    return next(number for number, call in enumerate(calls) if re.search(pattern, call))


def test_nothing_is_ever_created_or_made_wider_than_0600(calls):
    """R26: files are private from the moment they are made."""
    created = [call for call in calls if "O_CREAT" in call]
    assert created
    assert [call for call in created if not re.search(r"O_CREAT[^)]*, 0600\)", call)] == []
    assert [call for call in calls if re.search(r"chmod", call) and "0600" not in call] == []


def test_a_record_is_never_opened_for_writing_nor_linked_only_replaced(calls):
    """R26: so nobody reads it half-written."""
    assert [call for call in calls if re.search(r"open.*\.jwe\".*O_(WRONLY|RDWR)", call)] == []
    assert [call for call in calls if call.startswith("link")] == []


def test_a_record_is_durable_before_it_takes_the_place_of_the_old_one_and_its_name_after(calls):
    """R26: written beside, fsynced, renamed, folder fsynced."""
    written = first(calls, r"^write\(\d+<[^>]*\.jwe\.new>")
    synced = first(calls, r"^fsync\(\d+<[^>]*\.jwe\.new>")
    renamed = first(calls, r"^rename.*\.jwe\.new\".*\.jwe\"")
    folder = first(calls[renamed:], r"^fsync\(\d+<[^>]*/google>") + renamed
    assert written < synced < renamed < folder


def test_the_space_is_taken_and_all_is_open_before_anything_is_sent(calls):
    """R9: the note says that a request begins; after it the new file, the lock and the folder are not opened again."""
    note = first(calls, r"^write\(\d+<[^>]*leases")
    opened = [call for call in calls if call.startswith("openat")]
    for pattern in (r"\.jwe\.new\"", r"\.write\"", r"tokens/google\""):
        assert len([call for call in opened if re.search(pattern, call)]) == 1, (pattern, opened)
    assert [call for call in calls[note:] if call.startswith("openat") and "tokens/" in call] == []
